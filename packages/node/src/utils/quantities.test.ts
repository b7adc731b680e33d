import { describe, expect, it } from 'vitest';
import {
  bytesSchema,
  dayWindowSchema,
  formatBytes,
  formatSeconds,
  minuteOfDay,
  minutesLeft,
  withinWindows,
} from './quantities.ts';

describe('durations', () => {
  it('quantities are written with three figures', () => {
    expect([0, 90, 119, 120, 7_199, 7_200, 172_799, 172_800, 1e9].map(formatSeconds)).toEqual([
      '0 s',
      '90 s',
      '119 s',
      '2 minutes',
      '120 minutes',
      '2 hours',
      '48 hours',
      '2 days',
      '11600 days',
    ]);
  });
});

describe('bytes', () => {
  it('bytes are read in decimal and binary units', () => {
    expect(bytesSchema.parse(1500)).toBe(1500);
    expect(bytesSchema.parse('2 GiB')).toBe(2 ** 31);
    expect(bytesSchema.parse('500MB')).toBe(500_000_000);
    expect(bytesSchema.parse('1.5 kB')).toBe(1500);
  });

  it('texts that are not a number of bytes are refused', () => {
    for (const text of ['', '0', '-1', '5 bananas', 'GB', '1e400', 2 ** 60]) {
      expect(bytesSchema.safeParse(text).success, String(text)).toBe(false);
    }
  });

  it('quantities are written with three figures', () => {
    expect(formatBytes(999)).toBe('999 B');
    expect(formatBytes(1_234_567)).toBe('1.23 MB');
    expect(formatBytes(5e15)).toBe('5000 TB');
  });
});

describe('times of the day', () => {
  it('times of day hold from the first minute to before the last, over midnight too', () => {
    const nights = ['22:00-07:00'];
    expect([1319, 1320, 1439, 0, 419, 420].map((minute) => withinWindows(nights, minute))).toEqual([
      false,
      true,
      true,
      true,
      true,
      false,
    ]);
    expect(withinWindows(['09:00-12:00', '14:00-24:00'], 1439)).toBe(true);
    expect(withinWindows(['09:00-12:00', '14:00-24:00'], 780)).toBe(false);
  });

  it('without times of day every minute is allowed', () => {
    expect(withinWindows([], 0)).toBe(true);
  });

  it('invalid or empty times of day are refused', () => {
    for (const text of ['22-07', '25:00-26:00', '09:60-10:00', '09:00-09:00', 'night']) {
      expect(dayWindowSchema.safeParse(text).success, text).toBe(false);
    }
    expect(dayWindowSchema.parse('22:00-07:00')).toBe('22:00-07:00');
  });

  it('the rest of a window of the day is reported', () => {
    expect(minutesLeft([], 5)).toBe(Number.POSITIVE_INFINITY);
    expect(minutesLeft(['22:00-07:00'], 1320)).toBe(540);
    expect(minutesLeft(['22:00-07:00'], 419)).toBe(1);
    expect(minutesLeft(['22:00-07:00'], 420)).toBe(0);
    expect(minutesLeft(['14:00-24:00', '15:00-16:00'], 900)).toBe(540);
  });

  it('times of day are those of this machine', () => {
    expect(minuteOfDay(new Date(2026, 0, 1, 13, 5))).toBe(785);
  });
});
