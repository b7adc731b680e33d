/** An amount of smallest units with all of its digits: `12.5`, and `12` rather than `12.0`. */
export function exactAmount(units: bigint | string, decimals: number): string {
  const value = BigInt(units);
  const digits = (value < 0n ? -value : value).toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const part = digits.slice(digits.length - decimals).replace(/0+$/, '');
  return `${value < 0n ? '-' : ''}${whole}${part === '' ? '' : `.${part}`}`;
}

/**
 * A written amount of tokens, such as 12.5, in their smallest unit; null if it is not a number, or has more decimals than
 * the token. Contracts count below 2^128: more digits are a typing error.
 */
export function parseTokenAmount(text: string, decimals: number): bigint | null {
  const [, whole, part = ''] = /^(\d{1,39})(?:\.(\d{1,77}))?$/.exec(text) ?? [];
  // Zeros at the end say nothing: 1.50 is an amount of a token with one decimal.
  const digits = part.replace(/0+$/, '');
  if (whole === undefined || digits.length > decimals) return null;
  return BigInt(whole + digits.padEnd(decimals, '0'));
}
