import { ChorusError } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type AdminConfig, adminConfigSchema } from '../config/admin-config.ts';
import { adminApp } from './app.ts';
import { FileReader } from './body.ts';
import { EventRing } from './event-ring.ts';
import { openApiDocument } from './openapi.ts';
import { problemSchema } from './schema/problem.ts';
import { ROUTES, type Route, type RouteName } from './schema/routes.ts';
import type { AdminSource } from './source.ts';

const TOKEN = 'a-token-of-thirty-two-bytes-or-more';
const ADDRESS = '0x00000000000000000000000000000000000000aA';
const PEER = '12D3KooWHrcpHAoJTphatu2wiKqVacQD8n2oavPmk7CAafY2j6vB';
const TIME = '2026-11-22T14:27:00.558Z';

const summary = {
  id: '7',
  name: 'digits',
  status: 'running',
  round: 2,
  rounds: 3,
  phase: 'commit',
  deadline: TIME,
  roles: ['trainer'],
  owner: false,
  duty: 'train',
  activity: { stage: 'train', round: 2, since: TIME, fraction: 0.5 },
  token: ADDRESS,
  decimals: 6,
  stake: '100',
  leaving: false,
} as const;
const round = {
  taskId: '7',
  round: 1,
  outcome: 'settled',
  endedAt: TIME,
  trainer: 0,
  weight: 65536,
  share: 4294967296,
  token: ADDRESS,
  decimals: 6,
  reward: '95',
  fee: '0',
  reason: 'Earned its share.',
  transaction: '0x01',
  stageSeconds: { train: 0.4 },
} as const;
const amounts = [{ token: ADDRESS, decimals: 6, amount: '95' }];
const earned = [{ ...amounts[0]!, rewards: '95', fees: '0', claimed: '0', settled: 1, paid: 1, void: 0 }];
const stakes = {
  account: ADDRESS,
  agentId: '3',
  time: TIME,
  unbondSeconds: 7200,
  tokens: [{ address: ADDRESS, symbol: 'CHOR', decimals: 18, balance: '7' }],
  positions: [
    {
      token: ADDRESS,
      agentId: '3',
      owner: ADDRESS,
      own: true,
      staked: '90',
      shares: '90000000',
      unbondable: '40',
      unbonding: [{ ticket: '1', amount: '5', availableAt: TIME, available: false }],
      pool: { tokens: '95', locked: '50', free: '40', unbonding: '5', shares: '95000000' },
      locks: [{ taskId: '7', amount: '50', ended: false }],
      holders: [{ account: ADDRESS, amount: '90', shares: '90000000' }],
      slashes: [{ taskId: '6', amount: '1', block: 9, transaction: '0x02' }],
    },
  ],
};
const refused = [{ taskId: '8', at: TIME, code: 'E_LIMIT_HOURS', message: 'not now', hint: 'wait' }];

