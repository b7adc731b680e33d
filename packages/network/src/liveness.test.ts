import { expect, test } from 'vitest';
import { SILENT_MS } from './limits.ts';
import { Liveness } from './liveness.ts';

test('a peer is gone when nothing has come from it for a minute, however much was sent to it', () => {
  const liveness = new Liveness();
  const peers = (silent: number, talking: number) =>
    new Map([
      ['silent', silent],
      ['talking', talking],
    ]);
  expect(liveness.look(peers(100, 100), 0)).toEqual([]);
  expect(liveness.look(peers(100, 101), SILENT_MS - 1)).toEqual([]);
  expect(liveness.look(peers(100, 102), SILENT_MS)).toEqual(['silent']);
  expect(liveness.look(peers(101, 102), SILENT_MS + 1)).toEqual([]);
  // One that left and came back begins anew.
  expect(liveness.look(new Map(), SILENT_MS + 2)).toEqual([]);
  expect(liveness.look(peers(0, 0), 3 * SILENT_MS)).toEqual([]);
});
