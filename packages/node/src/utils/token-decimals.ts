import type { Address, ChainPort } from '@chorus/protocol';

type Chain = Pick<ChainPort, 'decimals'>;

/** Decimals of a token, which the chain port remembers; null while the chain does not say. */
export function decimalsOf(chain: Chain, token: string): Promise<number | null> {
  return chain.decimals(token as Address).catch(() => null);
}

/** Entries with an amount, and the decimals of their token. */
export function withDecimals<T extends { token: string }>(
  chain: Chain,
  entries: readonly T[],
): Promise<(T & { decimals: number | null })[]> {
  return Promise.all(
    entries.map(async (entry) => ({ ...entry, decimals: await decimalsOf(chain, entry.token) })),
  );
}
