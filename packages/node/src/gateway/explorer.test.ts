import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ENDPOINTS, type TaskDetail, type TaskSummary } from '@chorus/admin-api';
import { EXPLORER_ENDPOINTS } from '@chorus/admin-api/explorer';
import { taskRoutes } from '@chorus/admin-api/routes';
import { ChorusError } from '@chorus/protocol';
import { OpenAPIHono } from '@hono/zod-openapi';
import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { timeout } from 'hono/timeout';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AdminEnv } from '../admin/env.ts';
import { gatewayConfigSchema } from '../config/gateway-config.ts';
import type { GatewayEnv } from './env.ts';
import { explorerApp } from './explorer.ts';
import { type GatewayServer, startGateway } from './server.ts';

const ADDRESS = `0x${'ab'.repeat(20)}`;
const summary: TaskSummary = {
  ...{ id: '7', name: 'digits', status: 'running', round: 2, rounds: 5, phase: 'commit', deadline: null },
  ...{ roles: ['trainer'], owner: true, duty: 'commit an update', token: ADDRESS, decimals: 18 },
  ...{ stake: '1000', leaving: false },
  activity: { stage: 'train', round: 2, since: '2026-01-01T00:00:00.000Z', fraction: 0.5 },
};
const detail: TaskDetail = {
  ...summary,
  ...{ ownerAddress: ADDRESS, budget: '5', remaining: '4', stakePerMember: '1000', trainers: [ADDRESS] },
  ...{ validators: [], aggregators: [], dimension: 10, model: null, modelBytes: null, terms: null },
  ...{ computedThrough: 1, committed: 0, waitsFor: 'updates' },
};

let folder: string;
let server: GatewayServer;
/** What reached the area. */
const reached: string[] = [];
/** Holds answers back until it resolves. */
let held: Promise<void> = Promise.resolve();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-explorer-'));
  await mkdir(join(folder, 'assets'));
  await writeFile(join(folder, 'index.html'), '<!doctype html>');
  await writeFile(join(folder, 'assets', 'index-a.js'), 'run()');
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(async () => {
  reached.length = 0;
  held = Promise.resolve();
  await server.close();
});

async function start(): Promise<string> {
  const area = new OpenAPIHono<AdminEnv>()
    .openapi(taskRoutes.tasks, async (c) => {
      reached.push('tasks');
      const refused = {
        taskId: '9',
        code: 'E_TASK_BUDGET',
        message: 'no',
        hint: null,
        at: '2026-01-01T00:00:00.000Z',
      };
      return c.json({ tasks: [summary], refused: [refused] }, 200);
    })
    .openapi(taskRoutes.task, async (c) => {
      const { id } = c.req.valid('param');
      reached.push(`task ${id}`);
      await held;
      if (id === '404') {
        const about = { facts: { said: 'of http://10.0.0.1' }, hint: 'chorus status' };
        throw new ChorusError('E_CHAIN_UNKNOWN_TASK', 'the chain has no such task', about);
      }
      return c.json({ ...detail, id }, 200);
    })
    .openapi(taskRoutes.join, (c) => {
      reached.push('join');
      return c.json({ taskId: '7', outcome: 'joined', reason: null } as const, 200);
    });
  server = await startGateway({
    config: gatewayConfigSchema.parse({
      ...{ enabled: true, explorer: true, requestsPerMinute: 10_000 },
      allowedOrigins: ['https://pages.example'],
    }),
    apps: [explorerApp({ areas: [area], page: folder })],
    onError: (error) => expect.unreachable(String(error)),
  });
  return `${server.url}/explorer`;
}

const codeOf = async (response: Response) => {
  const { code } = (await response.json()) as { code: string };
  return [response.status, code];
};

