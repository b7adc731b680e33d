import type { StakeUnbondRequest, StakeWithdrawRequest } from '@chorus/admin-api';
import {
  ChorusError,
  type StakeAccount,
  type StakePosition,
  sameAddress,
  stakeValue,
} from '@chorus/protocol';
import { amountTexts, endedTasks } from './stake-reads.ts';
import type { StakesChain } from './stakes-chain.ts';

/** The one pool of the account's stake that a request means: of this token, behind this identity or its own. */
export function stakedAt(
  chain: StakesChain,
  stakes: StakeAccount,
  { token, from }: Pick<StakeUnbondRequest, 'token' | 'from'>,
): StakePosition {
  const { account } = chain;
  const staked = stakes.positions.filter(({ shares }) => shares > 0n);
  const meant = staked.filter((position) => isOf(position, { token, from: from ?? account }));
  const [position, ...more] = meant;
  if (position && more.length === 0) return position;
  if (!position) {
    const others = [...new Set(staked.map(({ owner }) => owner))];
    throw new ChorusError('E_STAKE_NONE', 'the wallet has no stake there', {
      facts: { wallet: account, from: from ?? account, token },
      hint:
        others.length > 0
          ? `it has stake behind the identity of ${others.join(', ')}: name one with --from`
          : '`chorus stake show` lists what it has; what is unbonding already is withdrawn, not unbonded again',
    });
  }
  const tokens = [...new Set(meant.map((each) => each.token))];
  throw new ChorusError('E_STAKE_AMBIGUOUS', 'the wallet has stake there in more than one pool', {
    facts: { tokens: tokens.join(', '), identities: meant.map(({ agentId }) => agentId).join(', ') },
    hint: tokens.length > 1 ? 'name the token: --token ADDRESS' : 'name the identity: --from NUMBER',
  });
}

/** The error of a request for stake that tasks have locked; `free`: what they have not. */
export async function stakeLocked(
  chain: StakesChain,
  position: StakePosition,
  amount: bigint,
  free: bigint,
): Promise<ChorusError> {
  const { locks, pool, owner, agentId } = position;
  const text = await amountTexts(chain, position.token);
  const ended = await endedTasks(chain, [position]);
  const own = sameAddress(owner, chain.account);
  const over = locks.filter(({ taskId }) => ended.has(taskId)).map(({ taskId }) => taskId);
  const hints = [
    ...(free > 0n ? [`${text(free)} can be unbonded now`] : []),
    ...(over.length > 0
      ? [`task ${over.join(', ')} has ended: a node of its member releases the stake when it runs`]
      : []),
    ...(over.length < locks.length
      ? [
          own
            ? 'the rest when its tasks have ended; to leave one: `chorus task leave ID`'
            : 'the rest when its tasks have ended',
        ]
      : []),
  ];
  return new ChorusError('E_STAKE_LOCKED', 'tasks have locked some of this stake', {
    facts: {
      owner,
      agentId,
      asked: text(amount),
      free: text(free),
      locked: text(pool.locked),
      tasks: locks.map(({ taskId }) => taskId).join(', '),
    },
    hint: hints.join('; '),
  });
}

/** The error of a withdrawal if nothing is unbonding; `slashed`: something was. */
export function nothingToWithdraw(
  chain: StakesChain,
  { positions }: StakeAccount,
  slashed: boolean,
  { token, from }: Pick<StakeWithdrawRequest, 'token' | 'from'>,
): ChorusError {
  const facts = { wallet: chain.account, token, from };
  if (slashed) {
    return new ChorusError('E_STAKE_NOTHING_TO_WITHDRAW', 'slashing took all that was unbonding', {
      facts,
      hint: '`chorus stake show` lists the slashes',
    });
  }
  return new ChorusError('E_STAKE_NOTHING_TO_WITHDRAW', 'nothing is unbonding', {
    facts,
    hint: positions.some(({ shares, tickets }) => shares > 0n || tickets.length > 0)
      ? 'request stake back first: chorus stake unbond; `chorus stake show` lists the stake'
      : 'the wallet has no stake',
  });
}

/** The error of a withdrawal before the unbonding period is over. */
export async function notMature(
  chain: StakesChain,
  waiting: { position: StakePosition; ticket: StakePosition['tickets'][number] }[],
  now: number,
): Promise<ChorusError> {
  const [first] = waiting.toSorted((a, b) => a.ticket.maturesAt - b.ticket.maturesAt);
  const { position, ticket } = first!;
  const text = await amountTexts(chain, position.token);
  const availableAt = timeOf(ticket.maturesAt);
  const seconds = Math.max(1, ticket.maturesAt - now);
  return new ChorusError('E_STAKE_NOT_MATURE', 'the unbonding period is not over', {
    facts: {
      ticket: ticket.id,
      amount: text(stakeValue(position.pool, ticket.shares)),
      availableAt,
      seconds,
    },
    hint: `withdraw it at ${availableAt}, in ${seconds} s`,
  });
}

/** A time of the chain as text. */
export const timeOf = (seconds: number): string => new Date(1000 * seconds).toISOString();

/** Whether a pool is of this token, and behind this identity: its owner's address, or its number. */
export function isOf(
  position: StakePosition,
  { token, from }: { token?: string | undefined; from?: string | undefined },
): boolean {
  if (token !== undefined && !sameAddress(position.token, token)) return false;
  if (from === undefined) return true;
  return from.startsWith('0x') ? sameAddress(position.owner, from) : position.agentId === BigInt(from);
}
