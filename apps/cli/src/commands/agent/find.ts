import type { DirectoryList } from '@chorus/admin-api';
import { Command } from 'commander';
import colors from 'yoctocolors';
import { foundRows, whyLines } from '../../agent/directory/found-view.ts';
import { connectNode, type HomeOptions, homeOptions } from '../../environment/home.ts';
import { integer } from '../../options/numbers.ts';
import { columns } from '../../output/columns.ts';
import { print, printJson } from '../../output/print.ts';

interface FindFlags extends HomeOptions {
  skill?: string;
  maxPrice?: string;
  minScore?: string;
  limit: string;
  why?: boolean;
}

const HELP = `
Agents are announced by the nodes that serve them. The running node checks each one's identity on chain and its card,
and has asked it within the last quarter of an hour: one that does not answer is not shown.

Examples:
  $ chorus agent find 'ferry times'
  $ chorus agent find --skill translate --max-price '0.05 CHOR' --why`;

/** `chorus agent find`: search the agents of the network. */
export function findCommand(): Command {
  const command = new Command('find')
    .description('search the agents of the network that answer, through the running node')
    .argument('[text]', 'words of its name, description or skills')
    .option('--skill <id>', 'only agents with a skill of this id or tag')
    .option('--max-price <sum>', "only agents that are free or cost at most this, such as '0.05 CHOR'")
    .option('--min-score <score>', 'only agents with at least this score, 0 to 100')
    .option('--limit <number>', 'show at most this many', '20')
    .option('--why', 'say how each score comes about');
  return homeOptions(command).addHelpText('after', HELP).action(findAction);
}

async function findAction(text: string | undefined, flags: FindFlags): Promise<void> {
  const { skill, maxPrice, minScore, limit, json, why } = flags;
  const query = {
    limit: integer('limit', limit, 1, 100),
    ...(text === undefined ? {} : { text }),
    ...(skill === undefined ? {} : { skill }),
    ...(maxPrice === undefined ? {} : { maxPrice }),
    ...(minScore === undefined ? {} : { minScore: integer('min-score', minScore, 0, 100) }),
  };
  const found: DirectoryList = await (await connectNode(flags)).findAgents(query);
  if (json) return printJson(found);
  const { agents, known } = found;
  if (agents.length === 0) return print(noneText(known));
  print(
    ...columns(
      ['ID', 'SCORE', 'NAME', 'SKILLS', 'PRICE', 'RATED (PAID)', 'ANSWERS IN', 'DESCRIPTION'],
      foundRows(agents),
      process.stdout.isTTY ? [6, 5, 24, 24, 14, 18, 10, 60] : undefined,
    ),
  );
  if (why) for (const agent of agents) print('', ...whyLines(agent));
  print('', colors.dim("Who one of them is: chorus agent show ID. To ask it: chorus agent call ID 'TEXT'"));
}

function noneText(known: number): string {
  if (known > 0) return `none of the ${known} agents that this node knows fits; try fewer words`;
  return 'this node knows no agent yet: it hears of them from its peers, within minutes of its start (chorus peers)';
}
