import type { StakeToken } from '@chorus/admin-api';
import { type Address, exactAmount, hasCode, type StakePosition } from '@chorus/protocol';
import type { StakesChain } from './stakes-chain.ts';

/** Tasks that have locked stake in one of these pools, and have ended. */
export async function endedTasks(
  chain: Pick<StakesChain, 'task'>,
  positions: readonly StakePosition[],
): Promise<Set<bigint>> {
  const ended = new Set<bigint>();
  for (const taskId of new Set(positions.flatMap(({ locks }) => locks.map((lock) => lock.taskId)))) {
    if ((await chain.task(taskId)).status === 'ended') ended.add(taskId);
  }
  return ended;
}

/** Anyone can stake any token on an identity, even one whose contract does not answer. */
export async function stakeToken(
  chain: StakesChain,
  address: Address,
  account: Address,
): Promise<StakeToken> {
  const orNull = <T>(answer: Promise<T>): Promise<T | null> =>
    answer.catch((error) => {
      if (hasCode(error, 'E_CHAIN_TOKEN')) return null;
      throw error;
    });
  const [symbol, decimals, balance] = await Promise.all([
    chain.symbol(address),
    orNull(chain.decimals(address)),
    orNull(chain.balance(address, account)),
  ]);
  return { address, symbol, decimals, balance: balance?.toString() ?? null };
}

/** Amounts of a token as text. */
export async function amountTexts(chain: StakesChain, address: Address): Promise<(units: bigint) => string> {
  const { symbol, decimals } = await stakeToken(chain, address, chain.account);
  return (units) =>
    decimals === null
      ? `${units} units of ${address}`
      : `${exactAmount(units, decimals)} ${symbol ?? `of ${address}`}`;
}
