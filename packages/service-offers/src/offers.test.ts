import type { HireRequest, MarketAskRequest } from '@chorus/admin-api';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ModelServer, modelServer } from './testing/model-server.ts';
import { type TradingNode, TradingNodes, until } from './testing/trading-nodes.ts';

let model: ModelServer;
let world: TradingNodes;
let client: TradingNode;
beforeAll(async () => {
  model = await modelServer();
});
afterAll(() => model.close());
beforeEach(async () => {
  model.asked = [];
  model.answer = () => '{"svg":"<svg/>"}';
  world = await TradingNodes.create();
  client = await world.start(1);
});
afterEach(() => world.close());

const INPUT =
  'input: { type: object, properties: { of: { type: string } }, required: [of], additionalProperties: false }';
const MADE = 'deliverable: { type: object, properties: { svg: { type: string } }, required: [svg] }';
const chart = (price: string, more = '') =>
  `description: Draws charts\noffers:\n  - { id: chart, description: A chart as SVG, price: ${price}, within: 5m, ${INPUT}, ${MADE}${more} }\n`;

const ask = (request: Partial<MarketAskRequest> = {}) =>
  client.services.offers.ask({
    ...{ text: 'a chart of the peg', budget: '100 TWIN', seconds: 600, waitSeconds: 0.2, ...request },
  });

/** Ask until `count` agents have answered: one that has just started may not listen yet, and a busy machine is slow. */
async function askFor(count: number, request: Partial<MarketAskRequest> = {}) {
  for (let waitSeconds = 0.2; ; waitSeconds *= 2) {
    const found = await ask({ ...request, waitSeconds });
    if (found.answers.length >= count) return found;
  }
}
const balance = (node: TradingNode) => node.ports.chain.balance(world.ledger.token, node.ports.chain.account);

/** Order the answer to an ask, and wait until it has ended or is being done. */
async function order(
  request: Partial<HireRequest> & { askId: string },
  states: string[] = ['done', 'taken-up'],
) {
  const { askId, ...more } = request;
  const { orderId } = await client.services.offers.hire(askId, {
    input: { of: 'CHOR' },
    most: '100',
    ...more,
  });
  let order = await client.services.offers.order(orderId);
  await until(async () => {
    order = await client.services.offers.order(orderId);
    return [...states, 'failed'].includes(order.state);
  });
  // What follows would wait for a failed one in vain.
  if (!states.includes(order.state)) throw new Error(JSON.stringify(order));
  return order;
}
const job = (id: string | null) => client.services.market.jobs.show(BigInt(id!));