/** A node that says something about everything. */
function fakeNode(): AdminSource & { calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    version: '1.2.3',
    events: new EventRing(),
    ready: async () => ({ status: 'ok', checks: { started: true } }),
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'chorus_peers 3\n' }),
    status: async () => ({
      time: TIME,
      state: 'paused',
      paused: [{ code: 'E_LIMIT_HOURS', message: 'not now', hint: 'wait' }],
      node: {
        version: '1.2.3',
        protocol: 'chorus/1',
        runtime: 'v24',
        platform: 'linux-x64',
        pid: 1,
        startedAt: TIME,
        uptimeSeconds: 5,
        roles: ['trainer'],
        dataFolder: '/data',
      },
      identity: { peerId: PEER, did: null, wallet: ADDRESS },
      network: { peers: 1, addresses: [], bans: 0, bytesIn: null, bytesOut: null },
      chain: {
        id: 31337,
        contract: ADDRESS,
        reachable: true,
        height: 7,
        blockTime: TIME,
        lagSeconds: 0,
        requests: { lastMinute: 30, limit: 600, limited: 0, pausedUntil: null },
        gasBalance: '1',
      },
      tasks: [{ ...summary, roles: ['trainer'] }],
      refused,
      rounds: [round],
      earned,
      claimable: amounts,
      staked: amounts,
      resources: {
        cpuPercent: 1,
        rssBytes: 1,
        heapBytes: 1,
        eventLoopLagMs: 0.5,
        disk: { usedBytes: 1, freeBytes: null },
      },
      limits: {
        threads: 1,
        memoryBytes: 1,
        diskBytes: null,
        uploadBytesPerSecond: null,
        downloadBytesPerSecond: null,
        hours: ['22:00-07:00'],
        withinHours: false,
        stakePerTask: '1',
        stakePerDay: '3',
        onlyListedTokens: true,
        listedTokens: [],
        owners: null,
        gasPerDay: '0.1',
        maxTasks: 4,
        minValidators: 3,
        maxSlashPercent: 50,
        maxReporterPercent: 5,
        maxOwnerPercent: 10,
        phaseMargin: 2,
        stakeTotal: null,
        stakePerToken: [{ token: ADDRESS, amount: '95' }],
        minReward: null,
        maxModelBytes: null,
        maxDimension: null,
        losses: null,
        licences: ['MIT'],
        maxTaskSeconds: null,
      },
      privacy: {
        models: 'known',
        minNoise: 0.2,
        ownNoise: 0,
        maxEpsilon: null,
        delta: 1e-5,
        spent: [{ data: 'digits', epsilon: null, trainings: 3, plain: 1 }],
      },
      warnings: [{ code: 'E_X', message: 'x', hint: null, count: 2, firstAt: TIME, lastAt: TIME }],
    }),
    tasks: async () => ({ tasks: [{ ...summary, roles: ['trainer'] }], refused }),
    task: async (id) => {
      calls.push(`task ${id}`);
      if (id === 404n)
        throw new ChorusError('E_CHAIN_UNKNOWN_TASK', 'no such task', { facts: { taskId: id } });
      if (id === 500n) throw new Error('the password is swordfish');
      return {
        ...summary,
        roles: ['trainer'],
        ownerAddress: ADDRESS,
        budget: '1000',
        remaining: '900',
        stakePerMember: '100',
        trainers: [ADDRESS],
        validators: [],
        aggregators: [],
        dimension: 10,
        model: null,
        modelBytes: null,
        terms: { name: 'digits' },
        computedThrough: null,
        committed: 0,
        waitsFor: 'members',
      };
    },
    join: async (id) => ({
      taskId: `${id}`,
      outcome: 'refused',
      reason: { code: 'E_X', message: 'x', hint: null },
    }),
    leave: async (id) => ({
      taskId: `${id}`,
      member: true,
      decimals: 6,
      stakeLocked: '100',
      missedRoundBps: 500,
      stakeReturnsAfter: 'the end',
      message: 'left',
    }),
    refund: async (id, cancel) => {
      calls.push(`refund ${id} ${cancel}`);
      return { taskId: `${id}`, token: ADDRESS, decimals: 6, amount: '95', transaction: '0x01' };
    },
    storeModel: async (model) => ({ cid: 'bafymodel', bytes: model.length }),
    publish: async (id, { params }) => {
      calls.push(`publish ${id} ${params.budget}`);
      return { id, state: 'check', taskId: null, problem: null };
    },
    publication: async (id) => ({
      id,
      state: 'failed',
      taskId: null,
      problem: { code: 'E_TASK_BUDGET', message: 'too little', hint: null, facts: { balance: '1' } },
    }),
    rounds: async ({ task, limit }) => {
      calls.push(`rounds ${task} ${limit}`);
      return { rounds: [round] };
    },
    stakes: async ({ account, token }) => {
      calls.push(`stakes ${account} ${token}`);
      return stakes;
    },
    depositStake: async ({ token, amount, to, dryRun }) => {
      calls.push(`deposit ${amount} ${to} ${dryRun}`);
      return {
        dryRun: dryRun ?? false,
        token,
        amount,
        owner: to ?? ADDRESS,
        agentId: '3',
        registered: false,
        transaction: '0x01',
      };
    },
    unbondStake: async ({ amount, from }) => {
      calls.push(`unbond ${amount} ${from}`);
      if (amount === '13') {
        throw new ChorusError('E_STAKE_LOCKED', 'tasks have locked it', {
          facts: { tasks: '7' },
          hint: 'wait',
        });
      }
      return {
        dryRun: false,
        token: ADDRESS,
        amount: '5',
        owner: ADDRESS,
        agentId: '3',
        ticket: '1',
        availableAt: TIME,
        transaction: '0x01',
      };
    },
    withdrawStake: async ({ from }) => {
      calls.push(`withdraw ${from}`);
      const paid = {
        ticket: '1',
        token: ADDRESS,
        owner: ADDRESS,
        agentId: '3',
        amount: '5',
        transaction: '0x01',
      };
      return { dryRun: false, withdrawn: [paid], waiting: [] };
    },
    rewards: async () => ({ earned, claimable: amounts, staked: amounts }),
    claim: async ({ token }) => ({
      claimed: [{ token: token ?? ADDRESS, decimals: 6, amount: '95', transaction: '0x01' }],
    }),
    peers: async () => ({
      peers: [
        {
          peerId: PEER,
          addresses: [],
          direction: 'inbound',
          since: TIME,
          latencyMs: 1.5,
          score: 0,
          blame: 0,
          tasks: ['7'],
        },
      ],
    }),
    bans: async () => ({ bans: [{ peerId: PEER, reason: 'flood', until: null }] }),
    ban: async ({ peerId }) => ({ peerId, reason: 'by hand', until: TIME }),
    unban: async () => {},
    shutdown: () => calls.push('shutdown'),
  };
}

