import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ModelServer, modelServer } from '../../packages/service-offers/src/testing/model-server.ts';
import { until } from '../e2e/chorus-node.ts';
import { NodeNetwork } from './node-network.ts';

const CHOR = 10n ** 18n;
const NODES = ['client', 'cheap', 'dear'] as const;
type Name = (typeof NODES)[number];

let nodes: NodeNetwork<Name>;
let model: ModelServer;

beforeAll(async () => {
  model = await modelServer();
  nodes = await NodeNetwork.start({
    names: NODES,
    deployment: { market: { windowSeconds: 3600, stepSeconds: 1800, seatStake: 10n * CHOR } },
    tokens: () => 100n * CHOR,
    config: (_, { token }) => ({
      agents: { tokens: [token] },
      market: { checkSeconds: 1 },
      offers: { checkSeconds: 1 },
    }),
    connected: true,
  });
});
afterAll(async () => {
  await nodes?.close();
  await model?.close();
});

async function offer(name: Name, price: string): Promise<void> {
  const file = join(nodes.folder, `${name}.yaml`);
  await writeFile(
    file,
    `chorus: agent/1
name: ${name}
description: Draws charts of pegs
model: { openai: { url: "${model.url}", name: m } }
offers:
  - id: chart
    description: A chart as SVG
    price: ${price} CHOR
    within: 10m
    input: { type: object, properties: { of: { type: string } }, required: [of] }
    deliverable: { type: object, properties: { svg: { type: string } }, required: [svg] }
`,
  );
  await nodes.as(name, 'agent', 'start', file);
  await nodes.as(name, 'agent', 'register', name);
}

const ASK = ['market', 'ask', 'a chart of the peg', '--budget', '20 CHOR', '--within', '1h', '--wait', '4'];

it('an ask is answered by two providers, the better is hired, dies at work, goes on, and is paid to the unit', async () => {
  await offer('cheap', '2');
  await offer('dear', '15');
  await until(async () => (await nodes.as('client', 'market', 'offer', 'list')).agents.length === 2);
  await writeFile(join(nodes.folder, 'input.json'), '{"of":"CHOR"}');
  const before = await nodes.balances();

  const found = await nodes.as('client', ...ASK);
  expect(found.answers.map(({ title, unfit }: { title: string; unfit: null }) => [title, unfit])).toEqual([
    ['cheap', null],
    ['dear', null],
  ]);
  // The offer takes JSON; and no one agrees to the price here.
  for (const given of [[], ['--input', 'input.json']]) {
    expect(await nodes.run('client', ...ASK, ...given, '--hire')).toMatchObject({ code: 64 });
  }

  model.answer = () => new Promise(() => undefined);
  const { order } = await nodes.as('client', ...ASK, '--input', 'input.json', '--hire', '--yes');
  expect(order).toMatchObject({ state: 'taken-up', price: { units: String(2n * CHOR) }, tried: [] });
  await until(async () => model.asked.length === 1);
  await nodes.kill('cheap');
  model.answer = () => '{"svg":"<svg/>"}';
  await nodes.startNode('cheap');
  const { jobId } = order;
  await until(async () => (await nodes.as('client', 'market', 'job', 'show', jobId)).status === 'submitted');
  expect(model.asked).toHaveLength(2);
  await nodes.as('client', 'market', 'job', 'fetch', jobId, 'chart.json');
  expect(await readFile(join(nodes.folder, 'chart.json'), 'utf8')).toBe('{"svg":"<svg/>"}');
  await nodes.as('client', 'market', 'job', 'complete', jobId);
  await until(
    async () => (await nodes.as('client', 'market', 'order', 'show', order.orderId)).state === 'done',
  );

  const after = await nodes.balances();
  expect(after.map((amount, i) => amount - before[i]!)).toEqual([-2n * CHOR, (198n * CHOR) / 100n, 0n]);
  const { answers } = await nodes.as('client', ...ASK, '--trust', 'known');
  expect(answers[0]).toMatchObject({ title: 'cheap', unfit: null });
  expect(answers[0].parts.at(-1).says).toContain('1 jobs done');
});
