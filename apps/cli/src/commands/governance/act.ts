import type { StepResult } from '@chorus/admin-api';
import { ChorusError } from '@chorus/protocol';
import { Command } from 'commander';
import colors from 'yoctocolors';
import { type HomeOptions, homeOptions } from '../../environment/home.ts';
import { withGovernance } from '../../governance/book.ts';
import { doesLines, exactVotes, standing } from '../../governance/view.ts';
import { fields, print, printJson } from '../../output/table.ts';
import { addressOf } from '../../stake/choose.ts';
import { localTime } from '../../stake/view.ts';
import { checkReference } from './read.ts';

interface SendFlags extends HomeOptions {
  dryRun?: boolean;
}

interface VoteFlags extends SendFlags {
  reason?: string;
  anyway?: boolean;
}

const CHOICES = ['for', 'against', 'abstain'] as const;
const HOW = `
The running node sends the transaction; if none runs, this command unlocks the wallet, and no node can start meanwhile.`;
const PROPOSAL = 'its number, or 0x and the beginning of its id';

const sending = (command: Command): Command =>
  homeOptions(command.option('--dry-run', 'check everything, and send nothing'));

/** `chorus governance vote NUMBER for|against|abstain` */
export function voteCommand(): Command {
  const command = new Command('vote')
    .description('vote on a proposal, once; says first what it does')
    .argument('<proposal>', PROPOSAL)
    .argument('<choice>', CHOICES.join(', '))
    .option('--reason <text>', 'which everybody can read; at most 280 characters')
    .option('--anyway', 'vote for it although nothing here can tell what a call of it does')
    .addHelpText(
      'after',
      `${HOW}\n\nExample:\n  $ chorus governance vote 3 for --reason 'audits are worth it'`,
    )
    .action(voteAction);
  return sending(command);
}

async function voteAction(reference: string, choice: string, flags: VoteFlags): Promise<void> {
  const { dryRun = false, anyway = false, reason = '' } = flags;
  const chosen = CHOICES.find((each) => each === choice);
  if (!chosen) {
    throw new ChorusError('E_USAGE', 'this is no vote', {
      facts: { given: choice.slice(0, 50) },
      hint: `give one of ${CHOICES.join(', ')}`,
    });
  }
  if (reason.length > 280) throw new ChorusError('E_USAGE', '--reason is longer than 280 characters');
  const named = checkReference(reference);
  await withGovernance(flags, { reads: dryRun }, async (book) => {
    const [proposal, governance, { parameters }] = [
      await book.proposal(named),
      await book.governance(),
      await book.parameters(),
    ];
    if (!flags.json) {
      print(
        colors.bold(`Proposal ${proposal.number} (${proposal.short}): ${proposal.title}`),
        ...doesLines(proposal, parameters),
        '',
      );
    }
    // By its whole id: what was shown is what is voted on, even if the numbers of proposals change meanwhile.
    const result = await book.vote(proposal.id, { choice: chosen, reason, anyway, dryRun });
    if (flags.json) return printJson({ ...result, proposal });
    const weight = exactVotes(result.weight, governance);
    const stands = standing(dryRun ? proposal : await book.proposal(proposal.id), governance);
    print(
      dryRun
        ? `${weight} would vote ${choice}; nothing was sent`
        : `${weight} voted ${choice}, in ${result.transaction}`,
      `It stands: ${stands}`,
    );
  });
}

/** `chorus governance delegate [ADDRESS]` */
export function delegateCommand(): Command {
  const command = new Command('delegate')
    .description("name who votes with this wallet's tokens: tokens that are not delegated do not count")
    .argument('[address]', 'another wallet; without it and --self, shows who votes now')
    .option('--self', 'this wallet itself')
    .addHelpText(
      'after',
      `${HOW}\n\nExamples:\n  $ chorus governance delegate\n  $ chorus governance delegate --self`,
    )
    .action(delegateAction);
  return sending(command);
}