function setUp(config: Partial<AdminConfig> = {}, address = '127.0.0.1') {
  const source = fakeNode();
  const errors: unknown[] = [];
  const app = adminApp({
    config: adminConfigSchema.parse(config),
    token: TOKEN,
    source,
    onError: (error) => errors.push(error),
  });
  const ask = async (
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: string | Uint8Array,
  ): Promise<Response> =>
    app.request(
      `http://127.0.0.1${path}`,
      {
        method,
        headers: { host: '127.0.0.1:4500', authorization: `Bearer ${TOKEN}`, ...headers },
        ...(body === undefined ? {} : { body: body as string | Uint8Array<ArrayBuffer> }),
      },
      { incoming: { socket: { remoteAddress: address } } },
    );
  return { ask, source, errors };
}

const problem = async (response: Response) => {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  return problemSchema.strict().parse(await response.json());
};

/** A task as it is asked for. */
const asked = {
  model: 'bafymodel',
  terms: {
    version: 1,
    name: 'digits',
    data: { kind: 'classification', inputShape: [1, 28, 28], classes: 10 },
    loss: { kind: 'softmax-cross-entropy' },
    optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 },
    localEpochs: 1,
    referenceEpochs: 4,
    batchSize: 10,
    learningRate: 0.05,
    scale: 2 ** -14,
    rule: 'reference-trust',
  },
  params: {
    token: ADDRESS,
    budget: '1000',
    rounds: 3,
    minTrainers: 1,
    maxTrainers: 3,
    minAggregators: 1,
    stake: '10',
    validators: [ADDRESS],
    minValidators: 1,
    aggregatorFeeBps: 300,
    validatorFeeBps: 200,
    joinSeconds: 30,
    commitSeconds: 30,
    referenceSeconds: 30,
    settleSeconds: 30,
    minReputation: 0,
    vestingRounds: 2,
    stagnationBps: 5000,
    minShareBps: 2500,
    slashReporterBps: 0,
    slashBurnBps: 10_000,
  },
};

