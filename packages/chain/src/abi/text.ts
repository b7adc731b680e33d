import type { Result } from 'ethers';

/**
 * A text that others wrote to the chain. It need not be UTF-8, and ethers throws as soon as such a one is read: one U+FFFD
 * stands for it, so that a stranger's text stops nothing.
 */
export function textIn(result: Result, field: string): string {
  try {
    return result[field];
  } catch {
    return '\uFFFD';
  }
}
