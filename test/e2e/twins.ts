import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gramMatrix } from '@chorus/aggregation';
import { CIRCUIT_SIZE, gramHash } from '@chorus/circuits';
import { writeNewNodeKey } from '@chorus/node';
import { type Hex, OPEN_TO_ALL, type RuleName, type StoragePort } from '@chorus/protocol';
import {
  createProving,
  type NodeConfigInput,
  type NodeEvent,
  OWN_NETWORK,
  type Proving,
  parseConfig,
  startNode,
  type TaskRequest,
  type TrainingNode,
} from '@chorus/service-training';
import { buildModel, type Dataset, subset } from '@chorus/training';
import { afterAll } from 'vitest';
import { smallDigits } from '../fixtures/small-digits.ts';
import { patience, patientSeconds } from '../patience.ts';
import { MemoryChain, MemoryLedger } from '../twins/chain.ts';
import { MemoryHub, type MemoryNetwork } from '../twins/network.ts';
import { MemorySwarm } from '../twins/storage.ts';
import { SharedTrainers } from '../twins/trainers.ts';
import { UNCHECKED_PROOF } from '../twins/unchecked-proof.ts';

/** Of all nodes in a file's networks: that each model has a process of its own is tested where networks are of processes. */
export const models = new SharedTrainers();
afterAll(() => models.close());

const NO_SECONDS = {
  gram: 0,
  combine: 0,
  crossTerm: 0,
  commitCross: 0,
  evaluate: 0,
  commitQuotient: 0,
  circuit: 0,
  check: 0,
  total: 0,
};

/** Proving for the ledger in memory, which checks the aggregate itself and takes no proof: the committer is real, the Gram matrix in plain loops. */
export function provingWithoutProof(workers: Proving): Proving {
  return {
    committer: (dimension) => workers.committer(dimension),
    prover: async (dimension) => ({
      gramMatrix: async (_rule, vectors) => gramMatrix(vectors.map((v) => v ?? new Int16Array(dimension))),
      // The hash of the matrix is that of a real proof: summaries of the round are checked against it.
      prove: async ({ rule }, vectors) => {
        const gram = gramMatrix(vectors.map((v) => v ?? new Int16Array(dimension)));
        const proof = { ...UNCHECKED_PROOF, gramHash: gramHash(gram, CIRCUIT_SIZE, rule) };
        return { proof, gram, seconds: NO_SECONDS };
      },
    }),
    novelty: (job, signal) => workers.novelty(job, signal),
    close: async () => {},
  };
}

export interface TwinNode {
  name: string;
  node: TrainingNode;
  /** Another node in its place: the same key, configuration and folder, after the first is closed. */
  restart(): Promise<void>;
  network: MemoryNetwork;
  events: NodeEvent[];
}

type Training = NonNullable<NodeConfigInput['training']>;

export interface JoinOptions {
  roles: ('trainer' | 'validator' | 'aggregator')[];
  data?: Dataset;
  attack?: Training['attack'];
  limits?: NodeConfigInput['limits'] & Pick<Training, 'stake' | 'tasks'>;
  privacy?: Training['privacy'];
  /** Stand something between a node and its chain, or its storage. */
  wrapChain?: (chain: MemoryChain) => MemoryChain;
  wrapStorage?: (storage: StoragePort) => StoragePort;
}

