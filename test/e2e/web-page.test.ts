import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { type AskedEvent, createAdminClient, readAdmin } from '@chorus/admin-api';
import { createNode, defineConfig, parseConfig, readNodeKey, writeNewNodeKey } from '@chorus/node';
import { agents } from '@chorus/service-agents';
import { AGENTS_SECTION } from '@chorus/service-agents/config';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { outcomeOf, startChorus } from '../../apps/cli/src/testing/chorus-process.ts';
import { type MockOpenAi, mockOpenAi } from '../../packages/inference/src/testing/mock-openai.ts';
import { MemoryChain, MemoryLedger } from '../twins/chain.ts';
import { MemoryHub } from '../twins/network.ts';
import { MemorySwarm } from '../twins/storage.ts';

let folder: string;
let endpoint: MockOpenAi;
let close: () => Promise<void>;
/** The address of the page. */
let url: string;
let token: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-web-'));
  endpoint = await mockOpenAi();
  const page = join(folder, 'page');
  await buildPage(page);
  const { peerId } = (await readNodeKey(folder)) ?? (await writeNewNodeKey(folder));
  const ledger = new MemoryLedger();
  const chain = { url: 'http://127.0.0.1:1', contract: ledger.contract };
  const node = await createNode({
    config: parseConfig(defineConfig([AGENTS_SECTION]), { dataDir: folder, chain }, 'test'),
    services: { agents: agents() },
    page,
    ports: {
      chain: new MemoryChain(ledger, `0x${'1'.padStart(64, '0')}`),
      network: new MemoryHub().create(peerId),
      storage: new MemorySwarm().create(),
    },
  });
  close = () => node.close();
  ({ url, token } = await readAdmin(folder));
});
afterAll(async () => {
  await close?.();
  await endpoint?.close();
  await rm(folder, { recursive: true, force: true });
});

/** In a process of its own: the types of Vite are those of a browser, and would hold for all tests. */
async function buildPage(outDir: string): Promise<void> {
  const web = fileURLToPath(new URL('../../apps/web/', import.meta.url));
  const vite = createRequire(join(web, 'package.json')).resolve('vite/package.json');
  const args = ['build', '--outDir', outDir, '--logLevel', 'warn'];
  // As everyone builds it: in a test, Vite would build for its own development.
  const env = { ...process.env, NODE_ENV: 'production' };
  await promisify(execFile)(process.execPath, [join(dirname(vite), 'bin/vite.js'), ...args], {
    cwd: web,
    env,
  });
}

/** An agent file, whose model is a scenario of the mock endpoint. */
async function agentFile(name: string, scenario: string): Promise<string> {
  const file = join(folder, `${name}.yaml`);
  const model = `{ openai: { url: "${endpoint.url}", name: ${scenario} } }`;
  await writeFile(file, `chorus: agent/1\nname: ${name}\nmodel: ${model}\n`);
  return file;
}

/** A request whose path and headers arrive as they are given. */
function raw(path: string, headers: Record<string, string> = {}): Promise<{ status: number; body: string }> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    request({ hostname, port, path, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode!, body }));
    })
      .on('error', reject)
      .end();
  });
}

