import { join } from 'node:path';
import { createAdminClient, readAdmin } from '@chorus/admin-api';
import { ChorusError, type TillCollection } from '@chorus/protocol';
import type { DemoNetwork } from './network.ts';

/**
 * How what an agent was paid was divided: the network's fee, those who trained its model, its owner. Sums are decimal
 * strings of the token's smallest unit.
 */
export interface RoyaltiesReport {
  /** Number of the agent. */
  agent: string;
  paid: string;
  protocolFee: string;
  /** The trainers' part, and what each of them that still runs has claimed of it. */
  trainers: string;
  claimed: { id: string; amount: string }[];
  /** What the agent's owner is owed. */
  rest: string;
  /** Each sum is the chain's own, what was divided is what was paid, and each trainer claimed exactly its part. */
  balanced: boolean;
}

export interface RoyaltiesOptions {
  network: DemoNetwork;
  folder: string;
  taskId: bigint;
  agentId: bigint;
}

/** Divide what is in the till of an agent, and have every trainer of its model claim its part. */
export async function payRoyalties(options: RoyaltiesOptions): Promise<RoyaltiesReport> {
  const { network, taskId, agentId } = options;
  const { token } = network.deployment;
  const { chain } = network.requester.ports;
  const { collection } = await chain.collectTill(agentId, token);
  if (!collection) {
    throw new ChorusError('E_DEMO_AGENTS', 'the till of the demo agent is empty', {
      facts: { agent: agentId },
      hint: 'run it again with --no-agents to see the training alone',
    });
  }
  const trainers = network.nodes.filter(({ roles }) => roles.includes('trainer'));
  const due = await Promise.all(trainers.map(({ address }) => chain.royalties(token, address, [taskId])));
  const claimed = await Promise.all(
    trainers.map(async ({ name, process }, i) => {
      if (due[i] === 0n || !process.alive) return [];
      const node = createAdminClient(await readAdmin(join(options.folder, name)));
      const { paid } = await node.claimRevenue({ tasks: [taskId.toString()] });
      const royalties = paid.filter(({ from }) => from === 'royalties');
      return royalties.map(({ amount }) => ({ id: name, amount }));
    }),
  );
  const sum = due.reduce((all, amount) => all + amount, 0n);
  const isClaimed = claimed.every((list, i) => list.every(({ amount }) => BigInt(amount) === due[i]));
  // Each part is rounded down.
  const dust = collection.trainers - sum;
  const isDivided = dust >= 0n && dust < BigInt(trainers.length) && isWhole(collection);
  return {
    agent: agentId.toString(),
    paid: collection.paid.toString(),
    protocolFee: collection.protocolFee.toString(),
    trainers: collection.trainers.toString(),
    claimed: claimed.flat(),
    rest: collection.rest.toString(),
    balanced: isClaimed && isDivided,
  };
}

const isWhole = ({ paid, passed, protocolFee, trainers, holders, tools, rest }: TillCollection): boolean =>
  paid + passed === protocolFee + trainers + holders + tools + rest;
