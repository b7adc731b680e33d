import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { openProvider } from '../rpc/rpc.ts';
import { devnetKeys, startDevnet } from './devnet.ts';

const answers = (url: string): Promise<boolean> =>
  openProvider(url).then(
    ({ provider }) => {
      provider.destroy();
      return true;
    },
    () => false,
  );

describe('the development chain', () => {
  it('the development chain starts on a free port with funded, publicly known accounts, and is gone after close', async () => {
    const devnet = await startDevnet({ accounts: 3 });
    expect(devnet.chainId).toBe(31337);
    expect(devnet.privateKeys).toEqual(devnetKeys(3));
    // The first account of every Ethereum development chain.
    expect(devnet.privateKeys[0]).toBe('0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80');
    const { provider } = await openProvider(devnet.url);
    const rich = await provider.getBalance('0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266');
    provider.destroy();
    expect(rich).toBe(10_000n * 10n ** 18n);
    await devnet.close();
    expect(await answers(devnet.url)).toBe(false);
    await devnet.close();
  });

  it('the development chain ends with the process that started it, even if that is killed', async () => {
    const module = fileURLToPath(new URL('./devnet.ts', import.meta.url));
    const script = `
      import { startDevnet } from ${JSON.stringify(module)};
      console.log((await startDevnet()).url);
      setInterval(() => {}, 1000);`;
    const args = ['--conditions=@chorus/source', '--input-type=module', '-e', script];
    const parent = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [output] = (await once(parent.stdout, 'data')) as [Buffer];
    const url = output.toString().trim();
    expect(await answers(url)).toBe(true);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    await vi.waitUntil(async () => !(await answers(url)), { timeout: 5_000 });
  });

  it('the development chain keeps its state in a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'chorus-devnet-'));
    try {
      const stateFile = join(folder, 'chain.json');
      const first = await startDevnet({ stateFile, accounts: 1 });
      const address = '0x00000000000000000000000000000000000c0de5';
      const one = await openProvider(first.url);
      await one.provider.send('anvil_setBalance', [address, '0x2a']);
      await one.provider.send('evm_mine', []);
      one.provider.destroy();
      await first.close();
      expect((await stat(stateFile)).size).toBeGreaterThan(0);
      const second = await startDevnet({ stateFile, accounts: 1 });
      const two = await openProvider(second.url);
      expect(await two.provider.getBalance(address)).toBe(42n);
      expect(await two.provider.getBlockNumber()).toBe(1);
      two.provider.destroy();
      await second.close();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('the development chain reports a port in use, and leaves nothing behind', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    try {
      await expect(startDevnet({ port })).rejects.toMatchObject({ code: 'E_CHAIN_DEVNET', facts: { port } });
    } finally {
      server.close();
    }
  });

  it('the development chain has 1 to 256 accounts', async () => {
    for (const accounts of [0, 257, 1.5]) {
      await expect(startDevnet({ accounts })).rejects.toMatchObject({ code: 'E_CHAIN_INVALID_PARAMS' });
    }
  });
});
