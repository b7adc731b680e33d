import { setTimeout as delay } from 'node:timers/promises';
import type { Address, TokenChain } from '@chorus/protocol';

type Chain = Pick<TokenChain, 'decimals'>;

/** What is shown does not wait longer for a chain that does not answer. */
const PATIENCE_MILLISECONDS = 1_000;

/** Decimals of a token, which the chain port remembers; null while the chain does not say. */
export async function decimalsOf(chain: Chain, token: string): Promise<number | null> {
  const answered = new AbortController();
  const late = delay(PATIENCE_MILLISECONDS, null, { signal: answered.signal, ref: false }).catch(() => null);
  try {
    return await Promise.race([chain.decimals(token as Address).catch(() => null), late]);
  } finally {
    answered.abort();
  }
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
