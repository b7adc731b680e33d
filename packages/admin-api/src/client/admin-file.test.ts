import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ADMIN_FILE, readAdmin } from './admin-file.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'chorus-admin-'));
});
afterEach(async () => {
  await rm(dataDir, { recursive: true, force: true });
});

const access = { url: 'http://127.0.0.1:9', token: 'x'.repeat(43), pid: process.pid };
const write = (text: string) => writeFile(join(dataDir, ADMIN_FILE), text);

it('the access to a running node is read from its data folder', async () => {
  await write(JSON.stringify(access));
  expect(await readAdmin(dataDir)).toEqual(access);
});

it('a data folder without a file, or with that of an ended process, has no running node', async () => {
  await expect(readAdmin(dataDir)).rejects.toMatchObject({ code: 'E_ADMIN_NOT_RUNNING' });
  await write(JSON.stringify({ ...access, pid: 2 ** 22 + 1 }));
  await expect(readAdmin(dataDir)).rejects.toMatchObject({ code: 'E_ADMIN_NOT_RUNNING' });
});

it.each([
  ['half a file', JSON.stringify(access).slice(0, 20)],
  ['another protocol', JSON.stringify({ ...access, url: 'https://example.com' })],
  ['a short token', JSON.stringify({ ...access, token: 'x' })],
  ['a process group as id', JSON.stringify({ ...access, pid: -1 })],
])('%s is refused as a damaged file', async (_, text) => {
  await write(text);
  await expect(readAdmin(dataDir)).rejects.toMatchObject({ code: 'E_ADMIN_FILE' });
});
