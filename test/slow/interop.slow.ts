import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { createNetwork, type LibP2pNetwork } from '@chorus/network';
import { createHeliaStorage, createKuboStorage, type HeliaStorage } from '@chorus/storage';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

/**
 * Payloads and stock IPFS implementations. Neither is a dependency: Helia alone would add 100 MB to every
 * installation. They are used where they are found:
 *
 * - Helia: `CHORUS_HELIA`, a folder in which `helia` and `@helia/unixfs` are installed;
 * - Kubo: `CHORUS_KUBO`, or `ipfs` on the PATH.
 */
const heliaFolder = process.env.CHORUS_HELIA;
const kubo = process.env.CHORUS_KUBO ?? 'ipfs';
const kuboVersion = await promisify(execFile)(kubo, ['--version']).then(
  ({ stdout }) => stdout.trim(),
  () => null,
);
if (!heliaFolder)
  console.warn('skipped: stock Helia (set CHORUS_HELIA to a folder with helia and @helia/unixfs installed)');
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

/** What of Helia is used here. */
interface Helia {
  libp2p: { dial(address: unknown): Promise<unknown>; getMultiaddrs(): { toString(): string }[] };
  stop(): Promise<void>;
}
interface Unixfs {
  cat(cid: unknown): AsyncIterable<Uint8Array>;
  addBytes(bytes: Uint8Array, options?: object): Promise<{ toString(): string }>;
}

describe.skipIf(!heliaFolder)('stock Helia', () => {
  let helia: Helia;
  let fs: Unixfs;
  const load = async (name: string) => {
    const require = createRequire(join(resolve(heliaFolder!), 'package.json'));
    return (await import(pathToFileURL(require.resolve(name)).href)) as Record<
      string,
      (...args: unknown[]) => unknown
    >;
  };
  beforeEach(async () => {
    const libp2p = { addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] }, peerDiscovery: [] };
    const made = (await load('helia')).createHelia!({ libp2p }) as Helia & { start?(): Promise<void> };
    helia = await made;
    await made.start?.();
    fs = (await load('@helia/unixfs')).unixfs!(helia) as Unixfs;
  });
  afterEach(async () => {
    await helia.stop();
  });

  test.each([100_000, 3_500_000])('fetches a payload of %i bytes from a node', async (size) => {
    const { multiaddr } = await load('@multiformats/multiaddr');
    const { CID } = (await load('multiformats/cid')) as unknown as { CID: { parse(text: string): unknown } };
    const bytes = new Uint8Array(randomBytes(size));
    const cid = await storage.put(bytes);
    await helia.libp2p.dial(multiaddr!(network.multiaddrs()[0]));
    const parts: Uint8Array[] = [];
    for await (const part of fs.cat(CID.parse(cid))) parts.push(part);
    expect(Buffer.concat(parts).equals(bytes)).toBe(true);
  });

  test('cuts a file as we do where it is told to, and a node fetches it from there', async () => {
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
