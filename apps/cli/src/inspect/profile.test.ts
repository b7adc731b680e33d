import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type NetworkProfile, readProfile, writeProfile } from './profile.ts';

const ADDRESS = `0x${'ab'.repeat(20)}` as const;
const profile: NetworkProfile = {
  version: 2,
  chainId: 31_337,
  contract: ADDRESS,
  token: ADDRESS,
  taskId: '1',
  chainState: 'chain.json',
  blocks: 'requester/blocks',
  summaries: 'summaries.json',
  modelCid: null,
  names: [{ address: ADDRESS, name: 'alice' }],
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-profile-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = (value: unknown) =>
  writeFile(join(folder, 'network.json'), typeof value === 'string' ? value : JSON.stringify(value));

describe('the profile of a kept network', () => {
  it('is read as it was written', async () => {
    await writeProfile(folder, profile);
    expect(await readProfile(folder)).toEqual(profile);
  });

  it('is missing from any other folder, and the error says which one to give', async () => {
    await expect(readProfile(folder)).rejects.toMatchObject({
      code: 'E_PROFILE',
      message: 'there is no kept network in this folder',
      hint: expect.stringContaining('--network'),
    });
  });

  it.each([
    ['a path out of the folder', { blocks: '../../home' }, 'blocks'],
    ['an absolute path', { chainState: '/etc/passwd' }, 'chainState'],
    ['a hidden way up', { summaries: 'a/../../b' }, 'summaries'],
    ['a malformed address', { contract: '0x12' }, 'contract'],
    ['a number of another kind', { taskId: '-1' }, 'taskId'],
    ['too many names', { names: Array.from({ length: 257 }, () => profile.names[0]) }, 'names'],
    ['another version', { version: 1 }, 'version'],
    ['a field of its own', { more: 1 }, ''],
  ])('is refused with %s, and the place is named', async (_, change, place) => {
    await write({ ...profile, ...change });
    await expect(readProfile(folder)).rejects.toMatchObject({
      code: 'E_PROFILE',
      message: expect.stringContaining(`damaged at ${place}`),
    });
  });

  it('is not read if it is no JSON, or too long', async () => {
    for (const text of ['{', `"${'x'.repeat(70_000)}"`]) {
      await write(text);
      await expect(readProfile(folder)).rejects.toMatchObject({ code: 'E_PROFILE' });
    }
  });
});
