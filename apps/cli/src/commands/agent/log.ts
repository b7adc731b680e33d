import type { AgentLogDocument } from '@chorus/admin-api';
import { pause } from '@chorus/utils';
import { Command } from 'commander';
import colors from 'yoctocolors';
import { connectNode, type HomeOptions, homeOptions } from '../../environment/home.ts';
import { integer } from '../../options/numbers.ts';
import { print } from '../../output/print.ts';

interface LogFlags extends HomeOptions {
  lines: string;
  follow?: boolean;
}

type Line = AgentLogDocument['lines'][number];

/** Between two looks for new lines, ms. */
const LOOK_MILLISECONDS = 1_000;

const HELP = `
With --json, each line is a JSON document. What was paid, with receipts: chorus agent why.

Examples:
  $ chorus agent log harbour-guide -f
  $ chorus agent log harbour-guide -n 500 --json`;

/** `chorus agent log`: what an agent of the running node did. */
export function logCommand(): Command {
  const command = new Command('log')
    .description('what an agent of the running node did: who asked, how it ended, what was paid')
    .argument('<agent>', 'its name: chorus agent list; also of one that was stopped')
    .option('-n, --lines <count>', 'number of last lines to print', '50')
    .option('-f, --follow', 'follow new lines until Ctrl-C');
  return homeOptions(command).addHelpText('after', HELP).action(logAction);
}

async function logAction(agent: string, flags: LogFlags): Promise<void> {
  const most = integer('lines', flags.lines, 1, 2_000);
  const node = await connectNode(flags);
  const show = (line: Line) => print(flags.json ? JSON.stringify(line) : lineText(line));
  const { lines } = await node.agentLog(agent, { most });
  for (const line of lines) show(line);
  if (!flags.follow) {
    if (lines.length === 0 && !flags.json) print('it has done nothing yet');
    return;
  }
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort());
  for (let after = lines.at(-1)?.id ?? 0; !abort.signal.aborted; ) {
    await pause(LOOK_MILLISECONDS, abort.signal);
    if (abort.signal.aborted) return;
    const { lines: more } = await node.agentLog(agent, { most: 2_000, after });
    for (const line of more) show(line);
    after = more.at(-1)?.id ?? after;
  }
}

function lineText({ at, level, text }: Line): string {
  const when = colors.dim(at.slice(0, 19).replace('T', ' '));
  return `${when}  ${level === 'warn' || level === 'error' ? colors.yellow(text) : text}`;
}
