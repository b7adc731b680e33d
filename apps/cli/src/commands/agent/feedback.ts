import { ChorusError } from '@chorus/protocol';
import { Command } from 'commander';
import { givenText, reputationLines } from '../../agent/directory/reputation-view.ts';
import { connectNode, type HomeOptions, homeOptions } from '../../environment/home.ts';
import { agentNumber, integer } from '../../options/numbers.ts';
import { print, printJson } from '../../output/print.ts';

interface FeedbackFlags extends HomeOptions {
  value?: string;
  payment?: string;
  revoke?: string;
  dryRun?: boolean;
}

const HELP = `
A rating is written into the ERC-8004 registry with the payment that it is about: by default the largest that your wallet
has made to the agent's till and not rated. One that names no such payment counts for nothing, and the weight of the
others is what the network's fee on them cost: many names are of no use. An agent without \`share\` in its file is paid to
its wallet, without a fee, and cannot be rated.

Examples:
  $ chorus agent feedback 7
  $ chorus agent feedback 7 --value 85
  $ chorus agent feedback 7 --revoke 1`;

/** `chorus agent feedback`: what those who paid an agent say of it, and to say so. */
export function feedbackCommand(): Command {
  const command = new Command('feedback')
    .description('ratings of an agent by those who paid it; with --value, rate it yourself')
    .argument('<agent>', 'its number: chorus agent find', agentNumber)
    .option('--value <rating>', 'rate it on chain: 0 (useless) to 100 (perfect)')
    .option('--payment <transaction>', 'the payment that --value is about: chorus agent why')
    .option('--dry-run', 'only say which payment --value would be about')
    .option('--revoke <n>', 'take back a rating of yours, by its number');
  return homeOptions(command).addHelpText('after', HELP).action(feedbackAction);
}

async function feedbackAction(agent: string, flags: FeedbackFlags): Promise<void> {
  const { value, payment, revoke, dryRun = false, json } = flags;
  if (revoke !== undefined && value !== undefined) {
    throw new ChorusError('E_USAGE', '--value and --revoke cannot be given together', {
      hint: 'take the rating back first, or rate the same payment otherwise: the last rating counts',
    });
  }
  if (value === undefined && (payment !== undefined || dryRun)) {
    throw new ChorusError('E_USAGE', '--payment and --dry-run belong to a rating', {
      hint: 'give it with --value, a number from 0 to 100',
    });
  }
  const rating = value === undefined ? null : integer('value', value, 0, 100);
  const index = revoke === undefined ? null : integer('revoke', revoke, 1, Number.MAX_SAFE_INTEGER);
  const node = await connectNode(flags);
  if (index !== null) {
    const revoked = await node.revokeFeedback(agent, String(index));
    if (json) return printJson(revoked);
    return print(`Your rating ${index} of agent ${agent} is taken back: ${revoked.transaction}`);
  }
  if (rating === null) {
    const reputation = await node.reputation(agent);
    return json ? printJson(reputation) : print(...reputationLines(reputation));
  }
  const given = await node.giveFeedback(agent, {
    rating,
    dryRun,
    ...(payment === undefined ? {} : { payment }),
  });
  if (json) printJson(given);
  else print(givenText(given));
}
