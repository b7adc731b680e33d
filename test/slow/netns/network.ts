import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ChorusChain,
  connectChain,
  type Deployment,
  type Devnet,
  deployChorus,
  startDevnet,
  transferTokens,
} from '@chorus/chain';
import { developmentKey, developmentSrs, log2SizeFor } from '@chorus/commitment';
import type { Address, Hex } from '@chorus/protocol';
import { type NodeConfigInput, type NodeEvent, OWN_NETWORK } from '@chorus/service-training';
import { writeShard } from '@chorus/training';
import { patientSeconds } from '../../patience.ts';
import { STAKE, type TinyTask, tinyParams, tinyTask } from '../crash/tiny-task.ts';
import { openGateway } from './gateway.ts';
import { MemberProcess } from './member.ts';
import { type Link, Netns, type Shape } from './netns.ts';

/** 100 ms there and 100 ms back, a packet in fifty lost each way, 10 Mbit/s each way. */
const HOME: Shape = { delayMs: 100, loss: 0.02, bitsPerSecond: 10_000_000 };
/** A hosted machine. */
const HOSTED: Shape = { delayMs: 5, bitsPerSecond: 100_000_000 };

const PORT = 4011;
/** The chain is asked over the same links: not twenty times a second, as it would be on one machine. */
const POLL_MILLISECONDS = 500;

export const TRAINERS = ['t1', 't2', 't3'];
/** Each is a candidate to aggregate as well. */
export const VALIDATORS = ['v1', 'v2', 'v3'];
export const MEMBERS = [...TRAINERS, ...VALIDATORS];
/** The namespaces of machines that are always up: the chain's endpoint; the requester, which relays too. */
export const CHAIN = 'chain';
export const HUB = 'hub';
/** A trainer and a validator behind NATs: they reach each other through the hub alone. */
export const HIDDEN: readonly [string, string] = ['t3', 'v3'];

/** Seconds of the task's phases. A partition outlasts those of the commit and the reference phase and a turn. */
export const WINDOWS = {
  commitSeconds: patientSeconds(25),
  referenceSeconds: patientSeconds(20),
  settleSeconds: patientSeconds(25),
};
/** No round goes on without that number of references. */
export const MIN_VALIDATORS = 2;
/**
 * How long a trainer may contest that it was away: time to be connected again, to show its payload to the validators
 * and, where they do not answer, on chain.
 */
const DISPUTES = { contest: patientSeconds(35), unbond: patientSeconds(60) };

/** A task's network: everyone in a namespace of its own, the chain behind one too. */
export interface LossyNetwork {
  net: Netns;
  devnet: Devnet;
  deployment: Deployment;
  /** Reads the chain next to the lossy links, to judge what comes of them. */
  chain: ChorusChain;
  requester: MemberProcess;
  members: MemberProcess[];
  addresses: Map<string, Address>;
  /** Who was connected to which peer through a relay: `name peer-id`. */
  relayed: Set<string>;
  /** Model digests by round and by who computed them. */
  models: Map<number, Map<string, Hex>>;
  roundEnds: { name: string; event: Extract<NodeEvent, { type: 'round-ended' }> }[];
  ended: Map<string, Extract<NodeEvent, { type: 'task-ended' }>>;
  warnings: string[];
  publish(rounds: number): Promise<bigint>;
  close(): Promise<void>;
}

