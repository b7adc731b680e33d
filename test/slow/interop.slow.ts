import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createNetwork, type LibP2pNetwork } from '@chorus/network';
import { createHeliaStorage, createKuboStorage, type HeliaStorage } from '@chorus/storage';
import { unixfs } from '@helia/unixfs';
import { multiaddr } from '@multiformats/multiaddr';
import { createHelia } from 'helia';
import { CID } from 'multiformats/cid';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

/** Payloads and stock IPFS implementations: Helia, and Kubo where it is found (`CHORUS_KUBO`, or `ipfs` on the PATH). */
const kubo = process.env.CHORUS_KUBO ?? 'ipfs';
const kuboVersion = await promisify(execFile)(kubo, ['--version']).then(
  ({ stdout }) => stdout.trim(),
  () => null,
);
if (!kuboVersion) console.warn('skipped: Kubo (no ipfs on the PATH; or set CHORUS_KUBO)');

const ask = { maxBytes: 8_000_000, timeoutMs: 30_000 };

let network: LibP2pNetwork;
let storage: HeliaStorage;
beforeEach(async () => {
  network = await createNetwork();
  storage = await createHeliaStorage({ libp2p: network.libp2p });
});
afterEach(async () => {
  await storage.close();
  await network.close();
});

describe('stock Helia', () => {
  let helia: Awaited<ReturnType<typeof createHelia>>;
  let fs: ReturnType<typeof unixfs>;
  beforeEach(async () => {
    helia = await createHelia({
      libp2p: { addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] }, peerDiscovery: [] },
    });
    await helia.start();
    fs = unixfs(helia);
  });
  afterEach(async () => {
    await helia.stop();
  });

  test.each([100_000, 3_500_000])('fetches a payload of %i bytes from a node', async (size) => {
    const bytes = new Uint8Array(randomBytes(size));
    const cid = await storage.put(bytes);
    await helia.libp2p.dial(multiaddr(network.multiaddrs()[0]!));
    const parts: Uint8Array[] = [];
    for await (const part of fs.cat(CID.parse(cid))) parts.push(part);
    expect(Buffer.concat(parts).equals(bytes)).toBe(true);
  });

  test('cuts a file as we do with our options, and a node fetches it from there', async () => {
    const bytes = new Uint8Array(randomBytes(3_500_000));
    const cid = await fs.addBytes(bytes, { profile: 'unixfs-v1-2025' });
    expect(cid.toString()).toBe(await storage.cidOf(bytes));
    const address = helia.libp2p.getMultiaddrs()[0]!.toString();
    await network.connect(address);
    const from = [address.split('/p2p/')[1]!];
    expect(Buffer.from(await storage.get(cid.toString(), { ...ask, from })).equals(bytes)).toBe(true);
  });
});

describe.skipIf(!kuboVersion)(`Kubo (${kuboVersion ?? 'not found'})`, () => {
  test('fetches a payload from a node, and a node uses it as its storage', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'chorus-kubo-'));
    const env = { ...process.env, IPFS_PATH: folder };
    const ipfs = async (...args: string[]) =>
      (await promisify(execFile)(kubo, args, { env, encoding: 'buffer', maxBuffer: 1e8, timeout: 60_000 }))
        .stdout;
    await ipfs('init', '--profile', 'test');
    const daemon = spawn(kuboVersion ? kubo : 'false', ['daemon'], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await new Promise<void>((ready, failed) => {
        daemon.once('exit', () => failed(new Error('the daemon ended')));
        daemon.stdout.on('data', (text) => String(text).includes('Daemon is ready') && ready());
      });
      const bytes = new Uint8Array(randomBytes(3_500_000));
      const cid = await storage.put(bytes);
      await ipfs('swarm', 'connect', network.multiaddrs()[0]!);
      expect((await ipfs('cat', cid)).equals(bytes)).toBe(true);
      const api = String(await ipfs('config', 'Addresses.API')).trim();
      const [, , host, , port] = api.split('/');
      const kuboStorage = await createKuboStorage({ url: `http://${host}:${port}` });
      const other = new Uint8Array(randomBytes(2_500_000));
      const put = await kuboStorage.put(other);
      expect(put).toBe(await storage.cidOf(other));
      const [peer] = network.peers();
      expect(Buffer.from(await storage.get(put, { ...ask, from: [peer!] })).equals(other)).toBe(true);
      await kuboStorage.close();
    } finally {
      daemon.kill();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
