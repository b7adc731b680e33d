import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { TaskFiles } from './task-files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chorus-files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('a payload in a dispute outlives those of other rounds, also in the next run, and is deleted with the task', async () => {
  const files = new TaskFiles(folder);
  const payload = (round: number) => Uint8Array.of(round, 7);
  for (const round of [1, 2, 3]) await files.writePayload(9n, round, 'update', payload(round));
  await files.keepPayload(9n, 2, 'update');
  // Once more after a crash, and for one that was lost.
  await files.keepPayload(9n, 2, 'update');
  await files.keepPayload(9n, 5, 'update');
  await files.prune(9n, 40);
  const later = new TaskFiles(folder);
  expect(await later.readPayload(9n, 2, 'update')).toEqual(payload(2));
  expect(await later.readPayload(9n, 1, 'update')).toBeNull();
  expect(await later.readPayload(9n, 3, 'update')).toBeNull();
  await later.remove(9n);
  expect(await later.readPayload(9n, 2, 'update')).toBeNull();
});
