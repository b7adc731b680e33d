import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../e2e/chorus-node.ts';
import { NodeNetwork } from './node-network.ts';

const CHOR = 10n ** 18n;
const NODES = ['client', 'provider', 'first', 'second', 'third'] as const;
type Name = (typeof NODES)[number];
const VALIDATORS: Name[] = ['first', 'second', 'third'];

let nodes: NodeNetwork<Name>;

beforeAll(async () => {
  nodes = await NodeNetwork.start({
    names: NODES,
    deployment: { market: { windowSeconds: 3600, stepSeconds: 1800, seatStake: 10n * CHOR } },
    tokens: () => 200n * CHOR,
    config: () => ({ market: { checkSeconds: 1 } }),
    connected: true,
  });
});
afterAll(() => nodes?.close());

const job = (of: Name, ...args: string[]) => nodes.as(of, 'market', 'job', ...args);
const isAt = async (of: Name, id: string, what: string | null) =>
  ((await job(of, 'show', id)).step?.what ?? null) === what;

it('a disputed job is decided by validators: files by storage, votes revealed by nodes, all balances to the unit', async () => {
  for (const name of VALIDATORS) {
    await nodes.as(name, 'stake', 'deposit', '10', '--token', nodes.deployed.token);
    expect((await nodes.as(name, 'market', 'seat', 'take')).seat).not.toBeNull();
  }
  await nodes.passTime(10);
  const before = await nodes.balances();
  const terms = ['--budget', '100', '--provider', nodes.addressOf('provider'), '--fund'];
  expect(await job('client', 'create', 'a drawing', ...terms, '--dry-run')).toMatchObject({
    budget: String(100n * CHOR),
  });
  const { jobId } = await job('client', 'create', 'a drawing', ...terms);
  await writeFile(join(nodes.folder, 'work.txt'), 'no drawing at all');
  await writeFile(join(nodes.folder, 'why.md'), 'This is no drawing.');
  await job('provider', 'submit', jobId, 'work.txt');
  await job('client', 'fetch', jobId, 'got.txt');
  expect(await readFile(join(nodes.folder, 'got.txt'), 'utf8')).toBe('no drawing at all');
  expect(await job('client', 'dispute', jobId, '--dry-run')).toMatchObject({ amount: String(10n * CHOR) });
  await job('client', 'dispute', jobId, '--grounds', 'why.md');
  await job('provider', 'defend', jobId);
  // The nodes of both parties have the jury drawn.
  await until(() => isAt('first', jobId, 'commit'));
  await job('first', 'fetch', jobId, 'grounds.md', '--what', 'grounds');
  expect(await readFile(join(nodes.folder, 'grounds.md'), 'utf8')).toBe('This is no drawing.');
  await job('first', 'vote', jobId, 'reject');
  await job('second', 'vote', jobId, 'complete');
  // A validator that dies after its vote reveals it when it starts again.
  await nodes.kill('first');
  await job('third', 'vote', jobId, 'reject');
  await nodes.startNode('first');
  // Nodes reveal what was voted, and the client's has the decision carried out.
  await until(async () => (await job('client', 'show', jobId)).status === 'rejected');
  expect(await job('client', 'show', jobId)).toMatchObject({
    status: 'rejected',
    dispute: { outcome: 'upheld', bond: String(10n * CHOR) },
    step: null,
  });
  for (const name of ['client', 'first', 'third'] as const) await nodes.as(name, 'market', 'withdraw');
  expect((await nodes.as('second', 'market', 'withdraw')).withdrawn).toEqual([]);
  const after = await nodes.balances();
  const half = CHOR / 2n;
  expect(after.map((amount, i) => amount - before[i]!)).toEqual([
    5n * CHOR,
    -10n * CHOR,
    5n * half,
    0n,
    5n * half,
  ]);
});

it('a job that is not disputed is paid by the provider’s node alone, also if it was down when the window ended', async () => {
  const before = await nodes.balances();
  const { jobId } = await job(
    'client',
    'create',
    'a text',
    ...['--budget', '10', '--provider', nodes.addressOf('provider')],
  );
  await job('provider', 'budget', jobId, '20');
  await job('client', 'fund', jobId, '20');
  await job('provider', 'submit', jobId, 'work.txt');
  await nodes.kill('provider');
  await nodes.passTime(3600);
  await nodes.startNode('provider');
  await until(async () => (await job('client', 'show', jobId)).status === 'completed');
  const [client, paid] = (await nodes.balances()).map((amount, i) => amount - before[i]!);
  expect([client, paid]).toEqual([-20n * CHOR, (198n * CHOR) / 10n]);
});
