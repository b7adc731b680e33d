import type { CreditsClaimed, RevenueDocument } from '@chorus/admin-api';
import { decimalsOf } from '@chorus/chain';
import type { Address, ChainPort } from '@chorus/protocol';

/** The prepaid channels of callers. */
export interface Prepaid {
  /** What calls have cost, by token. */
  sums(): Promise<ReadonlyMap<Address, { claimed: bigint; unclaimed: bigint }>>;
  /** Claim all of them: what is claimed is in the tills, or in the wallet. */
  claim(): Promise<CreditsClaimed>;
}

/** What calls by prepaid channels have cost, by token. */
export async function prepaidSums(
  prepaid: Prepaid,
  chain: Pick<ChainPort, 'decimals'>,
): Promise<RevenueDocument['credits']> {
  return Promise.all(
    [...(await prepaid.sums())].map(async ([token, { unclaimed, claimed }]) => ({
      ...{ token, decimals: await decimalsOf(chain, token) },
      unclaimed: unclaimed.toString(),
      claimed: claimed.toString(),
    })),
  );
}

/** @returns each sum that was claimed, with its transaction */
export async function claimPrepaid(prepaid: Prepaid) {
  const { claims } = await prepaid.claim();
  return claims.flatMap(({ transaction, amounts }) =>
    amounts.map(({ token, decimals, amount }) => ({
      ...{ from: 'credits' as const, token, decimals, amount, transaction },
    })),
  );
}
