import { ADDRESS_PATTERN } from './hex.ts';

/** A sum of money as text has it: `0.02 CHOR`. Never a float: `0.02` is 2 hundredths exactly. */
export interface Sum {
  /** All digits, as one number: 2 of `0.02`. */
  digits: bigint;
  /** Digits after the point: 2 of `0.02`, 0 of `20`. */
  decimals: number;
  /** Symbol of the token, or its address in lower case. */
  token: string;
}

/** Decimals of the coin that pays for gas: the same on every EVM chain. */
export const COIN_DECIMALS = 18;

/** 10^15 whole tokens; 18 digits after the point. */
const AMOUNT = /^(\d{1,15})(?:\.(\d{1,18}))?$/;
const SYMBOL = /^[A-Za-z][A-Za-z0-9]{0,15}$/;

/** Reads an amount and its token, with one space between; null if the text is not such a sum. */
export function parseSum(text: string): Sum | null {
  const [amount, token, ...more] = text.trim().split(/ +/);
  if (amount === undefined || token === undefined || more.length > 0) return null;
  const match = AMOUNT.exec(amount);
  if (!match) return null;
  const address = ADDRESS_PATTERN.test(token);
  if (!address && !SYMBOL.test(token)) return null;
  const [, whole, part = ''] = match as unknown as [string, string, string?];
  return {
    digits: BigInt(whole + part),
    decimals: part.length,
    token: address ? token.toLowerCase() : token,
  };
}

/**
 * A sum in the token's smallest unit.
 * @param decimals of the token
 * @returns null if the token cannot be divided that far
 */
export function unitsOfSum({ digits, decimals: given }: Sum, decimals: number): bigint | null {
  if (given <= decimals) return digits * 10n ** BigInt(decimals - given);
  const rest = 10n ** BigInt(given - decimals);
  return digits % rest === 0n ? digits / rest : null;
}

/** The text of an amount in the token's smallest unit, all digits, without zeros at the end. */
export function sumText(units: bigint, decimals: number, symbol: string): string {
  const digits = units.toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const part = digits.slice(digits.length - decimals).replace(/0+$/, '');
  return `${whole}${part === '' ? '' : `.${part}`} ${symbol}`;
}
