import type { JobRequest, MarketDocument } from '@chorus/admin-api';
import { ChorusError } from '@chorus/protocol';
import { Command } from 'commander';
import { connectNode, type HomeOptions } from '../../environment/home.ts';
import { sumOf } from '../../market/requests.ts';
import { createCostLines, jobLines } from '../../market/view.ts';
import { secondsOf } from '../../options/time.ts';
import { print, printJson } from '../../output/table.ts';

interface CreateFlags extends HomeOptions {
  budget: string;
  provider?: string;
  evaluator: string;
  expires: string;
  token?: string;
  fund?: boolean;
  dryRun?: boolean;
}

/** `chorus market job create`. */
export function jobCreateCommand(): Command {
  return new Command('create')
    .description('create a job with this wallet as the client')
    .argument('<description>', 'what is to be done, or a link such as ipfs://...; at most 1024 bytes')
    .requiredOption('--budget <amount>', 'in tokens')
    .option('--provider <address>', 'wallet of who does it; may be chosen later')
    .option('--evaluator <who>', 'validators, client, or an address', 'validators')
    .option('--expires <time>', 'when the budget goes back, such as 12h or 14d', '14d')
    .option('--token <address>', 'token of the budget (that of the network)')
    .option('--fund', 'pay the budget into escrow at once; takes a provider')
    .option('--dry-run', 'only say what it costs, and what can become of it')
    .addHelpText(
      'after',
      "\nExample:\n  $ chorus market job create 'A chart of the peg of CHOR, as SVG' --budget 12.5 --provider 0xabc... --fund",
    )
    .action(createAction);
}

async function createAction(description: string, flags: CreateFlags): Promise<void> {
  const seconds = secondsOf('expires', flags.expires);
  const node = await connectNode(flags);
  const market = await node.market(flags.token === undefined ? {} : { token: flags.token });
  const request: JobRequest = {
    budget: sumOf(flags.budget, market.token.decimals),
    evaluator: flags.evaluator,
    seconds,
    description,
    ...(flags.provider === undefined ? {} : { provider: flags.provider }),
    ...(flags.token === undefined ? {} : { token: flags.token }),
    ...(flags.fund === undefined ? {} : { fund: flags.fund }),
  };
  if (flags.evaluator === 'validators') checkTime(seconds, market);
  if (flags.dryRun) {
    if (flags.json) printJson({ ...request, market });
    else print(...createCostLines(request, market));
    return;
  }
  const job = await node.createJob(request);
  if (flags.json) printJson(job);
  else print(...jobLines(job), ...(market.seats < 3 ? ['', FEW_SEATS] : []));
}

const FEW_SEATS =
  'Fewer than three validators have seats: a dispute would be undecided, and the provider paid. Fund it if you trust the provider.';

function checkTime(seconds: number, { decisionSeconds }: MarketDocument): void {
  if (seconds > decisionSeconds) return;
  throw new ChorusError('E_USAGE', 'the job expires before validators could decide', {
    facts: { seconds, decisionSeconds },
    hint: 'give more time with --expires: what is left over is for the work',
  });
}