/** A network of real nodes on twins of all three ports: the rules of a round without a socket. */
export class TwinNetwork {
  readonly ledger = new MemoryLedger();
  readonly hub = new MemoryHub();
  readonly swarm = new MemorySwarm();
  readonly nodes: TwinNode[] = [];
  readonly #workers: Proving;
  /** One committer for all nodes of the test, closed with the network. */
  readonly #proving: Proving;
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
    const workers = createProving(this.ledger.chainId);
    this.#workers = workers;
    this.#proving = provingWithoutProof(workers);
  }

  static async create(): Promise<TwinNetwork> {
    return new TwinNetwork(await mkdtemp(join(tmpdir(), 'chorus-twins-')));
  }

  /** Start a node, connected to the first one. */
  async add(name: string, options: JoinOptions): Promise<TwinNode> {
    const key: Hex = `0x${String(this.nodes.length + 1).padStart(64, '0')}`;
    const events: NodeEvent[] = [];
    const seed = this.nodes.length + 1;
    let held = new Map<string, Uint8Array>();
    const dataDir = join(this.folder, name);
    await mkdir(dataDir, { recursive: true });
    const nodeKey = await writeNewNodeKey(dataDir);
    const start = async (again = false) => {
      // A node that was connected to a closed one waits for it to come back.
      const others = this.nodes.filter((each) => each.name !== name);
      const known = again ? others : others.slice(0, 1);
      const network = this.hub.create(nodeKey.peerId);
      const chain =
        options.wrapChain?.(new MemoryChain(this.ledger, key)) ?? new MemoryChain(this.ledger, key);
      const storage = this.swarm.create();
      // What a node holds is on its disk.
      for (const [cid, bytes] of held) storage.held.set(cid, bytes);
      held = storage.held;
      const own = withOwnNetwork(options);
      const config = parseConfig(
        {
          dataDir,
          chain: { url: 'http://127.0.0.1:1', contract: this.ledger.contract },
          network: { bootstrap: known.map((each) => each.network.multiaddrs()[0]!) },
          admin: { enabled: false },
          limits: own.limits,
          training: {
            ...own.training,
            roles: options.roles,
            seed,
            ...(options.attack ? { attack: options.attack } : {}),
          },
        },
        name,
      );
      if (!again) this.ledger.mint(this.ledger.token, chain.account, 1_000_000n);
      const node = await startNode(config, (event) => events.push(event), {
        ports: { chain, network, storage: options.wrapStorage?.(storage) ?? storage },
        proving: this.#proving,
        createTrainer: models.create,
        dataset: options.data ?? null,
      });
      return { node, network };
    };
    const { node, network } = await start();
    const entry: TwinNode = {
      name,
      node,
      network,
      events,
      restart: async () => {
        await entry.node.close();
        const again = await start(true);
        entry.node = again.node;
        entry.network = again.network;
      },
    };
    this.nodes.push(entry);
    return entry;
  }

  /** Resolves when `condition` holds, looking at every node's events. */
  async until(condition: () => boolean, timeoutMs = 120_000): Promise<void> {
    const deadline = Date.now() + patience(timeoutMs);
    while (!condition()) {
      if (Date.now() > deadline) {
        const log = this.nodes
          .map((n) => `${n.name}: ${n.events.slice(-12).map(describe).join(' | ')}`)
          .join('\n');
        throw new Error(`the condition did not come true\n${log}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map(({ node }) => node.close()));
    await this.#workers.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Every task is joined, but for what a test limits itself. */
function withOwnNetwork({ limits = {}, privacy }: Pick<JoinOptions, 'limits' | 'privacy'>) {
  const { stake, tasks, ...host } = limits;
  const own = OWN_NETWORK.training;
  return {
    limits: { ...host, gas: { ...OWN_NETWORK.limits.gas, ...host.gas } },
    training: {
      ...own,
      privacy: { ...own.privacy, ...privacy },
      stake: { ...own.stake, ...stake },
      tasks: { ...own.tasks, ...tasks },
    },
  };
}

function describe(event: NodeEvent): string {
  return JSON.stringify(event, (_, value) => (typeof value === 'bigint' ? value.toString() : value));
}

interface SmallTaskOptions {
  validators?: number;
  rule?: RuleName;
  /** Whether payloads are encrypted to those that must check them. */
  sealed?: boolean;
  digitsOf?: (options: { seed: number; count: number }) => Dataset;
}

/** Trainable parameters of the model of small digits: 49 x 64 x 32 x 10 with biases. */
export const SMALL_DIMENSION = 5_610;

/**
 * A small task on generated digits, and the shards for `trainers` trainers and that number of validators. Phases are in seconds
 * of a quiet machine.
 */
export async function smallTask(
  network: TwinNetwork,
  trainers: number,
  change: Partial<TaskRequest['params']> = {},
  { validators = 1, rule = 'reference-trust', sealed = false, digitsOf = smallDigits }: SmallTaskOptions = {},
): Promise<{ request: TaskRequest; shards: Dataset[]; validation: Dataset; validations: Dataset[] }> {
  const perNode = 60;
  const digits = digitsOf({ seed: 1, count: perNode * (trainers + validators) });
  const shardOf = (i: number) =>
    subset(
      digits,
      Uint32Array.from({ length: perNode }, (_, k) => i * perNode + k),
    );
  const model = buildModel('mlp', { inputShape: digits.inputShape, classes: digits.classes, seed: 1 });
  const phases = { joinSeconds: 30, commitSeconds: 30, referenceSeconds: 30, settleSeconds: 30, ...change };
  const trainer = await models.create({
    model,
    loss: { kind: 'softmax-cross-entropy' },
    optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 },
  });
  const { dimension } = trainer;
  await trainer.close();
  return {
    shards: Array.from({ length: trainers }, (_, i) => shardOf(i)),
    validation: shardOf(trainers),
    validations: Array.from({ length: validators }, (_, i) => shardOf(trainers + i)),
    request: {
      model,
      terms: {
        version: 1,
        name: 'test',
        dimension,
        data: { kind: 'classification', inputShape: digits.inputShape, classes: digits.classes },
        loss: { kind: 'softmax-cross-entropy' },
        optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 },
        localEpochs: 1,
        referenceEpochs: 4,
        batchSize: 10,
        learningRate: 0.05,
        scale: 2 ** -14,
        rule,
        ...(sealed ? { payloads: 'sealed' as const } : {}),
      },
      params: {
        token: network.ledger.token,
        budget: 100_000n,
        rounds: 2,
        minTrainers: 1,
        maxTrainers: trainers,
        minAggregators: 1,
        stake: 100n,
        minValidators: 1,
        ...OPEN_TO_ALL,
        aggregatorFeeBps: 300,
        validatorFeeBps: 200,
        validators: [],
        ...change,
        joinSeconds: patientSeconds(phases.joinSeconds),
        commitSeconds: patientSeconds(phases.commitSeconds),
        referenceSeconds: patientSeconds(phases.referenceSeconds),
        settleSeconds: patientSeconds(phases.settleSeconds),
      },
    },
  };
}
