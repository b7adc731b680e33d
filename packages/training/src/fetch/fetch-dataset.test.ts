import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CATALOGUE, type CatalogueEntry, type FetchableDataset } from './catalogue.ts';
import { download } from './download.ts';
import { fetchDataset, fetchFiles } from './fetch-dataset.ts';

const content = randomBytes(100_000);
const sha256 = createHash('sha256').update(content).digest('hex');
const file = { name: 'digits.gz', bytes: content.length, sha256 };
const entry: CatalogueEntry = { mirrors: [], files: [file] };

let dir: string;
let server: Server;
let url: string;
let requests: (string | undefined)[];
let answer: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** A proper server of `bytes`, with ranges. */
function serve(bytes: Buffer) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (from >= bytes.length) return void response.writeHead(416).end();
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': bytes.length - from });
    response.end(bytes.subarray(from));
  };
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'chorus-fetch-'));
  requests = [];
  answer = serve(content);
  server = createServer((request, response) => {
    requests.push(request.headers.range);
    void answer(request, response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  await rm(dir, { recursive: true, force: true });
});

const fetched = () => readFile(join(dir, file.name));

describe('fetchDataset', () => {
  it('fetchDataset downloads the file, reports progress up to its end, and leaves nothing else', async () => {
    const progress: number[] = [];
    await fetchFiles(entry, dir, {
      baseUrl: url,
      onProgress: (bytes, total) => progress.push(bytes / total),
    });
    expect(await fetched()).toEqual(content);
    expect(await readdir(dir)).toEqual([file.name]);
    expect(progress.at(-1)).toBe(1);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  });

  it('fetchDataset does not download a complete file again', async () => {
    await fetchFiles(entry, dir, { baseUrl: url });
    await fetchFiles(entry, dir, { baseUrl: url });
    expect(requests).toHaveLength(1);
  });

  it('fetchDataset replaces a file that is damaged', async () => {
    await writeFile(join(dir, file.name), Buffer.alloc(content.length));
    await fetchFiles(entry, dir, { baseUrl: url });
    expect(await fetched()).toEqual(content);
  });

  it('fetchDataset resumes an earlier download with a range', async () => {
    await writeFile(join(dir, `${file.name}.part`), content.subarray(0, 60_000));
    await fetchFiles(entry, dir, { baseUrl: url });
    expect(requests).toEqual(['bytes=60000-']);
    expect(await fetched()).toEqual(content);
  });

  it('fetchDataset begins again if the server does not support ranges', async () => {
    await writeFile(join(dir, `${file.name}.part`), content.subarray(0, 60_000));
    answer = (_, response) => void response.end(content);
    await fetchFiles(entry, dir, { baseUrl: url });
    expect(await fetched()).toEqual(content);
  });

  it('fetchDataset begins again, once, if the resumed part was of another file', async () => {
    await writeFile(join(dir, `${file.name}.part`), Buffer.alloc(60_000));
    await fetchFiles(entry, dir, { baseUrl: url });
    expect(requests).toEqual(['bytes=60000-', undefined]);
    expect(await fetched()).toEqual(content);
  });

  it('fetchDataset continues after a connection that breaks in the middle', async () => {
    answer = (request, response) => {
      answer = serve(content);
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 30_000), () => setTimeout(() => request.socket.destroy(), 20));
    };
    await fetchFiles(entry, dir, { baseUrl: url });
    expect(requests).toEqual([undefined, 'bytes=30000-']);
    expect(await fetched()).toEqual(content);
  });

  it('fetchDataset continues after a connection that falls silent', async () => {
    answer = (_, response) => {
      answer = serve(content);
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 30_000));
    };
    await download(`${url}${file.name}`, join(dir, file.name), file, { stallMs: 100 });
    expect(requests[1]).toBe('bytes=30000-');
    expect(await fetched()).toEqual(content);
  });

  it('fetchDataset refuses content with another digest, and keeps nothing of it', async () => {
    answer = serve(Buffer.alloc(content.length));
    await expect(fetchFiles(entry, dir, { baseUrl: url })).rejects.toMatchObject({
      code: 'E_DOWNLOAD_DIGEST',
    });
    expect(await readdir(dir)).toEqual([]);
  });

  it('fetchDataset refuses content that is longer than it must be, without storing it', async () => {
    answer = serve(Buffer.concat([content, content]));
    await expect(fetchFiles(entry, dir, { baseUrl: url })).rejects.toMatchObject({
      code: 'E_DOWNLOAD_DIGEST',
    });
    expect(await readdir(dir)).toEqual([]);
  });

  it('fetchDataset gives up on a file that ends too early, keeping what came for a later attempt', async () => {
    answer = serve(content.subarray(0, 40_000));
    await expect(fetchFiles(entry, dir, { baseUrl: url })).rejects.toMatchObject({
      code: 'E_DOWNLOAD_DIGEST',
    });
    answer = (request, response) => {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 10), () => request.socket.destroy());
    };
    await expect(fetchFiles(entry, dir, { baseUrl: url })).rejects.toMatchObject({
      code: 'E_DOWNLOAD_INTERRUPTED',
      hint: expect.stringContaining('resumes'),
    });
  });

  it('fetchDataset reports a permanent status at once', async () => {
    answer = (_, response) => void response.writeHead(404).end('no');
    await expect(fetchFiles(entry, dir, { baseUrl: url })).rejects.toMatchObject({
      code: 'E_DOWNLOAD_STATUS',
      facts: { status: 404 },
    });
    expect(requests).toHaveLength(1);
  });

  it('fetchDataset waits for a server in trouble', async () => {
    answer = (_, response) => {
      answer = serve(content);
      response.writeHead(503).end();
    };
    await fetchFiles(entry, dir, { baseUrl: url });
    expect(await fetched()).toEqual(content);
  });

  it('fetchDataset tries the next mirror', async () => {
    const mirrors = [`${url}absent/`, url];
    answer = (request, response) => {
      if (request.url!.includes('absent')) response.writeHead(404).end();
      else serve(content)(request, response);
    };
    await fetchFiles({ ...entry, mirrors }, dir, {});
    expect(await fetched()).toEqual(content);
  });

  it('fetchDataset stops when aborted, and can be resumed', async () => {
    const abort = new AbortController();
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 30_000), () => setTimeout(() => abort.abort(), 50));
    };
    await expect(fetchFiles(entry, dir, { baseUrl: url, signal: abort.signal })).rejects.toThrow();
    answer = serve(content);
    await fetchFiles(entry, dir, { baseUrl: url });
    expect(requests.at(-1)).toBe('bytes=30000-');
    expect(await fetched()).toEqual(content);
  });

  it('fetchDataset knows MNIST and Fashion-MNIST by size and digest, and nothing else', async () => {
    for (const known of Object.values(CATALOGUE)) {
      expect(known.files.map((f) => f.name).sort()).toEqual([
        't10k-images-idx3-ubyte.gz',
        't10k-labels-idx1-ubyte.gz',
        'train-images-idx3-ubyte.gz',
        'train-labels-idx1-ubyte.gz',
      ]);
      expect(known.files.every((f) => /^[0-9a-f]{64}$/.test(f.sha256) && f.bytes > 0)).toBe(true);
    }
    for (const name of ['toString', 'cifar'] as string[] as FetchableDataset[]) {
      await expect(fetchDataset(name, { cacheDir: dir })).rejects.toMatchObject({
        code: 'E_DATASET_UNKNOWN',
      });
    }
  });

  it('fetchDataset puts each data set into a folder of the cache, refusing a mirror with other content', async () => {
    await expect(fetchDataset('mnist', { cacheDir: join(dir, 'a'), baseUrl: url })).rejects.toMatchObject({
      code: 'E_DOWNLOAD_DIGEST',
    });
    expect(await readdir(join(dir, 'a'))).toEqual(['mnist']);
  });
});

const DATA = process.env.CHORUS_DATA ?? new URL('../../../../../shared/data', import.meta.url).pathname;

describe('real MNIST files (skipped where CHORUS_DATA has none)', () => {
  it('real MNIST files (skipped if CHORUS_DATA has none) have the digests of the catalogue', async (context) => {
    const source = join(DATA, 'mnist');
    const whole = CATALOGUE.mnist.files.filter((f) => f.name.startsWith('t10k'));
    for (const { name, bytes } of whole) {
      if ((await stat(join(source, name)).catch(() => undefined))?.size !== bytes) return context.skip();
    }
    const cache = join(dir, 'mnist');
    await mkdir(cache);
    answer = async (request, response) =>
      serve(await readFile(join(source, request.url!)))(request, response);
    await fetchFiles({ mirrors: [], files: whole }, cache, { baseUrl: url });
    expect((await readdir(cache)).sort()).toEqual(whole.map((f) => f.name).sort());
  });
});
