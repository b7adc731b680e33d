import { expect, test } from 'vitest';
import { LIVENESS_INTERVAL_MS, SILENT_MS } from '../core/limits.ts';
import { KeepAlive } from './keep-alive.ts';

test('a connection is dead after a quarter of a minute without a byte, even if its peer is alive', () => {
  const liveness = new KeepAlive();
  for (let now = 0; now < SILENT_MS; now += LIVENESS_INTERVAL_MS) {
    expect(liveness.look([['cut', 0] as const, ['new', now] as const], now)).toEqual([]);
  }
  expect(liveness.look([['cut', 0] as const, ['new', SILENT_MS - 1] as const], SILENT_MS)).toEqual(['cut']);
});

test('a machine that slept, or was too busy to read, blames no peer for data it has not read', () => {
  const liveness = new KeepAlive();
  expect(liveness.look([['peer', 0] as const], 0)).toEqual([]);
  const awake = 100 * SILENT_MS;
  for (let now = awake; now < awake + SILENT_MS; now += LIVENESS_INTERVAL_MS) {
    expect(liveness.look([['peer', 0] as const], now)).toEqual([]);
  }
  expect(liveness.look([['peer', 0] as const], awake + SILENT_MS)).toEqual(['peer']);
});