export async function startLossyNetwork(): Promise<LossyNetwork> {
  const cleanups: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  };
  try {
    return await start(cleanups, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(
  cleanups: (() => Promise<unknown>)[],
  close: () => Promise<void>,
): Promise<LossyNetwork> {
  const folder = await mkdtemp(join(tmpdir(), 'chorus-netns-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  const links: Record<string, Link> = { [CHAIN]: HOSTED, [HUB]: HOSTED };
  for (const name of MEMBERS) links[name] = { ...HOME, nat: HIDDEN.includes(name) };
  const net = await Netns.create(links);
  cleanups.push(() => net.close());

  const [devnet, task] = await Promise.all([
    startDevnet({ accounts: MEMBERS.length + 1 }),
    tinyTask(TRAINERS.length),
  ]);
  cleanups.push(() => devnet.close());
  const [requesterKey, ...keys] = devnet.privateKeys as [Hex, ...Hex[]];
  const deployment = await deployChorus({
    url: devnet.url,
    privateKey: requesterKey,
    verifier: developmentKey(),
    initial: { windows: DISPUTES },
  });
  const chain = await connectChain({
    url: devnet.url,
    contract: deployment.taskManager,
    privateKey: requesterKey,
  });
  cleanups.push(() => chain.close());
  // Once, rather than by every node at the same time; it stays in the cache.
  await developmentSrs(log2SizeFor(task.terms.dimension));
  const gateway = await openGateway(net, CHAIN, {
    port: Number(new URL(devnet.url).port),
    path: join(folder, 'chain.sock'),
  });
  cleanups.push(() => gateway.close());

  const book = new EventBook();
  const running: MemberProcess[] = [];
  cleanups.push(() => Promise.all(running.map((member) => member.stop())));
  const nodes: NodePlan = { net, book, folder, url: gateway.url, contract: deployment.taskManager, running };
  const requester = await startMember(nodes, HUB, requesterKey, {
    roles: [],
    network: { relayServer: true },
  });
  const { peerId } = await requester.ready;
  const bootstrap = [`/ip4/${net.address(HUB)}/tcp/${PORT}/p2p/${peerId}`];
  const members = await startMembers(nodes, task, keys, bootstrap);
  const addresses = new Map<string, Address>();
  for (const member of members) addresses.set(member.name, (await member.ready).address);
  await transferTokens({
    url: devnet.url,
    privateKey: requesterKey,
    token: deployment.token,
    recipients: [...addresses.values()],
    amount: STAKE,
  });
  return {
    net,
    devnet,
    deployment,
    chain,
    requester,
    members,
    addresses,
    relayed: book.relayed,
    models: book.models,
    roundEnds: book.roundEnds,
    ended: book.ended,
    warnings: book.warnings,
    publish: (rounds) =>
      requester.publish({
        terms: task.terms,
        model: task.model,
        params: {
          ...tinyParams(
            deployment.token,
            TRAINERS.length,
            rounds,
            VALIDATORS.map((name) => addresses.get(name)!),
          ),
          minTrainers: TRAINERS.length,
          minAggregators: VALIDATORS.length,
          minValidators: MIN_VALIDATORS,
          ...WINDOWS,
        },
      }),
    close,
  };
}

/** What the nodes tell, by what the test asks of it. */
class EventBook {
  readonly relayed: LossyNetwork['relayed'] = new Set();
  readonly models: LossyNetwork['models'] = new Map();
  readonly roundEnds: LossyNetwork['roundEnds'] = [];
  readonly ended: LossyNetwork['ended'] = new Map();
  readonly warnings: string[] = [];

  record(name: string, event: NodeEvent): void {
    if (event.type === 'model') {
      const round = this.models.get(event.round) ?? new Map<string, Hex>();
      this.models.set(event.round, round.set(name, event.digest));
    }
    if (event.type === 'peer-connected' && event.address.includes('/p2p-circuit')) {
      this.relayed.add(`${name} ${event.peerId}`);
    }
    if (event.type === 'round-ended') this.roundEnds.push({ name, event });
    if (event.type === 'task-ended') this.ended.set(name, event);
    if (event.type === 'warning') this.warnings.push(`${name}: ${event.code} ${event.message}`);
    if (event.type === 'task-refused') this.warnings.push(`${name}: refused ${event.code} ${event.message}`);
  }
}

interface NodePlan {
  net: Netns;
  book: EventBook;
  folder: string;
  url: string;
  contract: Address;
  running: MemberProcess[];
}

async function startMembers(
  plan: NodePlan,
  task: TinyTask,
  keys: Hex[],
  bootstrap: string[],
): Promise<MemberProcess[]> {
  const members: MemberProcess[] = [];
  for (const [i, name] of MEMBERS.entries()) {
    const trains = TRAINERS.includes(name);
    const data = join(plan.folder, `${name}.shard`);
    // The last shard is the validators'.
    await writeShard(data, task.shards[Math.min(i, TRAINERS.length)]!);
    members.push(
      await startMember(plan, name, keys[i]!, {
        roles: trains ? ['trainer'] : ['validator', 'aggregator'],
        data,
        seed: i + 2,
        network: { bootstrap, relayClient: true },
      }),
    );
  }
  return members;
}

async function startMember(
  { net, book, folder, url, contract, running }: NodePlan,
  name: string,
  walletKey: Hex,
  { network, ...training }: NodeConfigInput['training'] & Pick<NodeConfigInput, 'network'>,
): Promise<MemberProcess> {
  const member = await MemberProcess.start({
    name,
    walletKey,
    program: name === HUB ? 'requester' : 'start',
    config: {
      ...OWN_NETWORK,
      training: { ...OWN_NETWORK.training, ...training },
      dataDir: join(folder, name),
      chain: { url, contract, pollMilliseconds: POLL_MILLISECONDS },
      network: { ...network, listen: [`/ip4/${net.localAddress(name)}/tcp/${PORT}`] },
      admin: { enabled: false },
    },
    spawn: (command, args, options) => net.spawn(name, command, args, options),
    onEvent: (event) => book.record(name, event),
  });
  running.push(member);
  return member;
}
