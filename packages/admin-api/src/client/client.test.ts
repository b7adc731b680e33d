import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { createAdminClient } from './client.ts';

const URL_OF_NODE = 'http://127.0.0.1:4500';

/** A client of a node that answers every request in the same way. */
function setUp(answer: () => Response | Promise<Response>) {
  const requests: { url: string; method: string; headers: Headers; body: unknown }[] = [];
  const client = createAdminClient({
    url: URL_OF_NODE,
    token: 'secret',
    fetch: async (url, { method = 'GET', headers, body } = {}) => {
      requests.push({ url: String(url), method, headers: new Headers(headers), body });
      return answer();
    },
  });
  return { client, requests };
}

it('the client sends parameters, query, body and token as the API describes them', async () => {
  const { client, requests } = setUp(() => Response.json({ rounds: [] }));
  await client.rounds({ task: '7', limit: 3 });
  expect(requests[0]).toMatchObject({ url: `${URL_OF_NODE}/v1/rounds?task=7&limit=3`, method: 'GET' });
  expect(requests[0]!.headers.get('authorization')).toBe('Bearer secret');
  await expect(client.publication('../v1/shutdown')).rejects.toThrow();
  expect(requests[1]!.url).toBe(`${URL_OF_NODE}/v1/publications/..%2Fv1%2Fshutdown`);
  await expect(client.refund(7n, { cancel: true })).rejects.toThrow();
  expect(requests[2]).toMatchObject({
    url: `${URL_OF_NODE}/v1/tasks/7/refund`,
    method: 'POST',
    body: '{"cancel":true}',
  });
  await expect(client.storeModel(new Uint8Array([7]))).rejects.toThrow();
  expect(requests[3]!.headers.get('content-type')).toBe('application/octet-stream');
});

it('the client throws the problem of a node, with code, hint and facts', async () => {
  const problem = {
    type: 'about:blank',
    title: 'tasks have locked it',
    status: 409,
    code: 'E_STAKE_LOCKED',
    hint: 'wait',
    facts: { tasks: '7' },
  };
  const { client } = setUp(() => Response.json(problem, { status: 409 }));
  await expect(client.unbondStake({ amount: 'all' })).rejects.toMatchObject({
    code: 'E_STAKE_LOCKED',
    message: expect.stringContaining('tasks have locked it'),
    hint: 'wait',
    facts: { tasks: '7' },
  });
});

it('the client takes the checks of a node that is not ready as an answer, and other documents with 503 as problems', async () => {
  const unready = { status: 'unavailable', checks: { chain: false } };
  const { client } = setUp(() => Response.json(unready, { status: 503 }));
  expect(await client.ready()).toEqual(unready);
  await expect(client.rewards()).rejects.toMatchObject({ code: 'E_ADMIN_RESPONSE' });
});

it('the client reports answers that it does not expect, and a node that does not answer', async () => {
  for (const answer of ['{"rounds":7}', '{}', 'hello']) {
    const { client } = setUp(() => new Response(answer));
    await expect(client.rounds(), answer).rejects.toMatchObject({ code: 'E_ADMIN_RESPONSE' });
  }
  const { client } = setUp(() => Promise.reject(new TypeError('fetch failed')));
  await expect(client.rounds()).rejects.toMatchObject({
    code: 'E_ADMIN_UNREACHABLE',
    facts: { url: URL_OF_NODE },
  });
});

it('the client loads no server and nothing of the node', () => {
  const program = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
    await import('@chorus/admin-api');
    console.log(JSON.stringify(loaded));
  `;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--conditions=@chorus/source', '--input-type=module', '--eval', program],
    { cwd: new URL('.', import.meta.url), encoding: 'utf8' },
  );
  expect(stderr).toBe('');
  const loaded = JSON.parse(stdout) as string[];
  expect(loaded.some((url) => url.includes('/admin-api/src/client/'))).toBe(true);
  expect(loaded.filter((url) => /hono|zod-to-openapi|packages\/node\/|libp2p|pino/.test(url))).toEqual([]);
});
