import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { JOURNAL_FILE, setJournalAside } from '@chorus/node';
import { ChorusError } from '@chorus/protocol';
import { Journal, type NodeEvent } from '@chorus/service-training';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { smallTask, TwinNetwork, type TwinNode } from './twins.ts';

let network: TwinNetwork;
beforeEach(async () => {
  network = await TwinNetwork.create();
});
afterEach(() => network.close());

const ended = (events: NodeEvent[]) => events.find((e) => e.type === 'task-ended');
const computed = (events: NodeEvent[], round: number) =>
  events.flatMap((e) => (e.type === 'model' && e.round === round ? [e.digest] : []));
const warned = (events: NodeEvent[], code: string) =>
  events.filter((e) => e.type === 'warning' && e.code === code).length;

interface Cast {
  taskId: bigint;
  requester: TwinNode;
  alice: TwinNode;
  validator: TwinNode;
}

/** Two trainers, a validator that also aggregates, and a requester; `before` runs when all but the task is there. */
async function begin(rounds: number, before?: () => void): Promise<Cast> {
  const { request, shards, validation } = await smallTask(network, 2, { rounds });
  const requester = await network.add('requester', { roles: [] });
  before?.();
  const alice = await network.add('alice', { roles: ['trainer'], data: shards[0]! });
  await network.add('bob', { roles: ['trainer'], data: shards[1]! });
  const validator = await network.add('victor', { roles: ['validator', 'aggregator'], data: validation });
  request.params.validators = [validator.node.ports.chain.account];
  const taskId = await requester.node.services.training.publish(request);
  return { taskId, requester, alice, validator };
}

async function earnedOnChain({ taskId }: Cast, node: TwinNode): Promise<bigint> {
  const { chain } = node.node.ports;
  const task = await chain.task(taskId);
  const index = task.trainers.indexOf(chain.account);
  let sum = 0n;
  for (let round = 1; round <= task.round; round++) {
    sum += (await chain.settledRound(taskId, round))?.rewards[index] ?? 0n;
  }
  return sum;
}

