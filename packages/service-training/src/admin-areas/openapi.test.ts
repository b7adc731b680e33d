import { readFileSync } from 'node:fs';
import { ENDPOINTS, type Endpoint } from '@chorus/admin-api';
import { ADDRESS, hostOf, JSON_TYPE, PEER } from '@chorus/node/testing';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { everyArea } from './testing/areas.ts';
import { asked } from './testing/asked.ts';
import { reworded } from './testing/reworded.ts';

type JsonSchema = Parameters<typeof z.fromJSONSchema>[0];

interface Operation {
  operationId: string;
  parameters?: { name: string; in: string; required: boolean }[];
  security: object[];
  responses: Record<string, { content: Record<string, { schema: JsonSchema }> }>;
}

const { ask } = hostOf(everyArea());
const document = (await (await ask('GET', '/openapi.json')).json()) as {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: object;
};
const operationOf = ({ path, method }: Endpoint) => document.paths[path]![method]!;

const endpoints = Object.entries(ENDPOINTS) as [string, Endpoint][];
/** The schema of the document that an endpoint answers with, if it does. */
function schemaOf({ responses }: Endpoint): z.ZodType | undefined {
  const answer = responses[200];
  const json = answer && 'content' in answer ? answer.content?.['application/json'] : undefined;
  return json && 'schema' in json && json.schema instanceof z.ZodType ? json.schema : undefined;
}

/** Values that documents have since 0.1.0, by operation: a section, or nothing for the document itself, and a name. */
const ADDED: Record<string, [section: string, name: string][]> = {
  'get /v1/status': [
    ['network', 'gateway'],
    ['', 'agents'],
    ['', 'market'],
  ],
  'get /v1/stake': [['', 'contract']],
  'put /v1/publications/{id}': [['terms', 'adapter']],
};

/** Values that may be more than in 0.1.0: what they were, they can still be. */
const WIDENED: typeof ADDED = {
  'put /v1/publications/{id}': [
    ['data', 'kind'],
    ['terms', 'optimizer'],
  ],
};

/** Take a property out of an object's schema, wherever a schema has that section. */
function dropProperty(part: unknown, [section, name]: [string, string]): void {
  if (typeof part !== 'object' || part === null) return;
  interface Shape {
    properties?: Record<string, Shape>;
    required?: string[];
  }
  const whole = part as Shape;
  const inner = section === '' ? whole : whole.properties?.[section];
  if (inner?.properties) {
    delete inner.properties[name];
    if (inner.required) inner.required = inner.required.filter((each) => each !== name);
  }
  for (const each of Object.values(part)) dropProperty(each, [section, name]);
}

const DIGEST = `sha256:${'0'.repeat(64)}`;

/** A request that each operation takes. */
const SAMPLES: Record<string, { path?: string; body?: object }> = {
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
  agent: { path: '/v1/agents/guide' },
  startAgent: { body: { file: '/home/me/guide.yaml' } },
  stopAgent: { path: '/v1/agents/guide' },
  agentLog: { path: '/v1/agents/guide/log' },
  agentMemory: { path: '/v1/agents/guide/memory' },
  forgetAgentMemory: { path: '/v1/agents/guide/memory' },
  registerAgent: { path: '/v1/agents/guide/registration', body: { dryRun: true } },
  retireAgent: { path: '/v1/agents/guide/registration' },
  inspectAgent: { path: '/v1/directory/7' },
  reputation: { path: '/v1/directory/7/feedback' },
  giveFeedback: { path: '/v1/directory/7/feedback', body: { rating: 85 } },
  revokeFeedback: { path: '/v1/directory/7/feedback/1' },
  resumePayment: { body: { intent: 'i'.repeat(16), request: DIGEST } },
  pay: {
    body: {
      agent: 'https://a.example/',
      intent: 'i'.repeat(16),
      request: DIGEST,
      required: 'e30=',
      most: '3 CHOR',
    },
  },
  endPayment: {
    path: `/v1/agents/payments/pay_${'0a'.repeat(16)}/end`,
    body: { state: 'refused', reason: 'too late' },
  },
  openCredit: { body: { agent: '7', accepts: [], amount: '20 CHOR' } },
  addCredit: { path: `/v1/agents/credits/0x${'0a'.repeat(32)}/add`, body: { amount: '20 CHOR' } },
  closeCredit: { path: `/v1/agents/credits/0x${'0a'.repeat(32)}/close` },
  claimRevenue: { body: { tasks: ['3'] } },
  till: { path: '/v1/tills/7' },
  collectTill: { path: '/v1/tills/7/collect' },
  units: { path: '/v1/units/7' },
  launchUnits: {
    path: '/v1/units/7/launch',
    body: { base: '100', cap: '50', holders: 10, description: 'Reads digits' },
  },
  buyUnits: { path: '/v1/units/7/buy', body: { amount: '5', limit: '600' } },
  sellUnits: { path: '/v1/units/7/sell', body: { amount: '5', limit: '400' } },
  proposal: { path: '/v1/governance/proposals/7' },
  propose: { body: { title: 'A lower fee', changes: [{ name: 'protocol-fee', value: '50' }] } },
  vote: { path: '/v1/governance/proposals/0x00000000/vote', body: { choice: 'for' } },
  queueProposal: { path: '/v1/governance/proposals/7/queue', body: {} },
  executeProposal: { path: '/v1/governance/proposals/7/execute', body: {} },
  delegateVotes: { body: { to: ADDRESS } },
  job: { path: '/v1/market/jobs/3' },
  createJob: { body: { budget: '100', seconds: 86_400, description: 'a chart' } },
  actOnJob: { path: '/v1/market/jobs/3/actions', body: { action: 'vote', vote: 'reject' } },
  jobFile: { path: '/v1/market/jobs/3/files/deliverable' },
  storeJobFile: { path: '/v1/market/files?name=chart.svg', body: new Uint8Array([8, 7]) },
  seat: { body: { take: true } },
  askMarket: { body: { text: 'a chart', budget: '2 CHOR', seconds: 600 } },
  hire: { path: `/v1/offers/asks/${'a5'.repeat(32)}/orders`, body: { most: '2', input: { of: 'CHOR' } } },
  order: { path: '/v1/offers/orders/00000000-0000-4000-8000-000000000000' },
  settledRounds: { path: '/v1/tasks/7/rounds' },
  roundProof: { path: '/v1/tasks/7/rounds/1/proof' },
  unban: { path: `/v1/bans/${PEER}` },
};