async function delegateAction(
  address: string | undefined,
  flags: SendFlags & { self?: boolean },
): Promise<void> {
  const { dryRun = false, self = false } = flags;
  if (address !== undefined && self) {
    throw new ChorusError('E_USAGE', 'an address and --self cannot be given together', {
      facts: { given: address.slice(0, 50) },
      hint: 'give the wallet that is to vote, or --self for your own',
    });
  }
  const named = address === undefined ? null : addressOf(address, 'the wallet');
  const shows = named === null && !self;
  await withGovernance(flags, { reads: shows || dryRun }, async (book) => {
    const governance = await book.governance();
    const { wallet } = governance;
    if (shows) {
      if (flags.json) return printJson({ wallet });
      return print(
        fields([
          ['wallet', wallet.account],
          ['holds', exactVotes(wallet.balance, governance)],
          ['delegate', wallet.delegate ?? 'none: its tokens do not count'],
          ['votes with', exactVotes(wallet.votes, governance)],
        ]),
        ...(wallet.delegate === null
          ? ['', 'To vote with your tokens: chorus governance delegate --self']
          : []),
      );
    }
    const to = named ?? wallet.account;
    const result = await book.delegateVotes({ to, dryRun });
    if (flags.json) return printJson(result);
    const who = to.toLowerCase() === wallet.account ? 'this wallet' : to;
    const votes = exactVotes(result.votes, governance);
    if (result.before === result.to) return print(`${who} votes with ${votes} already: nothing was sent`);
    print(
      dryRun
        ? `${who} would vote with ${votes}; nothing was sent`
        : `${who} votes with ${votes} from now on, in ${result.transaction}`,
      'They count for proposals whose vote has not begun.',
    );
  });
}

/** `chorus governance queue NUMBER` */
export function queueCommand(): Command {
  const command = new Command('queue')
    .description('start the delay of a proposal that has passed; anyone may')
    .argument('<proposal>', PROPOSAL)
    .addHelpText('after', `${HOW}\n\nExample:\n  $ chorus governance queue 3`)
    .action((reference: string, flags: SendFlags) => stepAction('queue', reference, flags));
  return sending(command);
}

/** `chorus governance execute NUMBER` */
export function executeCommand(): Command {
  const command = new Command('execute')
    .description('carry a decision out after its delay; anyone may')
    .argument('<proposal>', PROPOSAL)
    .addHelpText('after', `${HOW}\n\nExample:\n  $ chorus governance execute 3`)
    .action((reference: string, flags: SendFlags) => stepAction('execute', reference, flags));
  return sending(command);
}

const DONE = { queue: 'queued', execute: 'carried out' } as const;

async function stepAction(action: 'queue' | 'execute', reference: string, flags: SendFlags): Promise<void> {
  const { dryRun = false } = flags;
  const named = checkReference(reference);
  await withGovernance(flags, { reads: dryRun }, async (book) => {
    const proposal = await book.proposal(named);
    const result = await (action === 'queue'
      ? book.queueProposal(proposal.id, { dryRun })
      : book.executeProposal(proposal.id, { dryRun }));
    if (flags.json) return printJson(result);
    const name = `Proposal ${proposal.number} (${proposal.short})`;
    const { parameters } = await book.parameters();
    print(
      outcome(name, action, result),
      ...(action === 'execute' && !result.before ? doesLines(proposal, parameters) : []),
      ...(action === 'queue' && result.executableAt && !result.dryRun
        ? [
            `It can be carried out from ${localTime(result.executableAt)} on: chorus governance execute ${proposal.number}`,
          ]
        : []),
    );
  });
}

function outcome(
  name: string,
  action: 'queue' | 'execute',
  { before, dryRun, transaction }: StepResult,
): string {
  if (before) return `${name} was ${DONE[action]} before: nothing was left to do`;
  if (dryRun) return `${name} would be ${DONE[action]}; nothing was sent`;
  return `${name} is ${DONE[action]}, in ${transaction}`;
}