/** A request that each route takes. */
const SAMPLES: Partial<Record<RouteName, { path?: string; body?: object }>> = {
  refund: { path: '/v1/tasks/7/refund', body: { cancel: true } },
  upload: { body: new Uint8Array([8, 7]) },
  publish: { path: '/v1/publications/once', body: asked },
  publication: { path: '/v1/publications/once' },
  task: { path: '/v1/tasks/7' },
  join: { path: '/v1/tasks/7/join' },
  leave: { path: '/v1/tasks/7/leave' },
  claim: { body: {} },
  depositStake: { body: { token: ADDRESS, amount: '5' } },
  unbondStake: { body: { amount: 'all' } },
  withdrawStake: { body: {} },
  ban: { body: { peerId: PEER, seconds: 60, reason: 'noise' } },
  unban: { path: `/v1/bans/${PEER}` },
};
const routes = Object.entries(ROUTES) as [RouteName, Route][];
const json = routes.filter(([, route]) => route.response !== null);

interface Operation {
  operationId: string;
  parameters?: { name: string; in: string; required: boolean }[];
  requestBody?: { content: Record<string, { schema: object }> };
  security: object[];
  responses: Record<string, { content: Record<string, { schema: Parameters<typeof z.fromJSONSchema>[0] }> }>;
}
const document = openApiDocument('1.2.3') as {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: { Problem: object } };
};

describe('the description of the API', () => {
  it('the API description has every route with its parameters, and no other', () => {
    expect(document.openapi).toBe('3.1.0');
    const described = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, { operationId }]) => `${operationId} ${method} ${path}`),
    );
    expect(described.sort()).toEqual(routes.map(([name, r]) => `${name} ${r.method} ${r.path}`).sort());
    for (const [, route] of routes) {
      const named = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const { parameters = [] } = document.paths[route.path]![route.method]!;
      expect(parameters.filter((p) => p.in === 'path').map((p) => p.name)).toEqual(named);
    }
  });

  it('the API reports in full why stake is refused, and accepts only whole amounts', async () => {
    const { ask, source } = setUp();
    const post = (action: string, body: object) =>
      ask('POST', `/v1/stake/${action}`, { 'content-type': 'application/json' }, JSON.stringify(body));
    const locked = await post('unbond', { amount: '13', from: ADDRESS });
    expect(locked.status).toBe(409);
    expect(await problem(locked)).toMatchObject({
      code: 'E_STAKE_LOCKED',
      facts: { tasks: '7' },
      hint: 'wait',
    });
    for (const [action, body] of [
      ['unbond', { amount: '-1' }],
      ['unbond', { amount: '1.5' }],
      ['unbond', { amount: 'some' }],
      ['unbond', { amount: '1', from: 'alice' }],
      ['deposit', { token: ADDRESS, amount: 'all' }],
      ['deposit', { amount: '1' }],
      ['withdraw', { all: true }],
    ] as const) {
      expect((await post(action, body)).status, `${action} ${JSON.stringify(body)}`).toBe(400);
    }
    expect(source.calls).toEqual([`unbond 13 ${ADDRESS}`]);
  });

  it.each(json)('the API description matches the answer of %s', async (name, route) => {
    const { ask } = setUp();
    const { path = route.path, body } = SAMPLES[name] ?? {};
    const file = body instanceof Uint8Array ? body : null;
    const type = file ? 'application/octet-stream' : 'application/json';
    const headers: Record<string, string> = body ? { 'content-type': type } : {};
    const response = await ask(
      route.method.toUpperCase(),
      path,
      headers,
      file ?? (body && JSON.stringify(body)),
    );
    expect(response.status).toBe(200);
    const answer: unknown = await response.json();
    // By the document itself, as a client in another language would read it.
    const { schema } =
      document.paths[route.path]![route.method]!.responses['200']!.content['application/json']!;
    expect(z.fromJSONSchema(schema).safeParse(answer).error).toBeUndefined();
    // And by the schema in full: nothing is sent that is not described.
    expect(route.response!.parse(answer)).toEqual(answer);
  });

  it('the API description marks the routes that need the token, and each of them does', async () => {
    const { ask } = setUp();
    for (const [name, route] of routes) {
      const { security } = document.paths[route.path]![route.method]!;
      expect(security, name).toEqual(
        { token: [{ token: [] }], metrics: [{ token: [] }, {}], open: [] }[route.access],
      );
      const path = SAMPLES[name]?.path ?? route.path;
      const response = await ask(route.method.toUpperCase(), path, { authorization: '' });
      expect(response.status, name).toBe(route.access === 'open' ? 200 : 401);
    }
  });
});

