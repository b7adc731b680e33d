import { exactAmount } from '@chorus/protocol';

/** Beginning and end of an address or digest. */
export const short = (hex: string): string => (hex.length > 16 ? `${hex.slice(0, 8)}…${hex.slice(-4)}` : hex);

/** Decimals of the token that a deployment of Chorus makes. */
export const OWN_TOKEN_DECIMALS = 18;

/**
 * An amount to four decimals; little is not nothing.
 * @param decimals of its token; null while they are not known, when the smallest units are counted
 */
export function amount(units: string, decimals: number | null): string {
  if (decimals === null) return units === '0' ? units : `${units} units`;
  const tokens = Number(exactAmount(units, decimals));
  if (tokens > 0 && tokens < 0.0001) return '<0.0001';
  return tokens.toLocaleString('en', { maximumFractionDigits: 4 });
}

/** A size in decimal units, with three digits. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value.toFixed(unit === 0 || value >= 100 ? 0 : 1)} ${units[unit]}`;
}

/** A time in the unit that suits it. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.round(seconds / 3600);
  return hours < 48 ? `${hours} h` : `${Math.round(seconds / 86_400)} days`;
}
