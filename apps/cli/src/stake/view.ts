import type {
  StakeDepositResult,
  StakePositionDocument,
  StakesDocument,
  StakeToken,
  StakeUnbondResult,
  StakeWithdrawResult,
} from '@chorus/admin-api';
import { exactAmount, sameAddress } from '@chorus/protocol';
import colors from 'yoctocolors';
import { fields, table } from '../output/table.ts';
import { duration, short } from '../output/units.ts';

/** Maximum number of slashes shown for a pool; `--json` has all. */
const MOST_SLASHES = 5;

/** Maximum number of owners shown for a pool. */
const MOST_HOLDERS = 10;

type Texts = (token: string, units: string) => string;

/** A time in this machine's time zone. */
export function localTime(time: string | number): string {
  // Swedish writes dates as ISO 8601 does.
  return new Date(time).toLocaleString('sv-SE', { dateStyle: 'short', timeStyle: 'medium' });
}

/** Amounts in the tokens' own decimals, with their symbols and all digits. */
export function amountTexts(tokens: readonly StakeToken[]): Texts {
  return (address, units) => {
    const token = tokens.find((each) => sameAddress(each.address, address));
    if (!token || token.decimals === null) return `${units} units of ${short(address)}`;
    return `${exactAmount(units, token.decimals)} ${token.symbol ?? `of ${short(address)}`}`;
  };
}

/** What an account has at stake. */
export function stakesView(stakes: StakesDocument): string {
  const { account, agentId, positions, tokens, unbondSeconds, time } = stakes;
  const text = amountTexts(tokens);
  const shown = positions.filter((position) => position.own || hasOwn(position));
  return [
    fields([
      ['wallet', account],
      ['identity', agentId ?? 'none yet: the first deposit registers one'],
      ...tokens.map(({ address, balance }): [string, string] => [
        'in the wallet',
        balance === null ? `unknown, of ${short(address)}` : text(address, balance),
      ]),
      ['unbonding takes', duration(unbondSeconds)],
    ]),
    ...(shown.length === 0
      ? ['', 'nothing is staked; to stake: chorus stake deposit AMOUNT']
      : [
          '',
          table(
            ['behind', 'staked', 'can be unbonded', 'unbonding', 'pool', 'locked', 'shares'],
            shown.map((position) => row(position, text)),
            { right: [1, 2, 3, 4, 5, 6] },
          ),
        ]),
    ...shown.flatMap((position) => details(position, text, { account, now: Date.parse(time) })),
  ].join('\n');
}

const hasOwn = ({ shares, unbonding }: StakePositionDocument) => shares !== '0' || unbonding.length > 0;

function row(position: StakePositionDocument, text: Texts): string[] {
  const { token, staked, unbondable, unbonding, pool, shares } = position;
  const sum = unbonding.reduce((total, { amount }) => total + BigInt(amount), 0n);
  return [
    behind(position),
    text(token, staked),
    text(token, unbondable),
    text(token, sum.toString()),
    text(token, pool.tokens),
    text(token, pool.locked),
    sharePart(shares, pool.shares),
  ];
}

const behind = ({ own, owner, agentId }: Pick<StakePositionDocument, 'own' | 'owner' | 'agentId'>): string =>
  own ? `this wallet (identity ${agentId})` : `${short(owner)} (identity ${agentId})`;

/** An owner's part of a pool's shares. */
function sharePart(shares: string, all: string): string {
  if (shares === '0' || all === '0') return '-';
  const hundredths = (10_000n * BigInt(shares)) / BigInt(all);
  return hundredths === 0n ? '<0.01 %' : `${Number(hundredths) / 100} %`;
}

