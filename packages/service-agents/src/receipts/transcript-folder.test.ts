import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { TranscriptFolder } from './transcript-folder.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-transcripts-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const name = (n: number) => n.toString(16).padStart(64, '0');
const bytes = (text: string) => new TextEncoder().encode(text);

it('transcripts are kept over restarts, readable by their owner alone', async () => {
  await (await TranscriptFolder.open(folder)).keep(name(1), bytes('one'));
  const again = await TranscriptFolder.open(folder);
  expect(new TextDecoder().decode((await again.read(name(1)))!)).toBe('one');
  expect(await again.read(name(2))).toBeNull();
  expect((await stat(join(folder, name(1)))).mode & 0o777).toBe(0o600);
});

it('the latest thousand are kept, and none for longer than a week', async () => {
  const month = Date.now() / 1000 - 30 * 86_400;
  for (let n = 0; n < 3; n++) {
    await writeFile(join(folder, name(n)), 'old');
    await utimes(join(folder, name(n)), month, month);
  }
  await writeFile(join(folder, 'other'), 'of someone else');
  await writeFile(join(folder, `${name(5)}.new`), 'half of one');
  const kept = await TranscriptFolder.open(folder);
  // Nor what a crash has left half written.
  expect(await readdir(folder)).toEqual(['other']);
  for (let n = 10; n < 1_015; n++) await kept.keep(name(n), bytes(`${n}`));
  expect(await kept.read(name(14))).toBeNull();
  expect(await kept.read(name(15))).not.toBeNull();
  expect(await readdir(folder)).toHaveLength(1_001);
});