/** Ask for an operation; a body of its sample is sent with the owner's token unless `headers` say otherwise. */
function call(name: string, endpoint: Endpoint, headers: Record<string, string> = {}): Promise<Response> {
  const { path = endpoint.path, body } = SAMPLES[name] ?? {};
  const method = endpoint.method.toUpperCase();
  if (body === undefined) return ask(method, path, headers);
  return body instanceof Uint8Array
    ? ask(method, path, { 'content-type': 'application/octet-stream', ...headers }, body)
    : ask(method, path, { ...JSON_TYPE, ...headers }, JSON.stringify(body));
}

describe('the description of the API', () => {
  it('the API description has every endpoint with its parameters, and no other', () => {
    expect(document.openapi).toBe('3.1.0');
    const described = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, { operationId }]) => `${operationId} ${method} ${path}`),
    );
    expect(described.sort()).toEqual(endpoints.map(([name, e]) => `${name} ${e.method} ${e.path}`).sort());
    for (const [, endpoint] of endpoints) {
      const named = [...endpoint.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const { parameters = [] } = operationOf(endpoint);
      expect(parameters.filter((p) => p.in === 'path').map((p) => p.name)).toEqual(named);
    }
  });

  it('the API description still has every operation of 0.1.0, in other words where the generator has others', () => {
    const url = new URL('../../../../test/vectors/admin-api/openapi.json', import.meta.url);
    const before = JSON.parse(readFileSync(url, 'utf8')) as {
      operations: Record<string, object>;
      components: object;
    };
    expect(Object.keys(before.operations)).toHaveLength(27);
    for (const [operation, description] of Object.entries(before.operations)) {
      const [method, path] = operation.split(' ') as [string, string];
      const now = structuredClone(document.paths[path]?.[method]);
      for (const added of ADDED[operation] ?? []) dropProperty(now, added);
      for (const widened of WIDENED[operation] ?? []) {
        for (const each of [now, description]) dropProperty(each, widened);
      }
      expect(reworded(now), operation).toEqual(reworded(description));
    }
    expect(reworded(document.components)).toEqual(reworded({ ...before.components, parameters: {} }));
  });

  const withDocument = endpoints.filter(([, endpoint]) => schemaOf(endpoint) !== undefined);
  it.each(withDocument)('the API description matches the answer of %s', async (name, endpoint) => {
    const response = await call(name, endpoint);
    expect(response.status).toBe(200);
    const answer: unknown = await response.json();
    // By the document itself, as a client in another language would read it.
    const { schema } = operationOf(endpoint).responses['200']!.content['application/json']!;
    expect(z.fromJSONSchema(schema).safeParse(answer).error).toBeUndefined();
    // And by the schema in full: nothing is sent that is not described.
    expect(schemaOf(endpoint)!.parse(answer)).toEqual(answer);
  });

  it('the API description marks the endpoints that need the token, and each of them does', async () => {
    for (const [name, endpoint] of endpoints) {
      expect(operationOf(endpoint).security, name).toEqual(endpoint.security);
      const response = await call(name, endpoint, { authorization: '' });
      expect(response.status, name).toBe(endpoint.security.length === 0 ? 200 : 401);
    }
  });
});