function details(
  position: StakePositionDocument,
  text: Texts,
  { account, now }: { account: string; now: number },
): string[] {
  const { token, locks, holders, unbonding, slashes, pool } = position;
  const others = holders.filter((holder) => !sameAddress(holder.account, account));
  return [
    ...section(
      `Locked in tasks, of the stake behind ${behind(position)}`,
      ['task', 'locked', 'until'],
      locks.map(({ taskId, amount, ended }) => [
        taskId,
        text(token, amount),
        ended ? 'the node of its member releases it: the task has ended' : 'the task has ended',
      ]),
    ),
    ...section(
      `Put behind ${behind(position)} by others`,
      ['wallet', 'worth', 'shares'],
      others
        .slice(0, MOST_HOLDERS)
        .map((holder) => [holder.account, text(token, holder.amount), sharePart(holder.shares, pool.shares)]),
      others.length > MOST_HOLDERS ? `and ${others.length - MOST_HOLDERS} more: --json` : '',
    ),
    ...section(
      `Unbonding from behind ${behind(position)}`,
      ['request', 'worth', 'can be withdrawn'],
      unbonding.map(({ ticket, amount, availableAt, available }) => [
        ticket,
        text(token, amount),
        available ? colors.green('now: chorus stake withdraw') : inTime(availableAt, now),
      ]),
    ),
    ...section(
      `Slashed of the stake behind ${behind(position)}`,
      ['task', 'slashed', 'block', 'transaction'],
      slashes
        .slice(0, MOST_SLASHES)
        .map(({ taskId, amount, block, transaction }) => [
          taskId,
          text(token, amount),
          String(block),
          short(transaction),
        ]),
      slashes.length > MOST_SLASHES ? `and ${slashes.length - MOST_SLASHES} more: --json` : '',
    ),
  ];
}

/** A table with a title; empty if it has no rows. */
function section(title: string, head: string[], rows: string[][], more = ''): string[] {
  if (rows.length === 0) return [];
  return ['', colors.bold(title), table(head, rows, { right: [1] }), ...(more ? [colors.dim(more)] : [])];
}

/** A time, absolute and from now. */
export function inTime(time: string, now: number): string {
  return `${localTime(time)}, in ${duration(Math.max(1, Math.round((Date.parse(time) - now) / 1000)))}`;
}

/** The result of a deposit, or of a dry run. */
export function depositLines(result: StakeDepositResult, text: Texts, account: string): string[] {
  const { dryRun, token, amount, owner, agentId, registered, transaction } = result;
  const whose = sameAddress(owner, account) ? 'this wallet' : owner;
  const where = `behind ${whose}${agentId === null ? '' : `, identity ${agentId}`}`;
  if (dryRun) {
    return [
      `${text(token, amount)} would be put ${where}${registered ? '; an identity would be registered first' : ''}; nothing was sent`,
    ];
  }
  return [
    ...(registered ? [`identity ${agentId} is registered for this wallet`] : []),
    `${text(token, amount)} put ${where}, in ${transaction}`,
  ];
}

/** The result of a request to unbond, or of a dry run. */
export function unbondLines(result: StakeUnbondResult, text: Texts, now: number): string[] {
  const { dryRun, token, amount, ticket, availableAt, transaction } = result;
  const when = inTime(availableAt, now);
  if (dryRun) return [`${text(token, amount)} would be unbonding until ${when}; nothing was sent`];
  return [
    `${text(token, amount)} is unbonding until ${when} (request ${ticket}), in ${transaction}`,
    'It can still be slashed until it is withdrawn. Then: chorus stake withdraw',
  ];
}

/** The result of a withdrawal, or of a dry run. */
export function withdrawLines(result: StakeWithdrawResult, text: Texts, now: number): string[] {
  const { dryRun, withdrawn, waiting } = result;
  return [
    ...withdrawn.map(({ ticket, token, amount, transaction }) =>
      dryRun
        ? `${text(token, amount)} of request ${ticket} would be withdrawn; nothing was sent`
        : `${text(token, amount)} withdrawn to the wallet (request ${ticket}), in ${transaction}`,
    ),
    ...waiting.map(
      ({ ticket, token, amount, availableAt }) =>
        `${text(token, amount)} of request ${ticket} can be withdrawn at ${inTime(availableAt, now)}`,
    ),
  ];
}
