import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseDeployment, readDeployment } from './deployment.ts';

const MANAGER = `0x${'Ab'.repeat(20)}`;
const TOKEN = `0x${'cd'.repeat(20)}`;
const HASH = `0x${'11'.repeat(32)}`;

const full = (contracts: Record<string, unknown>) =>
  JSON.stringify({ format: 'chorus-deployment', chainId: 5, startBlock: 9, contracts });

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-deployment-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function read(text: string) {
  const path = join(folder, 'deployment.json');
  await writeFile(path, text);
  return readDeployment(path);
}

describe('a deployment file', () => {
  it('with addresses alone has no hashes to compare, and addresses in lower case', async () => {
    expect(await read(JSON.stringify({ chainId: 5, taskManager: MANAGER }))).toMatchObject({
      chainId: 5,
      taskManager: MANAGER.toLowerCase(),
      token: null,
      startBlock: 0,
      codes: [],
      rpc: null,
      bootstrap: [],
    });
  });

  it('of a whole deployment has the hash of each code that states one', async () => {
    const file = await read(
      full({
        taskManager: { address: MANAGER, codeHash: HASH },
        token: { address: TOKEN, codeHash: null },
      }),
    );
    expect(file).toMatchObject({ chainId: 5, token: TOKEN, startBlock: 9 });
    expect(file.codes).toEqual([{ name: 'taskManager', address: MANAGER.toLowerCase(), codeHash: HASH }]);
  });

  it('keeps what it does not know, in its text', () => {
    const text = JSON.stringify({ chainId: 5, taskManager: MANAGER, note: 'of the operator' });
    expect(parseDeployment(text).text).toBe(text);
  });

  it.each([
    ['no JSON', '{'],
    ['no task contract', full({ token: { address: TOKEN, codeHash: null } })],
    ['a chain without a number', JSON.stringify({ taskManager: MANAGER })],
    ['a malformed address', JSON.stringify({ chainId: 5, taskManager: '0x12' })],
    ['a malformed hash', full({ taskManager: { address: MANAGER, codeHash: '0x12' } })],
    ['another format', JSON.stringify({ format: 'other', chainId: 5, contracts: {} })],
    ['too many peers', JSON.stringify({ chainId: 5, taskManager: MANAGER, bootstrap: Array(65).fill('a') })],
    ['too much', `{"chainId":5,"taskManager":"${MANAGER}","note":"${'x'.repeat(1024 * 1024)}"}`],
  ])('is refused with %s, and the file is named', async (_, text) => {
    await expect(read(text)).rejects.toMatchObject({
      code: 'E_CONFIG_DEPLOYMENT',
      facts: { path: join(folder, 'deployment.json') },
    });
  });

  it('that is not there is an error of its own path', async () => {
    await expect(readDeployment(join(folder, 'none.json'))).rejects.toMatchObject({
      code: 'E_CONFIG_DEPLOYMENT',
      facts: { path: join(folder, 'none.json') },
    });
  });
});
