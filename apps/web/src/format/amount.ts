import { exactAmount as plainAmount } from '@chorus/admin-api/words';

/** Digits after the point that a figure on the screen has at most; the whole amount is its title. */
const MOST_DECIMALS = 6;

/** All digits of an amount in the token's smallest unit, without zeros at the end, and with commas between thousands. */
export function exactAmount(units: string, decimals: number): string {
  const [whole, ...part] = plainAmount(units, decimals).split('.');
  return [whole!.replace(/\B(?=(\d{3})+$)/g, ','), ...part].join('.');
}

/**
 * An amount for the screen, never more than it is: further digits are cut, and a sum too small to show is said to be.
 * @param decimals of the token; null if unknown: the amount is shown in the smallest unit
 */
export function shortAmount(units: string, decimals: number | null): string {
  if (decimals === null) return `${exactAmount(units, 0)} units`;
  const exact = exactAmount(units, decimals);
  const [whole, part = ''] = exact.split('.') as [string, string?];
  const cut = part.slice(0, MOST_DECIMALS).replace(/0+$/, '');
  if (cut === '' && whole === '0' && part !== '') return `< 0.${'0'.repeat(MOST_DECIMALS - 1)}1`;
  return cut === '' ? whole : `${whole}.${cut}`;
}

/** The sum of amounts in one unit. */
export const addAmounts = (...units: string[]): string =>
  units.reduce((sum, each) => sum + BigInt(each), 0n).toString();

/**
 * The units of an amount as people write it, such as `12.5`; null if it is no amount above zero, or has more digits than
 * the token.
 */
export function unitsOf(text: string, decimals: number): string | null {
  const [, whole, part = ''] = /^(\d{1,60})(?:\.(\d{1,60}))?$/.exec(text.trim()) ?? [];
  if (whole === undefined || part.length > decimals) return null;
  const units = BigInt(whole + part.padEnd(decimals, '0'));
  return units === 0n ? null : units.toString();
}

/** One sum for each token, without those of nothing. */
export function byToken<Sum extends { token: string; amount: string }>(sums: readonly Sum[]): Sum[] {
  const all = new Map<string, Sum>();
  for (const each of sums) {
    const amount = addAmounts(all.get(each.token)?.amount ?? '0', each.amount);
    all.set(each.token, { ...each, amount });
  }
  return [...all.values()].filter(({ amount }) => amount !== '0');
}
