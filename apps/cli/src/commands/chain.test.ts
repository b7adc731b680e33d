import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Devnet, startDevnet } from '@chorus/chain';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outcomeOf, startChorus } from '../testing/chorus-process.ts';
import { runChorus } from '../testing/run-chorus.ts';

describe('chorus chain', () => {
  let devnet: Devnet;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chorus-chain-test-'));
    devnet = await startDevnet({ accounts: 1 });
  });
  afterAll(async () => {
    await devnet?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const chorus = (...args: string[]) => runChorus(['chain', ...args, '--rpc', devnet.url], { cwd: folder });

  it('chain deploy prints its cost and writes a file with which the deployment can be checked', async () => {
    const apart = startChorus(['chain', 'deploy', '--rpc', devnet.url], { cwd: folder });
    const { code, stdout } = await outcomeOf(apart);
    expect(code).toBe(0);
    expect(stdout).toMatch(/taskManager .* 0x[0-9a-f]{40} .* \d,\d{3},\d{3}/);
    expect(stdout).toMatch(/in all .* \d\d,\d{3},\d{3} .* 0\.\d{9}/);
    expect(await readdir(folder)).toEqual(['chorus-deployment.json']);
    const again = await chorus('deploy', '--json');
    expect(again.code).toBe(0);
    const { deployment, steps } = JSON.parse(again.stdout);
    expect(steps).toHaveLength(32);
    const status = await chorus('status', '--json');
    expect(status.code).toBe(0);
    expect(JSON.parse(status.stdout)).toMatchObject({
      ok: true,
      chainId: 31337,
      parameters: { protocolFeeBps: 100, contestSeconds: 3600 },
    });
    expect((await chorus('status')).stdout).toContain(deployment.taskManager);
  });

  it('chain deploy reads the key from a file, and warns if others may read it', async () => {
    const key = join(folder, 'key');
    await writeFile(key, `${devnet.privateKeys[0]}\n`, { mode: 0o644 });
    const loose = await chorus('deploy', '--key-file', key);
    expect(loose.code).toBe(0);
    expect(loose.stderr).toContain('chmod 600');
    await chmod(key, 0o600);
    const kept = await chorus('deploy', '--key-file', key);
    expect(kept.code).toBe(0);
    expect(kept.stderr).not.toContain('chmod 600');
    expect(`${loose.stdout}${loose.stderr}${kept.stdout}`).not.toContain(devnet.privateKeys[0]!.slice(2));
  });

  it('chain status exits with 1 if the deployment does not match', async () => {
    const path = join(folder, 'chorus-deployment.json');
    const file = JSON.parse(await readFile(path, 'utf8'));
    file.contracts.stakes.address = file.contracts.token.address;
    await writeFile(join(folder, 'other.json'), JSON.stringify(file));
    const { code, stdout } = await chorus('status', '--deployment', 'other.json');
    expect(code).toBe(1);
    expect(stdout).toContain('WRONG');
  });

  it('a file that is no deployment is bad data, and no word of it is quoted', async () => {
    await writeFile(join(folder, 'cut.json'), '{"key":"hunter2pw');
    const { code, stderr } = await chorus('status', '--deployment', 'cut.json');
    expect({ code, stderr }).toEqual({
      code: 65,
      stderr: expect.stringContaining('is malformed: it is not JSON'),
    });
    expect(stderr).not.toContain('hunter2');
  });

  it('chain refuses malformed options and a missing file with a hint', async () => {
    for (const [args, hint] of [
      [['deploy', '--salt', '0x12'], '--help'],
      [['deploy', '--key-file', 'chorus-deployment.json'], 'CHORUS_PRIVATE_KEY'],
      [['status', '--deployment', 'none.json'], 'chorus chain deploy'],
    ] as const) {
      const { code, stderr } = await chorus(...args);
      expect(code).toBe(64);
      expect(stderr).toContain(hint);
    }
  });
});