describe('the explorer', () => {
  it('everyone reads tasks, and not what this node has to do with them', async () => {
    const url = await start();
    const list = await (await fetch(`${url}/v1/tasks`)).json();
    const neutral = { roles: [], owner: false, duty: null, activity: null, stake: '0', leaving: false };
    expect(list).toEqual({ tasks: [{ ...summary, ...neutral }], refused: [] });
    const one = await (await fetch(`${url}/v1/tasks/7`)).json();
    expect(one).toEqual({ ...detail, ...neutral, computedThrough: null });
  });

  it('nothing else of the admin API is there, by any method', async () => {
    const url = await start();
    const listed = new Set(EXPLORER_ENDPOINTS.map(({ endpoint }) => endpoint.operationId));
    let tried = 0;
    for (const { operationId, method, path } of Object.values(ENDPOINTS)) {
      const asked = `${url}${path.replace(/\{\w+\}/g, '7')}`;
      for (const each of new Set([method, 'post', 'put', 'delete'])) {
        if (each === 'get' && listed.has(operationId)) continue;
        // A question with the same path is listed.
        if (each === 'get' && EXPLORER_ENDPOINTS.some(({ endpoint }) => endpoint.path === path)) continue;
        const init = { method: each.toUpperCase(), ...(each === 'get' ? {} : { body: '{}' }) };
        expect(await codeOf(await fetch(asked, init)), `${each} ${path}`).toEqual([
          404,
          'E_GATEWAY_UNKNOWN_PATH',
        ]);
        tried++;
      }
    }
    expect(tried).toBeGreaterThan(100);
    for (const path of [
      '/v1/tasks/7/',
      '/v1/tasks/7/../../status',
      '/v1/tasks//7',
      '/v1/%73tatus',
      '/nothing',
    ])
      expect((await fetch(`${url}${path}`)).status, path).toBeOneOf([200, 404]);
    expect(reached).not.toContain('join');
  });

  it('the page runs its own files, and nothing else of the gateway runs any', async () => {
    const url = await start();
    const page = await fetch(`${url}/`);
    expect([page.status, await page.text()]).toEqual([200, '<!doctype html>']);
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    const asset = await fetch(`${url}/assets/index-a.js`);
    expect([asset.status, await asset.text()]).toEqual([200, 'run()']);
    const data = await fetch(`${url}/v1/tasks`);
    expect(data.headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
    const short = await fetch(url, { redirect: 'manual' });
    expect([short.status, short.headers.get('location')]).toEqual([302, '/explorer/']);
    expect((await fetch(`${url}/assets/..%2findex.html`)).status).toBe(404);
  });

  it('what many ask for is read once, and what cannot be read is refused to each', async () => {
    const url = await start();
    const all = await Promise.all(Array.from({ length: 50 }, () => fetch(`${url}/v1/tasks/7`)));
    expect(all.map(({ status }) => status)).toEqual(all.map(() => 200));
    expect(reached).toEqual(['task 7']);
    expect(await codeOf(await fetch(`${url}/v1/tasks/404`))).toEqual([404, 'E_CHAIN_UNKNOWN_TASK']);
    expect(await codeOf(await fetch(`${url}/v1/tasks/404`))).toEqual([404, 'E_CHAIN_UNKNOWN_TASK']);
    expect((await fetch(`${url}/v1/tasks/seven`)).status).toBe(400);
  });

  it('what fails is read once for all who wait for it, and says nothing that is for the owner', async () => {
    const url = await start();
    let release = () => {};
    held = new Promise((resolve) => {
      release = resolve;
    });
    const all = Array.from({ length: 60 }, () => fetch(`${url}/v1/tasks/404`));
    await expect.poll(() => reached.length).toBe(1);
    // All of them wait by then.
    await fetch(`${url}/v1/tasks`);
    release();
    const title = 'the chain has no such task';
    const refused = { type: 'about:blank', title, status: 404, code: 'E_CHAIN_UNKNOWN_TASK' };
    for (const response of await Promise.all(all)) {
      expect(await response.json()).toEqual(refused);
      expect(response.headers.get('content-type')).toBe('application/problem+json');
    }
    expect(reached.filter((each) => each === 'task 404').length).toBeLessThan(10);
    expect(await (await fetch(`${url}/v1/tasks/seven`)).json()).toEqual({
      ...{ type: 'about:blank', status: 400, code: 'E_ADMIN_BAD_REQUEST' },
      title: expect.any(String),
    });
  });

  it('no way to write the same question reaches an area twice', async () => {
    const url = await start();
    for (const path of ['tasks', 'tasks/', 'tasks?a=1', 'tasks?token=x&a=2', 't%61sks', '%74asks']) {
      const response = await fetch(`${url}/v1/${path}`);
      expect([response.status, response.headers.get('content-type')], path).toEqual([
        200,
        'application/json',
      ]);
      await response.body?.cancel();
    }
    expect(reached).toEqual(['tasks']);
    for (const path of ['Tasks', 'tasks//7', 'tasks%2f7', '/tasks', `tasks/${'7'.repeat(5_000)}`])
      expect((await fetch(`${url}/v1/${path}`)).status, path).toBeOneOf([400, 404]);
    expect((await fetch(`${url}/v1/tasks`, { method: 'HEAD' })).status).toBe(404);
    expect((await fetch(`${url}/v1/tasks`, { method: 'OPTIONS' })).status).toBe(404);
    expect(reached).toEqual(['tasks']);
  });

  it('all strangers together can make it read so much in a minute, and no more', async () => {
    const url = await start();
    const statuses: number[] = [];
    for (let i = 0; i < 300; i++) statuses.push((await fetch(`${url}/v1/tasks/${1_000 + i}`)).status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(240);
    expect(statuses.at(-1)).toBe(429);
    expect(reached).toHaveLength(240);
    // What was read lately is still given to all.
    expect((await fetch(`${url}/v1/tasks/1239`)).status).toBe(200);
  });

  it('pages of allowed origins may read each answer, also one that is shared, and no others may', async () => {
    const url = await start();
    const from = (origin: string, id: string) => fetch(`${url}/v1/tasks/${id}`, { headers: { origin } });
    for (const id of ['7', '7', '404']) {
      const { headers } = await from('https://pages.example', id);
      expect(headers.get('access-control-allow-origin')).toBe('https://pages.example');
      expect(headers.get('vary')).toContain('Origin');
      expect((await from('https://evil.example', id)).status).toBe(403);
    }
    expect((await fetch(`${url}/v1/tasks/7`)).headers.get('access-control-allow-origin')).toBeNull();
  });

  it('a stranger who asks for much at once waits, and others get 429', async () => {
    const url = await start();
    let release = () => {};
    held = new Promise((resolve) => {
      release = resolve;
    });
    const slow = Array.from({ length: 3 }, (_, i) => fetch(`${url}/v1/tasks/${100 + i}`));
    await expect.poll(() => reached.length).toBe(3);
    expect(await codeOf(await fetch(`${url}/v1/tasks/7`))).toEqual([429, 'E_GATEWAY_BUSY']);
    // What is of another kind does not wait for them.
    expect((await fetch(`${url}/v1/tasks`)).status).toBe(200);
    release();
    expect((await Promise.all(slow)).map(({ status }) => status)).toEqual(Array(3).fill(200));
    expect((await fetch(`${url}/v1/tasks/7`)).status).toBe(200);
  });
});

it('a question that takes too long is refused as one, and is no failure of the node', async () => {
  const late = () =>
    new HTTPException(504, {
      cause: new ChorusError('E_ADMIN_TIMEOUT', 'the node takes too long to answer'),
    });
  const slow = new Hono<GatewayEnv>().get('/slow', timeout(10, late), () => new Promise<Response>(() => {}));
  server = await startGateway({
    config: gatewayConfigSchema.parse({ enabled: true }),
    apps: [slow],
    onError: () => {},
  });
  expect(await codeOf(await fetch(`${server.url}/slow`))).toEqual([504, 'E_ADMIN_TIMEOUT']);
});

it('without the setting nothing of it is served', async () => {
  server = await startGateway({
    config: gatewayConfigSchema.parse({ enabled: true }),
    apps: [],
    onError: () => {},
  });
  for (const path of ['/explorer', '/explorer/', '/explorer/v1/tasks'])
    expect((await fetch(`${server.url}${path}`)).status, path).toBe(404);
});
