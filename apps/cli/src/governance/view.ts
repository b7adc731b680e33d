import type {
  GovernanceDocument,
  ParameterDocument,
  ProposalDetail,
  ProposalDocument,
  ProposalList,
  ProposeResult,
} from '@chorus/admin-api';
import { counted, exactAmount, sameAddress, spanText } from '@chorus/protocol';
import colors from 'yoctocolors';
import { fields, table, wrap } from '../output/table.ts';
import { amount, short } from '../output/units.ts';
import { inTime, localTime } from '../stake/view.ts';
import { callLines } from './call-lines.ts';

/** Most lines of a description shown; `--json` has more. */
const MOST_LINES = 40;

/** Most votes shown; `--json` has more. */
const MOST_BALLOTS = 20;

type Token = Pick<GovernanceDocument, 'symbol' | 'decimals' | 'token'>;

const symbolOf = ({ symbol, token }: Token): string => symbol ?? `of ${short(token)}`;

/** Votes, rounded. */
const votes = (units: string, token: Token): string => `${amount(units, token.decimals)} ${symbolOf(token)}`;

/** Votes, with all digits. */
export const exactVotes = (units: string, token: Token): string =>
  token.decimals === null ? `${units} units` : `${exactAmount(units, token.decimals)} ${symbolOf(token)}`;

const STATE_COLORS: Readonly<Partial<Record<ProposalDocument['state'], (text: string) => string>>> = {
  active: colors.cyan,
  succeeded: colors.green,
  queued: colors.green,
  executed: colors.green,
  defeated: colors.red,
};
const stateText = (state: ProposalDocument['state']): string => (STATE_COLORS[state] ?? colors.dim)(state);

export function listLines({ total, proposals }: ProposalList, governance: GovernanceDocument): string[] {
  if (total === 0) {
    return [
      'Nothing has been proposed yet. Propose a change: chorus governance propose NAME=VALUE --title TEXT',
    ];
  }
  const now = Date.parse(governance.time);
  const { decimals } = governance;
  return [
    table(
      ['', 'id', 'state', 'title', 'for', 'against', 'next'],
      proposals.map((proposal) => [
        proposal.number,
        proposal.short,
        stateText(proposal.state),
        `${proposal.title.slice(0, 48)}${proposal.unclear ? colors.red(' UNKNOWN CALLS') : ''}`,
        amount(proposal.votes.for, decimals),
        amount(proposal.votes.against, decimals),
        nextOf(proposal, now).short,
      ]),
      { right: [0, 4, 5] },
    ),
    ...(total > proposals.length ? [colors.dim(`the newest ${proposals.length} of ${total}: --last`)] : []),
    '',
    'What one does, and who voted: chorus governance show NUMBER',
  ];
}

/** What comes next, and the command for it. */
function nextOf(proposal: ProposalDocument, now: number): { short: string; line: string } {
  const { state, number, voteStart, voteEnd, executableAt, wallet } = proposal;
  const command = (action: string) => `chorus governance ${action} ${number}`;
  switch (state) {
    case 'pending':
      return {
        short: `vote from ${localTime(voteStart)}`,
        line: `The vote begins at ${inTime(voteStart, now)}; votes are counted as they are then. Delegate before: chorus governance delegate --self`,
      };
    case 'active':
      return {
        short: `vote until ${localTime(voteEnd)}`,
        line: wallet.voted
          ? `This wallet has voted; the vote ends at ${inTime(voteEnd, now)}.`
          : `Vote until ${inTime(voteEnd, now)}: ${command('vote')} for   (or against, abstain)`,
      };
    case 'succeeded':
      return { short: 'queue', line: `It has passed. Start its delay: ${command('queue')}` };
    case 'queued': {
      const at = executableAt ?? voteEnd;
      return Date.parse(at) <= now
        ? { short: 'execute', line: `Its delay is over. Carry it out: ${command('execute')}` }
        : {
            short: `execute from ${localTime(at)}`,
            line: `From ${inTime(at, now)} on anyone can carry it out: ${command('execute')}`,
          };
    }
    case 'executed':
      return { short: '-', line: `It was carried out, in ${proposal.executed}.` };
    case 'defeated':
      return { short: '-', line: 'It has failed: nothing comes of it.' };
    default:
      return { short: '-', line: `It is ${state}: nothing comes of it.` };
  }
}