describe('the API', () => {
  it.each([
    ['none', ''],
    ['a wrong one', 'Bearer a-token-of-thirty-two-bytes-or-mose'],
    ['a part of it', `Bearer ${TOKEN.slice(0, -1)}`],
    ['another scheme', `Basic ${TOKEN}`],
    ['a long one', `Bearer ${'x'.repeat(5000)}`],
  ])('the API refuses %s as token', async (_, authorization) => {
    const response = await setUp().ask('GET', '/v1/status', { authorization });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain('Bearer');
    expect(await problem(response)).toMatchObject({ code: 'E_ADMIN_UNAUTHORIZED' });
  });

  it.each(['evil.example', 'evil.example:4500', '127.0.0.1.evil.example', '', '169.254.169.254'])(
    'the API refuses the host %j on every route',
    async (host) => {
      for (const path of ['/health/live', '/v1/status', '/openapi.json']) {
        const response = await setUp().ask('GET', path, { host });
        expect(response.status).toBe(403);
        expect(await problem(response)).toMatchObject({ code: 'E_ADMIN_HOST' });
      }
    },
  );

  it.each(['127.0.0.1:4500', 'localhost', 'LOCALHOST:1', '[::1]:4500'])(
    'the API answers requests for host %s',
    async (host) => {
      expect((await setUp().ask('GET', '/health/live', { host })).status).toBe(200);
    },
  );

  it('the API answers requests for additional configured hosts', async () => {
    const { ask } = setUp({ allowedHosts: ['node.lan'] });
    expect((await ask('GET', '/health/live', { host: 'node.lan:4500' })).status).toBe(200);
  });

  it('the API refuses pages of other origins, even with the token', async () => {
    for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:9999']) {
      const response = await setUp().ask('POST', '/v1/shutdown', { origin });
      expect(response.status).toBe(403);
      expect(await problem(response)).toMatchObject({ code: 'E_ADMIN_ORIGIN' });
    }
  });

  it('the API lets pages of configured origins read, after a preflight request', async () => {
    const { ask } = setUp({ allowedOrigins: ['https://dash.example'] });
    const headers = { origin: 'https://dash.example' };
    const preflight = await ask('OPTIONS', '/v1/status', { ...headers, authorization: '' });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization');
    const response = await ask('GET', '/v1/status', headers);
    expect(response.headers.get('access-control-allow-origin')).toBe('https://dash.example');
  });

  it('the API refuses bodies that are too large, not JSON, of another type, or have unknown fields', async () => {
    const { ask } = setUp();
    const type = { 'content-type': 'application/json' };
    const large = await ask('POST', '/v1/bans', type, JSON.stringify({ reason: 'x'.repeat(20_000) }));
    expect(await problem(large)).toMatchObject({ status: 413, code: 'E_ADMIN_TOO_LARGE' });
    const form = await ask('POST', '/v1/bans', { 'content-type': 'text/plain' }, '{}');
    expect(await problem(form)).toMatchObject({ status: 415 });
    const broken = await ask('POST', '/v1/bans', type, '{');
    expect(await problem(broken)).toMatchObject({ status: 400 });
    const unknown = await ask('POST', '/v1/bans', type, JSON.stringify({ peerId: PEER, forever: true }));
    expect(await problem(unknown)).toMatchObject({ status: 400, code: 'E_ADMIN_BAD_REQUEST' });
  });

  it('the API accepts a model file of bounded size, only with the token, and reports its size', async () => {
    const { ask } = setUp();
    const type = { 'content-type': 'application/octet-stream' };
    const file = new Uint8Array(100_000).fill(7);
    expect(await (await ask('POST', '/v1/models', type, file)).json()).toEqual({
      cid: 'bafymodel',
      bytes: 100_000,
    });
    const stranger = await ask('POST', '/v1/models', { ...type, authorization: '' }, file);
    expect(stranger.status).toBe(401);
    const stated = await ask('POST', '/v1/models', { ...type, 'content-length': '300000000' }, file);
    expect(await problem(stated)).toMatchObject({ status: 413, facts: { limit: 256 * 1024 * 1024 } });
    expect(await problem(await ask('POST', '/v1/models', type, new Uint8Array()))).toMatchObject({
      status: 400,
    });
    // A form of another page could send one without asking.
    for (const other of ['text/plain', 'multipart/form-data; boundary=x', '']) {
      const refused = await ask('POST', '/v1/models', { 'content-type': other }, file);
      expect(await problem(refused)).toMatchObject({ status: 415, code: 'E_ADMIN_CONTENT_TYPE' });
    }
  });

  it('the API reads no more of a file than the limit, and one file at a time', async () => {
    const files = new FileReader();
    let sent = 0;
    let go = () => {};
    const budget = new Promise<void>((resolve) => {
      go = resolve;
    });
    const request = (body: ReadableStream | Uint8Array<ArrayBuffer>) =>
      new Request('http://127.0.0.1', {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream' },
        body,
        ...{ duplex: 'half' },
      });
    const endless = new ReadableStream({
      async pull(controller) {
        if (sent === 1000) await budget;
        sent += 1000;
        controller.enqueue(new Uint8Array(1000));
      },
    });
    const first = files.read(request(endless), 5000);
    await expect(files.read(request(new Uint8Array(1)), 5000)).rejects.toMatchObject({
      code: 'E_ADMIN_BUSY',
    });
    go();
    await expect(first).rejects.toMatchObject({ code: 'E_ADMIN_TOO_LARGE' });
    expect(sent).toBeLessThan(20_000);
    expect(await files.read(request(new Uint8Array(1)), 5000)).toEqual(new Uint8Array(1));
  });

  const wrong = (change: object) => ({ ...asked, params: { ...asked.params, ...change } });
  it.each<[string, object, string]>([
    ['no budget', wrong({ budget: '0' }), 'params.budget'],
    ['a budget beyond all bounds', wrong({ budget: (2n ** 127n).toString() }), 'params.budget'],
    ['an amount that is a number', wrong({ stake: 10 }), 'params.stake'],
    ['more trainers than there can be', wrong({ maxTrainers: 17 }), 'params.maxTrainers'],
    ['more trainers at least than at most', wrong({ minTrainers: 4 }), 'params.minTrainers'],
    ['no validators', wrong({ validators: [] }), 'params.validators'],
    ['one validator twice', wrong({ validators: [ADDRESS, ADDRESS.toLowerCase()] }), 'params.validators'],
    ['more references than validators', wrong({ minValidators: 2 }), 'params.minValidators'],
    ['fees of more than half', wrong({ aggregatorFeeBps: 4900 }), 'params.validatorFeeBps'],
    [
      'more slashed than there is',
      wrong({ slashReporterBps: 600, slashBurnBps: 9_500 }),
      'params.slashBurnBps',
    ],
    ['a window of no time', wrong({ settleSeconds: 0 }), 'params.settleSeconds'],
    ['an invalid token address', wrong({ token: '0x12' }), 'params.token'],
    [
      'terms with another loss',
      { ...asked, terms: { ...asked.terms, loss: { kind: 'mse' } } },
      'terms.loss.kind',
    ],
    ['terms with something unknown', { ...asked, terms: { ...asked.terms, extra: 1 } }, 'terms'],
    ['no model', { terms: asked.terms, params: asked.params }, 'model'],
  ])('the API refuses to publish a task with %s', async (_, body, field) => {
    const { ask, source } = setUp();
    const headers = { 'content-type': 'application/json' };
    const response = await ask('PUT', '/v1/publications/once', headers, JSON.stringify(body));
    expect(await problem(response)).toMatchObject({ status: 400, facts: { place: 'body', field } });
    expect(source.calls).toEqual([]);
  });

  it('the API passes on a task within bounds, with unchanged amounts, under a valid id', async () => {
    const { ask, source } = setUp();
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify(wrong({ budget: '170141183460469231731687303715884105727' }));
    expect((await ask('PUT', '/v1/publications/my_task-1', headers, body)).status).toBe(200);
    expect(source.calls).toEqual(['publish my_task-1 170141183460469231731687303715884105727']);
    for (const id of ['a.b', 'x'.repeat(65), '%20']) {
      expect((await ask('PUT', `/v1/publications/${id}`, headers, body)).status).toBe(400);
    }
    const large = JSON.stringify({ ...asked, model: 'x'.repeat(20_000) });
    expect((await ask('PUT', '/v1/publications/once', headers, large)).status).toBe(413);
  });

  it('the API names the invalid parameter', async () => {
    const { ask } = setUp();
    expect(await problem(await ask('GET', '/v1/tasks/seven'))).toMatchObject({
      status: 400,
      facts: { place: 'path', field: 'id' },
    });
    expect(await problem(await ask('GET', '/v1/rounds?limit=5000'))).toMatchObject({
      facts: { place: 'query', field: 'limit' },
    });
  });

  it('the API passes on the request with defaults', async () => {
    const { ask, source } = setUp();
    await ask('GET', '/v1/rounds?task=7&limit=3');
    await ask('GET', '/v1/rounds');
    await ask('GET', '/v1/tasks/18446744073709551615');
    expect(source.calls).toEqual(['rounds 7 3', 'rounds undefined 50', 'task 18446744073709551615']);
  });

  it('the API reports errors of the node by code, and hides internal ones', async () => {
    const { ask, errors } = setUp();
    expect(await problem(await ask('GET', '/v1/tasks/404'))).toMatchObject({
      status: 404,
      code: 'E_CHAIN_UNKNOWN_TASK',
      facts: { taskId: '404' },
    });
    expect(errors).toEqual([]);
    const failed = await problem(await ask('GET', '/v1/tasks/500'));
    expect(failed).toMatchObject({ status: 500, code: 'E_UNEXPECTED' });
    expect(JSON.stringify(failed)).not.toContain('swordfish');
    expect(errors).toHaveLength(1);
  });

  it('the API reports unknown paths, and methods that a path does not allow', async () => {
    const { ask } = setUp();
    expect(await problem(await ask('GET', '/v2'))).toMatchObject({ status: 404 });
    expect(await problem(await ask('PUT', '/v1/status'))).toMatchObject({ status: 405 });
  });

  it('the API opens the metrics only to this machine, and only if configured', async () => {
    const open = { openMetrics: true };
    const anonymous = { authorization: '' };
    expect((await setUp().ask('GET', '/metrics', anonymous)).status).toBe(401);
    expect((await setUp(open).ask('GET', '/metrics', anonymous)).status).toBe(200);
    expect((await setUp(open, '10.0.0.7').ask('GET', '/metrics', anonymous)).status).toBe(401);
    expect(await (await setUp().ask('GET', '/metrics')).text()).toBe('chorus_peers 3\n');
  });

  it('the API limits the rate of strangers without affecting the owner and the probes', async () => {
    const { ask } = setUp();
    const statuses = [];
    for (let i = 0; i < 501; i++)
      statuses.push((await ask('GET', '/v1/status', { authorization: '' })).status);
    expect(statuses.slice(0, 500).every((status) => status === 401)).toBe(true);
    expect(statuses[500]).toBe(429);
    expect((await ask('GET', '/v1/status')).status).toBe(200);
    expect((await ask('GET', '/health/live', { authorization: '' })).status).toBe(200);
  });

  it('the API keeps its answers out of caches and frames', async () => {
    const { headers } = await setUp().ask('GET', '/v1/status');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });
});
