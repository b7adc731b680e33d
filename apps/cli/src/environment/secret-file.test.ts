import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withoutSecrets } from '@chorus/protocol';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readSecretFile } from './secret-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-secret-'));
});
afterAll(() => rm(folder, { recursive: true }));

const SECRET = 'correct hörse battery';

it.each([
  ['as it is', Buffer.from(SECRET)],
  ['of an editor', Buffer.from(`${SECRET}\n`)],
  ['with two newlines', Buffer.from(`${SECRET}\n\n`)],
  ['of Windows', Buffer.from(`${SECRET}\r\n`)],
  ['with a mark of its encoding', Buffer.from(`\ufeff${SECRET}\n`)],
  ['of PowerShell', Buffer.from(`\ufeff${SECRET}\r\n`, 'utf16le')],
])('a password file %s holds the password, which no output shows from then on', async (_, bytes) => {
  const path = join(folder, 'password');
  await writeFile(path, bytes, { mode: 0o600 });
  expect(await readSecretFile(path)).toBe(SECRET);
  expect(withoutSecrets(`it is ${SECRET}!`)).toBe('it is [redacted]!');
});

it('blanks around a password are part of it', async () => {
  const path = join(folder, 'blanks');
  await writeFile(path, ' two words \n', { mode: 0o600 });
  expect(await readSecretFile(path)).toBe(' two words ');
});
