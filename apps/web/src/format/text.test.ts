import { expect, it } from 'vitest';
import { agoText, bytesText, counted, durationText, percentText, SHARE_ONE, shortId } from './text.ts';

it.each([
  [0.42, '0.4 s'],
  [59.6, '1 min 0 s'],
  [3_725, '1 h 2 min'],
  [90_000, '1 d 1 h'],
])('%d seconds are %s', (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});

it('times are said from now, in both directions', () => {
  const now = Date.parse('2026-11-30T12:00:00Z');
  expect(agoText('2026-11-30T11:58:00Z', now)).toBe('2 min ago');
  expect(agoText('2026-11-30T11:59:50Z', now)).toBe('10 s ago');
  expect(agoText('2026-12-02T13:00:00Z', now)).toBe('in 2 d');
  expect(agoText('2026-11-30T12:00:01Z', now)).toBe('now');
});

it('shares, sizes, ids and counts are short', () => {
  expect(percentText(SHARE_ONE / 4, SHARE_ONE)).toBe('25.0 %');
  expect([bytesText(999), bytesText(1_500_000), bytesText(0)]).toEqual(['999 B', '1.5 MB', '0 B']);
  expect(shortId('0x00000000000000000000000000000000000000aA')).toBe('0x0000…0000aA');
  expect([counted(1, 'peer'), counted(2, 'peer'), counted(0, 'entry', 'entries')]).toEqual([
    '1 peer',
    '2 peers',
    '0 entries',
  ]);
});