describe('the web page of a node', () => {
  it('every file that the page names is served, without a token and without a word from elsewhere', async () => {
    const response = await fetch(url);
    expect(response.status).toBe(200);
    const policy = response.headers.get('content-security-policy')!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(response.headers.get('x-frame-options')).toBe('DENY');
    expect(response.headers.get('referrer-policy')).toBe('no-referrer');
    expect(response.headers.get('cache-control')).toBe('no-cache');
    const html = await response.text();
    // The policy allows neither inline scripts nor inline styles.
    expect(html).not.toMatch(/<script(?![^>]* src=)|<style|https?:\/\//);
    const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!);
    expect(files.length).toBeGreaterThanOrEqual(3);
    for (const path of files) {
      expect(path).toMatch(/^\.\/assets\//);
      const file = await fetch(new URL(path, url));
      expect(file.status, path).toBe(200);
      expect(file.headers.get('cache-control'), path).toContain('immutable');
      expect(gzipSync(await file.arrayBuffer()).length, path).toBeLessThan(60_000);
    }
  });

  it('all that the page ever loads is less than a photograph, and holds nothing that only a node needs', async () => {
    const names = await readdir(join(folder, 'page/assets'));
    let bytes = 0;
    for (const name of names) {
      const file = await fetch(new URL(`/assets/${name}`, url));
      expect(file.status, name).toBe(200);
      expect(file.headers.get('content-security-policy'), name).toContain("script-src 'self'");
      const text = await file.text();
      bytes += text.length;
      // Files, threads and WebAssembly of the packages that the checks of a round are bundled from, and their schemas.
      const foreign = /__vite-browser-external|["'`]node:|worker_threads|WebAssembly|ZodError/.exec(
        text,
      )?.[0];
      expect(foreign, name).toBeUndefined();
    }
    // The checks are a file of their own, which only a round loads.
    expect(names.filter((name) => /^worker-.*\.js$/.test(name))).toHaveLength(1);
    expect(bytes).toBeLessThan(400_000);
  });

  it('no path leads out of the page, and no other file of it is served', async () => {
    for (const path of [
      '/assets/../admin.json',
      '/assets/../../admin.json',
      '/assets/%2e%2e/%2e%2e/admin.json',
      '/assets/..%2f..%2fadmin.json',
      '//admin.json',
      '/assets/nothing.js',
      '/index.html',
    ]) {
      const { status, body } = await raw(path);
      expect([401, 404], path).toContain(status);
      expect(body, path).not.toContain(token);
    }
  });

  it('pages and names of others get neither the page nor the API, with the token or without', async () => {
    const authorization = `Bearer ${token}`;
    const { host } = new URL(url);
    for (const headers of [
      { host: `rebound.example:${new URL(url).port}` },
      { host, origin: 'https://elsewhere.example' },
      { host, origin: 'http://127.0.0.1:1' },
      { host, origin: 'null' },
    ]) {
      expect((await raw('/', headers)).status).toBe(403);
      expect((await raw('/v1/status', { ...headers, authorization })).status).toBe(403);
    }
    expect((await raw('/v1/status', { host })).status).toBe(401);
    // In the address it does not count: it would be in histories and logs.
    expect((await raw(`/v1/status?token=${token}`, { host })).status).toBe(401);
    expect((await raw('/v1/status', { host, origin: url, authorization })).status).toBe(200);
  });

  it('chorus open gives the address, with the token where a browser sends it to no server', async () => {
    const opened = await outcomeOf(startChorus(['open', '--home', folder, '--json']));
    expect(opened.code).toBe(0);
    const address = new URL(JSON.parse(opened.stdout).url);
    expect([address.origin, address.search, address.hash]).toEqual([url, '', `#token=${token}`]);
  });

  it('the page can ask an agent of this node, and gets the answer in parts', async () => {
    const client = createAdminClient({ url, token });
    const { urls } = await client.startAgent({ file: await agentFile('guide', 'echo') });
    const ask = async (agent: string): Promise<AskedEvent[]> => {
      const parts: AskedEvent[] = [];
      for await (const part of client.askAgent({ agent, text: 'hello', request: crypto.randomUUID() }))
        parts.push(part);
      return parts;
    };
    const parts = await ask(urls.libp2p!);
    expect(parts[0]).toMatchObject({ type: 'task' });
    expect(parts.map((part) => (part.type === 'text' ? part.text : '')).join('')).toContain('echo: hello');
    expect(parts.at(-1)).toMatchObject({ type: 'completed' });
    // What cannot be asked is said in the same way.
    expect(await ask('12345')).toEqual([
      expect.objectContaining({ type: 'problem', code: expect.stringMatching(/^E_/) }),
    ]);
  });

  it('files go with a question, and a question without a word or a file is refused', async () => {
    const client = createAdminClient({ url, token });
    const { urls } = await client.startAgent({ file: await agentFile('reader', 'echo') });
    const data = Buffer.from('what the file says').toString('base64');
    const ask = async (more: object) => {
      const question = { agent: urls.libp2p!, text: '', request: crypto.randomUUID(), ...more };
      const response = await fetch(new URL('/v1/agents/calls/ask', url), {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(question),
      });
      return { status: response.status, text: await response.text() };
    };
    const file = { name: 'a.txt', mediaType: 'text/plain', data };
    const { status, text } = await ask({ text: 'read', files: [file] });
    expect(status).toBe(200);
    expect(text).toContain('what the file says');
    for (const wrong of [
      {},
      { files: [{ ...file, data: 'no base64!' }] },
      { files: [{ ...file, mediaType: 'text' }] },
      { files: Array(5).fill(file) },
      { files: Array(2).fill({ ...file, data: 'A'.repeat(720_000) }) },
    ]) {
      expect((await ask(wrong)).status, JSON.stringify(wrong).slice(0, 80)).toBe(400);
    }
  });

  it('a page that cancels a question, or is closed, ends the work of the agent', async () => {
    const client = createAdminClient({ url, token });
    const { urls } = await client.startAgent({ file: await agentFile('slow', 'silent') });
    const leaving = new AbortController();
    const question = { agent: urls.libp2p!, text: 'hello', request: crypto.randomUUID() };
    const parts = client.askAgent(question, { signal: leaving.signal });
    expect((await parts.next()).value).toMatchObject({ type: 'task' });
    leaving.abort();
    await vi.waitFor(async () => expect((await client.agent('slow')).answers.cancelled).toBe(1), 5_000);
  });
});