/** Whether a proposal passes as the votes are now, and what is missing. */
export function standing({ votes: cast, quorum }: ProposalDocument, token: Token): string {
  const present = BigInt(cast.for) + BigInt(cast.abstain);
  const missing = BigInt(quorum) - present;
  const majority = BigInt(cast.for) > BigInt(cast.against) ? 'more for than against' : 'no majority for it';
  return missing > 0n
    ? `${majority}; ${votes(missing.toString(), token)} more for or abstaining are missing to the quorum of ${votes(quorum, token)}`
    : `${majority}; the quorum of ${votes(quorum, token)} is reached`;
}

/** What a proposal does if it is carried out. */
export function doesLines(
  { calls, complete = true }: Pick<ProposalDocument, 'calls'> & { complete?: boolean },
  parameters: readonly ParameterDocument[],
): string[] {
  const lines = calls.flatMap((call) => callLines(call, parameters));
  const more = complete ? [] : [colors.red('and more: its calls are too many or too long to be kept here')];
  return [...lines, ...more].map((line) => `  ${line}`);
}

export function proposalLines(
  proposal: ProposalDetail,
  governance: GovernanceDocument,
  parameters: readonly ParameterDocument[],
): string[] {
  const { number, title, state, proposer, voteStart, voteEnd, executableAt, wallet, ballots } = proposal;
  const own = sameAddress(proposer, governance.wallet.account);
  const shown = ballots.slice(0, MOST_BALLOTS);
  const now = Date.parse(governance.time);
  return [
    colors.bold(`Proposal ${number}: ${title}`),
    fields([
      ['id', `${proposal.short}  ${colors.dim(proposal.id)}`],
      ['state', stateText(state)],
      ['proposed by', `${proposer}${own ? ' (this wallet)' : ''}`],
      ['vote', `${localTime(voteStart)} to ${localTime(voteEnd)}`],
      ...(executableAt && state !== 'executed'
        ? ([['executable', localTime(executableAt)]] as [string, string][])
        : []),
      ['for', votes(proposal.votes.for, governance)],
      ['against', votes(proposal.votes.against, governance)],
      ['abstain', votes(proposal.votes.abstain, governance)],
      ['stands', standing(proposal, governance)],
      [
        'this wallet',
        wallet.weight === null
          ? `votes with what it has at ${localTime(voteStart)}; ${votes(governance.wallet.votes, governance)} now`
          : `${votes(wallet.weight, governance)}${wallet.voted ? ', has voted' : ''}`,
      ],
    ]),
    '',
    colors.bold(state === 'executed' ? 'What it did' : 'What it does'),
    ...doesLines(proposal, parameters),
    ...(proposal.description
      ? ['', colors.bold('What its proposer says of it'), ...describedLines(proposal.description)]
      : []),
    ...(shown.length === 0
      ? []
      : [
          '',
          colors.bold('Votes'),
          table(
            ['voter', 'vote', 'votes', 'reason'],
            shown.map(({ voter, choice, weight, reason }) => [
              voter,
              choice,
              amount(weight, governance.decimals),
              reason,
            ]),
            { right: [2], widths: [44, 9, 18, 44] },
          ),
          ...(proposal.ballotCount > shown.length
            ? [colors.dim(`and ${counted(proposal.ballotCount - shown.length, 'more vote')}: --json`)]
            : []),
        ]),
    '',
    nextOf(proposal, now).line,
  ];
}

/** A stranger's words, marked so that no line of them can pass for one of this command, and few enough to leave the rest in view. */
function describedLines(description: string): string[] {
  const lines = description.split('\n').flatMap((line) => wrap(line).split('\n'));
  const shown = lines.slice(0, MOST_LINES).map((line) => `  ${colors.dim('|')} ${line}`);
  return lines.length > MOST_LINES
    ? [...shown, colors.dim(`  and ${counted(lines.length - MOST_LINES, 'more line')}: --json`)]
    : shown;
}

/** How a proposal goes on, with the times of this machine's clock. */
export function courseLines(result: ProposeResult): string[] {
  const { governance, voteStart, voteEnd, executableAt, number } = result;
  const now = Date.parse(governance.time);
  const name = number ?? 'NUMBER';
  return [
    colors.bold('How it goes on'),
    fields([
      ['vote begins', `${inTime(voteStart, now)}: votes count as they are delegated by then`],
      ['vote ends', `${inTime(voteEnd, now)}: chorus governance vote ${name} for`],
      [
        'it passes with',
        `more for than against, and ${votes(governance.quorum, governance)} (${governance.quorumPercent} % of the supply) for or abstaining`,
      ],
      [
        'then',
        `chorus governance queue ${name}, which starts its delay of ${spanText(BigInt(governance.timelockDelay))}`,
      ],
      [
        'carried out',
        `from ${localTime(executableAt)} on at the earliest: chorus governance execute ${name}`,
      ],
    ]),
  ];
}