describe('the journal of a node', () => {
  it('tells what each round was and earned, and the totals are the chain’s', async () => {
    const cast = await begin(3);
    const { alice, validator, taskId } = cast;
    await network.until(() => network.nodes.every((n) => ended(n.events)));
    const rounds = alice.node.services.training.journal.rounds();
    expect(rounds.map((r) => r.round)).toEqual([3, 2, 1]);
    for (const round of rounds) {
      expect(round).toMatchObject({ taskId, outcome: 'settled', fee: 0n });
      expect([round.model]).toEqual(computed(alice.events, round.round));
    }
    const earned = await earnedOnChain(cast, alice);
    expect(earned).toBeGreaterThan(0n);
    expect(alice.node.services.training.journal.totals()).toMatchObject([
      { rewards: earned, claimed: earned, settled: 3 },
    ]);
    const fees = await Promise.all(
      [1, 2, 3].map((round) => validator.node.ports.chain.settledRound(taskId, round)),
    );
    const fee = fees.reduce((sum, s) => sum + s!.aggregatorFee + s!.validatorFee, 0n);
    expect(validator.node.services.training.journal.totals()).toMatchObject([
      { rewards: 0n, fees: fee, claimed: fee },
    ]);
    expect(alice.node.services.training.journal.tasks()).toMatchObject([{ taskId, state: 'ended' }]);
    expect(alice.node.services.training.journal.steps(taskId)).toEqual([]);
  });

  it('spares a restarted node the replay: it goes on from its model, which the chain confirms', async () => {
    const { alice, requester, taskId } = await begin(4);
    await network.until(() => computed(alice.events, 2).length > 0);
    await alice.restart();
    await network.until(() => network.nodes.every((n) => ended(n.events)));
    expect(computed(alice.events, 1)).toHaveLength(1);
    expect(ended(alice.events)).toMatchObject({ opensCommitment: true });
    expect(computed(alice.events, 4)).toEqual(computed(requester.events, 4));
    expect(alice.node.services.training.journal.totals()[0]!.settled).toBe(4);
    expect(taskId).toBe(1n);
  });

  it('is not believed over the chain: a model of another history is thrown away and its rounds replayed', async () => {
    const { alice, requester, taskId } = await begin(4);
    await network.until(() => computed(alice.events, 1).length > 0);
    const folder = join(network.folder, 'alice');
    await alice.node.close();
    const saved = readFileSync(join(folder, JOURNAL_FILE));
    const model = readFileSync(join(folder, 'tasks', String(taskId), 'model-1.bin'));
    // As a backup put back too far: its model says it is round 1's and is not.
    const { DatabaseSync } = await import('node:sqlite');
    const db = new DatabaseSync(join(folder, JOURNAL_FILE));
    const row = db.prepare("SELECT detail FROM steps WHERE step = 'model'").get() as { detail: string };
    const detail = { ...JSON.parse(row.detail), total: { x: '1n', y: '2n' } };
    db.prepare("UPDATE steps SET detail = ? WHERE step = 'model'").run(JSON.stringify(detail));
    db.close();
    expect(readFileSync(join(folder, JOURNAL_FILE)).equals(saved)).toBe(false);
    expect(model.length).toBeGreaterThan(0);
    await alice.restart();
    await network.until(() => network.nodes.every((n) => ended(n.events)));
    expect(warned(alice.events, 'E_SNAPSHOT_STALE')).toBe(1);
    expect(ended(alice.events)).toMatchObject({ opensCommitment: true });
    expect(computed(alice.events, 4)).toEqual(computed(requester.events, 4));
    expect(alice.node.services.training.journal.totals()[0]!.settled).toBe(4);
  });

  it('that is damaged keeps the node from starting; set aside, all is rebuilt from the files and the chain', async () => {
    const cast = await begin(4);
    const { alice } = cast;
    await network.until(() => computed(alice.events, 2).length > 0);
    const folder = join(network.folder, 'alice');
    await alice.node.close();
    writeFileSync(join(folder, JOURNAL_FILE), Buffer.alloc(30_000, 0x5a));
    await expect(alice.restart()).rejects.toMatchObject({ code: 'E_STORE_CORRUPT' });
    expect(setJournalAside(folder)).toContain('damaged');
    await alice.restart();
    await network.until(() => network.nodes.every((n) => ended(n.events)));
    const earned = await earnedOnChain(cast, alice);
    expect(alice.node.services.training.journal.totals()).toMatchObject([
      { rewards: earned, claimed: earned, settled: 4 },
    ]);
    expect(ended(alice.events)).toMatchObject({ opensCommitment: true });
  });

  it('with the terms damaged too, the node takes them from a peer', async () => {
    const { alice, taskId } = await begin(3);
    await network.until(() => computed(alice.events, 1).length > 0);
    await alice.node.close();
    writeFileSync(join(network.folder, 'alice', 'tasks', String(taskId), 'terms.json'), '{"version":1');
    await alice.restart();
    await network.until(() => network.nodes.every((n) => ended(n.events)));
    expect(ended(alice.events)).toMatchObject({ opensCommitment: true });
  });
});

describe('a payout by hand', () => {
  it('whose node dies before its receipt is in the totals after all, and the rest is paid at the end', async () => {
    const cast = await begin(3);
    const { alice, taskId } = cast;
    await network.until(() => alice.events.some((e) => e.type === 'round-ended' && e.reward > 0n));
    const { chain } = alice.node.ports;
    const pay = chain.claim.bind(chain);
    let paid = 0n;
    chain.claim = async (token, taskIds, to) => {
      paid = (await pay(token, taskIds, to)).amount;
      throw new ChorusError('E_CHAIN_UNREACHABLE', 'the answer is lost with the process');
    };
    const token = network.ledger.token;
    await expect(alice.node.services.training.claim(token)).rejects.toMatchObject({
      code: 'E_CHAIN_UNREACHABLE',
    });
    expect(paid).toBeGreaterThan(0n);
    expect(alice.node.services.training.journal.totals()).toMatchObject([{ claimed: 0n }]);
    await alice.restart();
    await network.until(() => (alice.node.services.training.journal.totals()[0]?.claimed ?? 0n) >= paid);
    await network.until(() => network.nodes.every((n) => ended(n.events)));
    const earned = await earnedOnChain(cast, alice);
    expect(alice.node.services.training.journal.totals()).toMatchObject([
      { rewards: earned, claimed: earned },
    ]);
    expect((await chain.memberAccount(taskId, chain.account))!.claimed).toBe(earned);
    await expect(alice.node.services.training.claim(token)).rejects.toMatchObject({
      code: 'E_CHAIN_NOTHING_TO_CLAIM',
    });
  });
});

