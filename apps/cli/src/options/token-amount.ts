import { parseUnits } from '@chorus/chain';

/**
 * A written amount of tokens, such as 12.5, in their smallest unit; null if it is not a number, or has more decimals than
 * the token. Contracts count below 2^128: more digits are a typing error.
 */
export function tokenUnits(text: string, decimals: number): bigint | null {
  if (!/^\d{1,39}(\.\d{1,77})?$/.test(text)) return null;
  try {
    return parseUnits(text, decimals);
  } catch {
    return null;
  }
}
