import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cutByHand } from './storage.ts';

/** What fake daemons can fetch from each other. */
export class FakeSwarm {
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
export class FakeKubo {
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

  /** CIDs of the pinned files. */
  get pinned(): string[] {
    return [...this.#pins.keys()];
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