describe('a node whose disk is full', () => {
  it('sends and signs nothing, says so, and goes on when there is room again', async (context) => {
    const disk = join(network.folder, 'alice');
    let mounted = false;
    const cast = await begin(2, () => {
      mkdirSync(disk);
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'chorus-test', disk], { stdio: 'ignore' });
        mounted = true;
      } catch {
        // Not root, or a kernel that does not allow it.
      }
    });
    if (!mounted) return context.skip('needs root, to mount a small disk');
    try {
      const { alice, requester, taskId } = cast;
      await network.until(() => alice.events.some((e) => e.type === 'joined'));
      fill(join(disk, 'filler'));
      await network.until(() => warned(alice.events, 'E_STORE_FULL') > 0);
      const { chain } = requester.node.ports;
      const index = (await chain.task(taskId)).trainers.indexOf(alice.node.ports.chain.account);
      const stuck = await chain.round(taskId, (await chain.task(taskId)).round);
      expect(stuck).toMatchObject({ phase: 'commit' });
      expect(stuck.updates[index]).toBeNull();
      rmSync(join(disk, 'filler'));
      await network.until(() => network.nodes.every((n) => ended(n.events)));
      expect(computed(alice.events, 2)).toEqual(computed(requester.events, 2));
      const earned = await earnedOnChain(cast, alice);
      expect(alice.node.services.training.journal.totals()).toMatchObject([
        { rewards: earned, claimed: earned, settled: 2 },
      ]);
    } finally {
      await network.nodes.find((n) => n.name === 'alice')?.node.close();
      execFileSync('umount', [disk], { stdio: 'ignore' });
    }
  });
});

describe('a requester that dies', () => {
  it('between sending its task and learning of it escrows the budget once, and follows the task', async () => {
    const { request, shards, validation } = await smallTask(network, 1, { rounds: 1 });
    const requester = await network.add('requester', { roles: [] });
    const alice = await network.add('alice', { roles: ['trainer'], data: shards[0]! });
    const validator = await network.add('victor', { roles: ['validator', 'aggregator'], data: validation });
    request.params.validators = [validator.node.ports.chain.account];
    const { chain } = requester.node.ports;
    const create = chain.createTask.bind(chain);
    chain.createTask = async (params) => {
      await create(params);
      throw new ChorusError('E_CHAIN_UNREACHABLE', 'the answer is lost with the process');
    };
    await expect(requester.node.services.training.publish(request)).rejects.toMatchObject({
      code: 'E_CHAIN_UNREACHABLE',
    });
    await requester.restart();
    await network.until(() => network.nodes.every((n) => ended(n.events)));
    expect(ended(alice.events)).toMatchObject({ opensCommitment: true });
    const created = network.ledger.events.filter((event) => event.type === 'task-created');
    expect(created).toHaveLength(1);
    await requester.node.close();
    const journal = Journal.open(join(network.folder, 'requester'));
    expect(journal.publications.open()).toEqual([]);
    journal.close();
  });

  it('asked again for the same task does not pay for it twice', async () => {
    const { request } = await smallTask(network, 1, { rounds: 1 });
    const requester = await network.add('requester', { roles: [] });
    request.params.validators = [requester.node.ports.chain.account];
    const { chain } = requester.node.ports;
    const create = chain.createTask.bind(chain);
    let attempts = 0;
    chain.createTask = async (params) => {
      const created = await create(params);
      if (++attempts === 1) throw new ChorusError('E_CHAIN_UNREACHABLE', 'the answer is lost');
      return created;
    };
    await expect(requester.node.services.training.publish(request)).rejects.toThrow();
    expect(await requester.node.services.training.publish(request)).toBe(1n);
    expect(attempts).toBe(1);
    // A second task with the same terms is a second task.
    expect(await requester.node.services.training.publish(request)).toBe(2n);
  });
});

/** Take all room there is. */
function fill(path: string): void {
  for (let size = 1 << 20; size >= 1; size >>= 1) {
    for (;;) {
      try {
        writeFileSync(path, Buffer.alloc(size), { flag: 'a' });
      } catch {
        break;
      }
    }
  }
}