describe('an ask of the network', () => {
  it('the better of two answers wins, its job is done by itself, and both are paid to the unit', async () => {
    const [good, dear] = [await world.start(2), await world.start(3)];
    const agentId = await world.serve(good, 'good', model.url, chart('10 TWIN'));
    await world.serve(dear, 'dear', model.url, chart('90 TWIN'));
    const before = [await balance(client), await balance(good)];
    const found = await askFor(2);
    expect(found.answers.map(({ title, unfit }) => [title, unfit])).toEqual([
      ['good', null],
      ['dear', null],
    ]);
    expect(found.answers[0]!.parts.map(({ name }) => name)).toEqual([
      'fit',
      'price',
      'time',
      'answers',
      'ratings',
      'record',
    ]);
    const made = await order({ askId: found.askId });
    expect(made).toMatchObject({
      state: 'taken-up',
      agentId,
      offer: 'chart',
      price: { units: '10' },
      tried: [],
    });
    await until(async () => (await job(made.jobId)).status === 'submitted');
    const { bytes } = await client.services.market.jobs.file(BigInt(made.jobId!), 'deliverable', 1_000);
    expect(new TextDecoder().decode(bytes)).toBe('{"svg":"<svg/>"}');
    expect(model.asked[0]).toContain('{"of":"CHOR"}');
    await client.services.market.jobs.act(BigInt(made.jobId!), { action: 'complete' });
    await client.services.offers.look();
    expect(await client.services.offers.order(made.orderId)).toMatchObject({ state: 'done' });
    expect([await balance(client), await balance(good)]).toEqual([
      before[0]! - 10n,
      before[1]! + 10n - 10n / 100n,
    ]);
    // The next ask knows of it.
    const record = (await askFor(2)).answers.find(({ title }) => title === 'good')!.parts.at(-1)!;
    expect(record.says).toBe('1 jobs done, 0 late, 0 lost in disputes; with this node 1 done, 0 failed');
  });

  it('nothing of the input is on chain or in storage; the hired one alone learns it', async () => {
    const [good, other] = [await world.start(2), await world.start(3)];
    await world.serve(good, 'good', model.url, chart('10 TWIN'));
    await world.serve(other, 'other', model.url, chart('20 TWIN'));
    const { askId } = await askFor(2);
    const { jobId } = await order({ askId, input: { of: 'a secret' } });
    const { description } = await job(jobId);
    expect(description).toMatch(/^ipfs:\/\/[a-z0-9]+#agent=\d+&offer=chart&within=300$/);
    const cid = /ipfs:\/\/([a-z0-9]+)/.exec(description)![1]!;
    for (const node of [client, good, other]) expect(await node.ports.storage.has(cid)).toBe(false);
    await until(() => model.asked.length > 0);
    expect(model.asked.filter((text) => text.includes('a secret'))).toHaveLength(1);
  });

  it('a dispute shows jurors what was agreed, and no one before', async () => {
    const [good, other] = [await world.start(2), await world.start(3)];
    await world.serve(good, 'good', model.url, chart('10 TWIN'));
    const { jobId } = await order({ askId: (await askFor(1)).askId });
    await until(async () => (await job(jobId)).status === 'submitted');
    const { jobs } = other.services.market;
    expect(
      await client.ports.storage.has(/ipfs:\/\/([a-z0-9]+)/.exec((await job(jobId)).description)![1]!),
    ).toBe(false);
    await client.services.market.jobs.act(BigInt(jobId!), { action: 'dispute' });
    const { bytes } = await jobs.file(BigInt(jobId!), 'order', 10_000);
    expect(JSON.parse(new TextDecoder().decode(bytes))).toMatchObject({ input: { of: 'CHOR' } });
  });

  it('an ask that no agent answers, or whose budget is too low, says so', async () => {
    const lone = await ask({ text: 'a zebra' }).catch((error) => error);
    expect(lone).toMatchObject({ code: 'E_MARKET_ASK', hint: expect.stringContaining('chorus peers') });
    const good = await world.start(2);
    await world.serve(good, 'good', model.url, chart('10 TWIN'));
    const none = await ask({ text: 'a zebra' });
    expect(none.answers).toEqual([]);
    await expect(client.services.offers.hire(none.askId, { most: '100' })).rejects.toMatchObject({
      code: 'E_MARKET_ASK',
    });
    expect((await ask({ budget: '5 TWIN' })).answers).toEqual([]);
    expect((await ask({ seconds: 10 })).answers).toEqual([]);
    const { askId, answers } = await askFor(1, { minScore: 99 });
    expect(answers[0]!.unfit).toContain('below 99');
    await expect(client.services.offers.hire(askId, { most: '100' })).rejects.toMatchObject({
      hint: expect.stringContaining('--min-score'),
    });
    const cheap = (await askFor(1)).askId;
    await expect(client.services.offers.hire(cheap, { most: '9' })).rejects.toMatchObject({
      hint: 'agree to a higher price',
    });
    await expect(ask({ budget: 'much' })).rejects.toMatchObject({ code: 'E_MARKET_ASK' });
    await expect(ask({ budget: '5 EUR' })).rejects.toMatchObject({ code: 'E_AGENT_PRICE' });
    await expect(client.services.offers.hire('00'.repeat(32), { most: '1' })).rejects.toMatchObject({
      code: 'E_MARKET_UNKNOWN',
    });
  });

  it('one agent alone can be asked, and an input that its offer does not take is refused before it is paid', async () => {
    const good = await world.start(2);
    const agentId = await world.serve(good, 'good', model.url, chart('10 TWIN'));
    await world.serve(await world.start(3), 'other', model.url, chart('5 TWIN'));
    const found = await askFor(1, { agentId });
    expect(found.answers.map(({ title }) => title)).toEqual(['good']);
    const before = await balance(client);
    const made = await order({ askId: found.askId, input: { of: 3 } }, ['failed']);
    expect(made).toMatchObject({
      state: 'failed',
      jobId: null,
      tried: [{ why: expect.stringContaining('of: ') }],
    });
    expect(await balance(client)).toBe(before);
  });

  it('a call is hired at the signed price, and its answer is shown', async () => {
    const good = await world.start(2);
    await world.serve(
      good,
      'good',
      model.url,
      'price: 3 TWIN\noffers:\n  - { id: word, kind: call, description: A word, within: 30s }\n',
    );
    model.answer = () => 'hello';
    const before = await balance(client);
    const { askId } = await askFor(1, { text: 'a word' });
    const made = await order({ askId, input: 'say it' });
    expect(made).toMatchObject({ state: 'done', kind: 'call', answer: { text: 'hello' } });
    expect(await balance(client)).toBe(before - 3n);
    expect(model.asked).toEqual(['say it']);
  });
});

describe('the node of a provider', () => {
  it('a provider that dies at work goes on after its restart, and hands in once', async () => {
    let good = await world.start(2);
    await world.serve(good, 'good', model.url, chart('10 TWIN'));
    model.answer = () => new Promise(() => undefined);
    const made = await order({ askId: (await askFor(1)).askId });
    await until(() => model.asked.length >= 1);
    await world.end(2);
    model.answer = () => '{"svg":"2"}';
    good = await world.start(2);
    await until(async () => (await job(made.jobId)).status === 'submitted');
    expect(model.asked).toHaveLength(2);
    const { deliverable } = await job(made.jobId);
    await good.services.offers.look();
    await world.start(2);
    await client.services.offers.look();
    expect((await job(made.jobId)).deliverable).toBe(deliverable);
    expect(model.asked).toHaveLength(2);
  });

  it('work that misses its schema is tried again with the fault, and then given up: the budget comes back', async () => {
    const good = await world.start(2);
    await world.serve(good, 'good', model.url, chart('10 TWIN'));
    model.answer = () => 'no JSON';
    const before = await balance(client);
    const made = await order({ askId: (await askFor(1)).askId }, ['failed']);
    expect(model.asked).toHaveLength(3);
    expect(model.asked[2]).toContain('it is no JSON value');
    expect(made.tried[0]!.why).toContain('budget came back');
    expect(await balance(client)).toBe(before);
    expect((await askFor(1)).answers[0]!.parts.at(-1)!.says).toContain('with this node 0 done, 1 failed');
    expect(world.events.filter(({ type }) => type === 'offers.given-up')).toHaveLength(1);
  });

  it('as many jobs as the offer says are taken at once; the next answer gets the order', async () => {
    const [good, next] = [await world.start(2), await world.start(3)];
    await world.serve(good, 'good', model.url, chart('10 TWIN'));
    const second = await world.serve(next, 'next', model.url, chart('20 TWIN'));
    model.answer = () => new Promise(() => undefined);
    const { askId } = await askFor(2);
    await order({ askId });
    const made = await order({ askId });
    expect(made).toMatchObject({ state: 'taken-up', agentId: second });
    expect(made.tried[0]!.why).toContain('as many jobs');
    // It does not answer what it cannot take.
    expect((await ask()).answers).toEqual([]);
  });

  it('an order goes to the next if the first is gone, and nothing is paid to it', async () => {
    const [good, next] = [await world.start(2), await world.start(3)];
    await world.serve(good, 'good', model.url, chart('10 TWIN'));
    const second = await world.serve(next, 'next', model.url, chart('20 TWIN'));
    const { askId } = await askFor(2);
    await world.end(2);
    const made = await order({ askId });
    expect(made).toMatchObject({ state: 'taken-up', agentId: second, price: { units: '20' } });
    expect(made.tried).toHaveLength(1);
  });

  it('a client that dies before it has passed its order on goes on after its restart, and pays once', async () => {
    const good = await world.start(2);
    await world.serve(good, 'good', model.url, chart('10 TWIN'));
    const { askId } = await askFor(1);
    const before = await balance(client);
    const { orderId } = await client.services.offers.hire(askId, { input: { of: 'CHOR' }, most: '100' });
    await until(() => world.ledger.jobs.jobs.length === 1);
    client = await world.start(1);
    await until(async () =>
      ['taken-up', 'failed'].includes((await client.services.offers.order(orderId)).state),
    );
    expect(await client.services.offers.order(orderId)).toMatchObject({ state: 'taken-up' });
    expect([world.ledger.jobs.jobs.length, before - (await balance(client))]).toEqual([1, 10n]);
  });
});
