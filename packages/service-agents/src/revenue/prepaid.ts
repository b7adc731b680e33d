import type { CreditList, CreditsClaimed, RevenueDocument } from '@chorus/admin-api';

/** The prepaid channels of callers. */
export interface Prepaid {
  list(): Promise<Pick<CreditList, 'channels'>>;
  /** Claim all of them: what is claimed is in the tills, or in the wallet. */
  claim(): Promise<CreditsClaimed>;
}

/** What calls by prepaid channels have cost, by token. */
export async function prepaidSums(prepaid: Prepaid): Promise<RevenueDocument['credits']> {
  const sums = new Map<string, { decimals: number | null; unclaimed: bigint; claimed: bigint }>();
  for (const { token, decimals, unclaimed, claimed } of (await prepaid.list()).channels) {
    const sum = sums.get(token) ?? { decimals, unclaimed: 0n, claimed: 0n };
    sum.unclaimed += BigInt(unclaimed);
    sum.claimed += BigInt(claimed);
    sums.set(token, sum);
  }
  return [...sums].map(([token, { decimals, unclaimed, claimed }]) => ({
    ...{ token, decimals },
    unclaimed: unclaimed.toString(),
    claimed: claimed.toString(),
  }));
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
