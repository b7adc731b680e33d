import { join } from 'node:path';
import { LOG_FILE } from '@chorus/node';
import { ChorusError } from '@chorus/protocol';
import { Command } from 'commander';
import { dataDirOf, type HomeOptions, homeOptions } from '../environment/home.ts';
import { follow, lastLines } from '../node/log-file.ts';
import { logLine } from '../node/log-view.ts';
import { write } from '../output/terminal.ts';

interface LogFlags extends HomeOptions {
  follow?: boolean;
  lines: string;
  level?: string;
}

/** `chorus logs`: prints the node's log, also after the node has stopped. */
export function logsCommand(): Command {
  return homeOptions(new Command('logs').description('print the log of the node; -f follows it until Ctrl-C'))
    .option('-f, --follow', 'follow new lines')
    .option('-n, --lines <count>', 'number of last lines to print', '50')
    .option('--level <level>', 'only lines of this level or above: debug, info, warn or error')
    .addHelpText('after', '\nExamples:\n  $ chorus logs -f\n  $ chorus logs -n 1000 --level warn --json')
    .action(logsAction);
}

async function logsAction(flags: LogFlags): Promise<void> {
  const count = Number(flags.lines);
  if (!Number.isInteger(count) || count < 0 || count > 1_000_000) {
    throw new ChorusError('E_USAGE', '--lines takes a number', { facts: { given: flags.lines } });
  }
  const path = join(await dataDirOf(flags), LOG_FILE);
  const show = (line: string) => {
    const text = logLine(line, flags);
    if (text !== null) write(process.stdout, `${text}\n`);
  };
  const { lines, end } = await lastLines(path, count);
  for (const line of lines) show(line);
  if (!flags.follow) return;
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort());
  for await (const line of follow(path, end, abort.signal)) show(line);
}
