import { Command } from 'commander';
import { answersText, earnedText } from '../../agent/served-view.ts';
import { connectNode, type HomeOptions, homeOptions } from '../../environment/home.ts';
import { columns, cut } from '../../output/columns.ts';
import { print, printJson } from '../../output/print.ts';
import { duration } from '../../output/units.ts';

/** `chorus agent list`: the agents of the running node. */
export function listCommand(): Command {
  const command = new Command('list').description('agents of the running node, and where others call them');
  return homeOptions(command).addHelpText('after', '\nExample:\n  $ chorus agent list').action(listAction);
}

async function listAction(flags: HomeOptions): Promise<void> {
  const { agents } = await (await connectNode(flags)).agents();
  if (flags.json) return printJson({ agents });
  if (agents.length === 0) return print('no agent yet; serve one with: chorus agent start FILE');
  const isPaid = agents.some(({ price, earned }) => price || earned.length > 0);
  const rows = agents.map(({ name, state, model, since, answers, urls, problem, price, earned }) => [
    name,
    state,
    model?.name ?? '-',
    since === null ? '-' : duration((Date.now() - Date.parse(since)) / 1000),
    answersText(answers),
    ...(isPaid ? [price?.text ?? '-', earned.length > 0 ? earnedText({ earned }) : '-'] : []),
    urls.http ?? urls.libp2p ?? problem?.code ?? '-',
  ]);
  const head = [
    'NAME',
    'STATE',
    'MODEL',
    'SINCE',
    'ANSWERS',
    ...(isPaid ? ['PRICE', 'EARNED'] : []),
    'WHERE',
  ];
  const widths = [24, 8, 20, 8, 20, ...(isPaid ? [14, 26] : []), 120];
  const { isTTY, columns: width } = process.stdout;
  // Another program that reads the list needs whole names and addresses.
  if (!isTTY) print(...columns(head, rows));
  else print(...columns(head, rows, widths).map((line) => cut(line, width)));
}
