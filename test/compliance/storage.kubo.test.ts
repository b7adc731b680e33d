import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hasCode } from '@chorus/protocol';
import { createKuboStorage } from '@chorus/storage';
import { afterEach, describe, expect, test } from 'vitest';
import { cutByHand } from '../twins/storage.ts';
import { describeStorage } from './storage.ts';

/** What fake daemons can fetch from each other. */
class FakeSwarm {
  readonly daemons = new Set<FakeKubo>();

  async find(cid: string, signal: AbortSignal): Promise<Buffer | undefined> {
    while (!signal.aborted) {
      for (const daemon of this.daemons) {
        const block = daemon.blocks.get(cid);
        if (block) return block;
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return undefined;
  }
}

/**
 * The few endpoints of Kubo's RPC API (docs.ipfs.tech/reference/kubo/rpc) that storage uses, with Kubo's status
 * codes and error bodies. No Kubo binary is needed, and none is started.
 */
class FakeKubo {
  readonly blocks = new Map<string, Buffer>();
  readonly requests: string[] = [];
  authorization: string | undefined;
  readonly #pins = new Map<string, string[]>();
  readonly #links = new Map<string, string[]>();
  readonly #server: Server;
  readonly #swarm: FakeSwarm;
  /** Damages what `block/get` returns. */
  corrupt = false;

  private constructor(swarm: FakeSwarm) {
    this.#swarm = swarm;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: Error) => {
        response.writeHead(500, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ Message: error.message, Code: 0, Type: 'error' }));
      });
    });
    swarm.daemons.add(this);
  }

  static async start(swarm: FakeSwarm): Promise<FakeKubo> {
    const daemon = new FakeKubo(swarm);
    await new Promise<void>((resolve) => daemon.#server.listen(0, '127.0.0.1', resolve));
    return daemon;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#swarm.daemons.delete(this);
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.authorization = request.headers.authorization;
    const url = new URL(request.url ?? '/', 'http://fake');
    const args = url.searchParams.getAll('arg');
    const cid = args[0] ?? '';
    this.requests.push(`${url.pathname.replace('/api/v0/', '')}?${url.searchParams}`);
    if (request.method !== 'POST') throw new Error('405');
    const body: Buffer[] = [];
    for await (const part of request) body.push(part as Buffer);
    const json = (...lines: unknown[]) => {
      response.setHeader('content-type', 'application/json');
      response.end(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    };
    switch (url.pathname.replace('/api/v0/', '')) {
      case 'version':
        return json({ Version: '0.40.0', Commit: '', Repo: '18', System: '', Golang: '' });
      case 'add': {
        const file = firstPart(Buffer.concat(body), request.headers['content-type'] ?? '');
        const chunker = /^size-(\d+)$/.exec(url.searchParams.get('chunker') ?? '')?.[1];
        const { root, blocks } = cutByHand(file, Number(chunker ?? 262144));
        for (const block of blocks) {
          this.blocks.set(block.cid, Buffer.from(block.bytes));
          this.#links.set(block.cid, block.links);
        }
        if (url.searchParams.get('pin') === 'true') this.#pins.set(root, [...this.#below(root)]);
        return json({ Name: root, Hash: root, Size: `${file.length}` });
      }
      case 'block/get': {
        const gone = new AbortController();
        response.on('close', () => gone.abort());
        const local = url.searchParams.get('offline') === 'true';
        const block = this.blocks.get(cid) ?? (local ? undefined : await this.#swarm.find(cid, gone.signal));
        if (!block) throw new Error('block was not found locally (offline): ipld: could not find');
        this.blocks.set(cid, block);
        for (const daemon of this.#swarm.daemons)
          this.#links.set(cid, daemon.#links.get(cid) ?? this.#links.get(cid) ?? []);
        return void response.end(this.corrupt ? Buffer.concat([block, Buffer.from('!')]) : block);
      }
      case 'block/stat': {
        const block = this.blocks.get(cid);
        if (!block) throw new Error('block was not found locally (offline): ipld: could not find');
        return json({ Key: cid, Size: block.length });
      }
      case 'block/rm': {
        const pinned = new Set([...this.#pins.values()].flat());
        const lines = args.map((arg) => {
          if (pinned.has(arg)) return { Hash: arg, Error: 'pinned: recursive' };
          this.blocks.delete(arg);
          return { Hash: arg };
        });
        return json(...lines);
      }
      case 'pin/add':
        this.#pins.set(cid, [...this.#below(cid)]);
        return json({ Pins: [cid] });
      case 'pin/rm':
        if (!this.#pins.delete(cid)) throw new Error('not pinned or pinned indirectly');
        return json({ Pins: [cid] });
      case 'swarm/connect':
        return json({ Strings: [`connect ${cid} success`] });
      default:
        response.writeHead(404).end('404 page not found');
    }
  }

  *#below(cid: string): Generator<string> {
    yield cid;
    for (const link of this.#links.get(cid) ?? []) yield* this.#below(link);
  }
}

/** The content of the first part of a multipart body (RFC 2046). */
function firstPart(body: Buffer, contentType: string): Buffer {
  const boundary = `--${/boundary="?([^";]+)/.exec(contentType)?.[1] ?? ''}`;
  const start = body.indexOf('\r\n\r\n', body.indexOf(boundary)) + 4;
  return body.subarray(start, body.indexOf(`\r\n${boundary}`, start));
}

describeStorage('a Kubo daemon over RPC', async (count) => {
  const swarm = new FakeSwarm();
  const daemons = await Promise.all(Array.from({ length: count }, () => FakeKubo.start(swarm)));
  const nodes = await Promise.all(
    daemons.map(async (daemon, i) => ({
      storage: await createKuboStorage({ url: daemon.url }),
      peerId: `peer${i}`,
    })),
  );
  return { nodes, close: async () => void (await Promise.all(daemons.map((daemon) => daemon.stop()))) };
});

describe('a Kubo daemon', () => {
  let daemon: FakeKubo | undefined;
  afterEach(async () => {
    await daemon?.stop();
    daemon = undefined;
  });
  const ask = { maxBytes: 1000, timeoutMs: 2000 };
  const bytes = new TextEncoder().encode('what a daemon holds');

  test('is told how to cut files, to pin them, and which peers to reach', async () => {
    daemon = await FakeKubo.start(new FakeSwarm());
    const storage = await createKuboStorage({ url: daemon.url });
    const cid = await storage.put(bytes);
    await storage.get(cid, { ...ask, from: ['12D3KooWPeer'] });
    const add = daemon.requests.find((line) => line.startsWith('add?')) ?? '';
    for (const option of [
      'cid-version=1',
      'raw-leaves=true',
      'chunker=size-1048576',
      'pin=true',
      'max-file-links=1024',
    ]) {
      expect(add).toContain(option);
    }
    expect(
      daemon.requests.some((line) => line.startsWith('swarm/connect?') && line.includes('12D3KooWPeer')),
    ).toBe(true);
    await storage.close();
  });

  test('that returns another block than asked for is not believed', async () => {
    daemon = await FakeKubo.start(new FakeSwarm());
    const storage = await createKuboStorage({ url: daemon.url });
    const cid = await storage.put(bytes);
    daemon.corrupt = true;
    await expect(storage.get(cid, ask)).rejects.toSatisfy((e) => hasCode(e, 'E_STORAGE_KUBO'));
    await storage.close();
  });

  test('gets the user and password of its address as basic authorization', async () => {
    daemon = await FakeKubo.start(new FakeSwarm());
    const storage = await createKuboStorage({ url: daemon.url.replace('//', '//user:p%40ss@') });
    await storage.put(bytes);
    expect(daemon.authorization).toBe(`Basic ${Buffer.from('user:p@ss').toString('base64')}`);
    await storage.close();
  });

  test('that does not answer is named as such, without the password in its address', async () => {
    daemon = await FakeKubo.start(new FakeSwarm());
    const { url } = daemon;
    const storage = await createKuboStorage({ url });
    await daemon.stop();
    await expect(storage.put(bytes)).rejects.toSatisfy((e) => hasCode(e, 'E_STORAGE_KUBO'));
    await expect(storage.has(await storage.cidOf(bytes))).rejects.toSatisfy((e) =>
      hasCode(e, 'E_STORAGE_KUBO'),
    );
    await storage.close();
    const refused = await createKuboStorage({ url: url.replace('//', '//user:secret@') }).catch(
      (e: unknown) => e,
    );
    expect(hasCode(refused, 'E_STORAGE_KUBO')).toBe(true);
    expect(JSON.stringify((refused as { facts: object }).facts)).not.toContain('secret');
  });
});
