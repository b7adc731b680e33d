import { z } from 'zod';

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** A number of bytes as users write it: `1500000`, `"2 GiB"`, `"500MB"`; at most 2^53. */
export const bytesSchema = z.union([z.number(), z.string()]).transform((value, context) => {
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(String(value).trim());
  const unit = match && UNITS[match[2]!];
  const bytes = match && unit ? Math.round(Number(match[1]) * unit) : Number.NaN;
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  context.addIssue({ code: 'custom', message: 'must be a number of bytes, such as 500MB or "2 GiB"' });
  return z.NEVER;
});

/** Times of the day: from (inclusive) to (exclusive), minutes after local midnight; may pass midnight. */
interface DayWindow {
  from: number;
  to: number;
}

/** A window of the day, local time, as users write it: `"22:00-07:00"`. Null if the text is not one. */
function parseWindow(text: string): DayWindow | null {
  const match = /^(\d\d):(\d\d)-(\d\d):(\d\d)$/.exec(text.trim());
  if (!match) return null;
  const [from, fromMinute, to, toMinute] = match.slice(1).map(Number) as [number, number, number, number];
  const window = { from: 60 * from + fromMinute, to: 60 * to + toMinute };
  const times = fromMinute < 60 && toMinute < 60 && window.from < 1440 && window.to <= 1440;
  return times && window.from !== window.to ? window : null;
}

export const dayWindowSchema = z
  .string()
  .refine((text) => parseWindow(text) !== null, 'must be local times of the day, such as "22:00-07:00"');

/** Whether a minute of the day (0 to 1439) lies in one of the windows; without windows it always does. */
export function withinWindows(windows: readonly string[], minute: number): boolean {
  if (windows.length === 0) return true;
  return windows.some((text) => {
    const window = parseWindow(text);
    if (!window) return false;
    const { from, to } = window;
    return from < to ? minute >= from && minute < to : minute >= from || minute < to;
  });
}

/**
 * Minutes from a minute of the day within the windows to the end of its window, Infinity without windows. Adjacent
 * windows are not merged: two written windows stay two.
 */
export function minutesLeft(windows: readonly string[], minute: number): number {
  if (windows.length === 0) return Number.POSITIVE_INFINITY;
  const left = windows.flatMap((text) => {
    const window = parseWindow(text);
    if (!window || !withinWindows([text], minute)) return [];
    return [(window.to - minute + 1440) % 1440 || 1440];
  });
  return Math.max(0, ...left);
}

/** The minute of the day on this machine's clock. */
export function minuteOfDay(now: Date): number {
  return 60 * now.getHours() + now.getMinutes();
}

/**
 * Whole tokens as users write them, converted to a token's smallest unit; finer digits are dropped.
 * @param text as `tokensSchema` takes it, such as `2.5`
 */
export function tokenUnits(text: string, decimals: number): bigint {
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(decimals, '0').slice(0, decimals));
}

/** An amount in a token's smallest unit as whole tokens: `2.5`. */
export function formatUnits(units: bigint, decimals: number): string {
  const digits = units.toString().padStart(decimals + 1, '0');
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, '');
  const whole = digits.slice(0, digits.length - decimals);
  return decimals > 0 && fraction ? `${whole}.${fraction}` : whole;
}

const STEPS = ['B', 'kB', 'MB', 'GB', 'TB'];

const TIMES: readonly [number, string][] = [
  [2 * 86_400, 'days'],
  [2 * 3_600, 'hours'],
  [2 * 60, 'minutes'],
];

/** A duration as text: three figures and a unit. */
export function formatSeconds(seconds: number): string {
  const [least, unit] = TIMES.find(([from]) => seconds >= from) ?? [2, 's'];
  return `${Number((seconds / (least / 2)).toPrecision(3))} ${unit}`;
}

/** Bytes as text: three figures and a unit. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let step = 0;
  while (value >= 1000 && step < STEPS.length - 1) {
    value /= 1000;
    step++;
  }
  return `${step === 0 ? value : Number(value.toPrecision(3))} ${STEPS[step]}`;
}
