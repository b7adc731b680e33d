import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectChain, devnetKeys, readVerifier, startDevnet, type VerifierOnChain } from '@chorus/chain';
import { type Committer, Committers } from '@chorus/commitment';
import {
  type Address,
  type ChainAccount,
  ChorusError,
  cidFromDigest,
  decodeTerms,
  MAX_TERMS_BYTES,
  type RoundChain,
  type SettledRound,
  type StoragePort,
  type TaskChain,
  type TaskState,
  type Terms,
  type TokenChain,
} from '@chorus/protocol';
import type { SummarySource } from './history/find-summary.ts';
import { keptSummaries, ownSummaries } from './history/kept-summaries.ts';
import { networkPeers, type SummaryPeers } from './history/summary-peers.ts';

/** Requests at once: a task has up to 4096 rounds, and public endpoints limit requests. */
const ROUNDS_AT_ONCE = 16;

/** Time limit for asking peers for the summary of a settled round, ms. */
const ASK_MILLISECONDS = 5_000;

/** Time limit for finding a file of a task, ms. */
const FETCH_MILLISECONDS = 10_000;
/** Slowest connection over which a model is fetched. */
const MODEL_BYTES_PER_MILLISECOND = 256;

/** The part of the chain that an inspection reads. */
export type InspectedChain = ChainAccount & TaskChain & RoundChain & TokenChain;

/** What inspecting a network needs: the chain, the files, and a committer. Writes nothing. */
export interface Inspection {
  chain: InspectedChain;
  storage: StoragePort;
  /** The verifier with which the chain checks the settlements of a task. */
  verifier(address: Address): Promise<VerifierOnChain>;
  /** Commits to vectors of up to `dimension` entries. */
  committer(dimension: number): Promise<Committer>;
  /** The sources of summaries of settled rounds, and the total time limit, ms. */
  summaries: SummaryPeers;
  askMilliseconds: number;
  signal: AbortSignal;
}

/** The location of a network. */
export type NetworkSource =
  /** A network that has ended: a copy of its development chain is started, its files are only read. */
  | { kind: 'kept'; chainState: string; blocks: string; summaries: string; contract: Address }
  /** A network that runs: its chain's endpoint, and peers to ask for files. */
  | { kind: 'live'; url: string; contract: Address; bootstrap: string[] };

/**
 * Open a network for inspection, as an account that never sends a transaction.
 *
 * @example
 * const network = await openNetwork({ kind: 'live', url, contract, bootstrap: [] }, signal);
 * const explanation = await explainRound(network, 1n, 1);
 * await network.close();
 * @throws ChorusError of chain, network and storage
 */
export async function openNetwork(
  source: NetworkSource,
  signal: AbortSignal,
): Promise<Inspection & { close(): Promise<void> }> {
  const cleanups: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  };
  try {
    const url = source.kind === 'live' ? source.url : await startCopy(source.chainState, cleanups);
    signal.throwIfAborted();
    // Reading needs an account only because every port has one: any key will do.
    const chain = await connectChain({ url, contract: source.contract, privateKey: devnetKeys(1)[0]! });
    cleanups.push(() => chain.close());
    const { storage, summaries } =
      source.kind === 'live' ? await joinSwarm(source.bootstrap, cleanups) : await openKept(source);
    const askMilliseconds = source.kind === 'live' && source.bootstrap.length > 0 ? ASK_MILLISECONDS : 0;
    cleanups.push(() => storage.close());
    const committers = new Committers(chain.chainId);
    cleanups.push(() => committers.close());
    const committer = (dimension: number) => committers.committer(dimension);
    signal.throwIfAborted();
    const verifier = (address: Address) =>
      readVerifier({ url, contract: source.contract, verifier: address });
    return { chain, storage, verifier, committer, summaries, askMilliseconds, signal, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A development chain with a copy of that state: the kept state does not change. */
async function startCopy(chainState: string, cleanups: (() => Promise<unknown>)[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'chorus-inspect-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  const stateFile = join(folder, 'chain.json');
  await cp(chainState, stateFile);
  const devnet = await startDevnet({ stateFile, accounts: 1 });
  cleanups.push(() => devnet.close());
  return devnet.url;
}

const nowhere = (): Promise<never> =>
  Promise.reject(
    new ChorusError('E_STORAGE_UNAVAILABLE', 'no peer was named to get files from', {
      hint: 'give the address of a running node with --bootstrap',
    }),
  );

/** A network without known peers: the chain can still be read. */
const NO_STORAGE: StoragePort = {
  cidOf: nowhere,
  put: nowhere,
  get: nowhere,
  has: async () => false,
  remove: async () => {},
  close: async () => {},
};

/** The files of a network that has ended. */
async function openKept({ blocks, summaries }: { blocks: string; summaries: string }): Promise<Files> {
  const { openOfflineStorage } = await import('@chorus/storage');
  return { storage: await openOfflineStorage(blocks), summaries: await keptSummaries(summaries) };
}

/** The source of summaries and models. */
type Files = Pick<Inspection, 'storage' | 'summaries'>;

/** Files in memory, from peers; no peer can dial this node. */
async function joinSwarm(bootstrap: string[], cleanups: (() => Promise<unknown>)[]): Promise<Files> {
  if (bootstrap.length === 0) return { storage: NO_STORAGE, summaries: ownSummaries(() => null) };
  // Loaded only if a swarm is joined: libp2p takes a second and 60 MB.
  const { createNetwork } = await import('@chorus/network');
  const network = await createNetwork({ listen: [], bootstrap });
  cleanups.push(() => network.close());
  if (network.peers().length === 0) {
    throw new ChorusError('E_NETWORK_DIAL', 'none of the given peers can be reached', {
      facts: { peers: bootstrap.join(' ') },
      hint: 'give the address of a running node, ending in /p2p/<peer id>',
    });
  }
  const { createHeliaStorage } = await import('@chorus/storage');
  const storage = await createHeliaStorage({ libp2p: network.libp2p });
  return { storage, summaries: networkPeers(network, () => null) };
}

/** A source of the summaries of a task's rounds. */
export function summarySource(inspection: Inspection, task: TaskState): SummarySource {
  const { chain, storage, summaries, signal } = inspection;
  // Made with the first aggregate: a Gram matrix is checked without the reference string.
  const committer: SummarySource['committer'] = {
    commitIntegers: async (values, abort) =>
      (await inspection.committer(task.dimension)).commitIntegers(values, abort),
  };
  return { taskId: task.id, ports: { chain, storage }, summaries, committer, signal };
}

/** The terms of a task, from IPFS, checked against their digest on chain. */
export async function readTerms(
  { storage, signal }: Pick<Inspection, 'storage' | 'signal'>,
  task: TaskState,
): Promise<Terms> {
  const bytes = await storage.get(cidFromDigest(task.termsDigest, 0), {
    maxBytes: MAX_TERMS_BYTES,
    timeoutMs: FETCH_MILLISECONDS,
    signal,
  });
  return decodeTerms(bytes);
}

/** The ONNX model a task began from. */
export function readInitialModel(
  { storage, signal }: Pick<Inspection, 'storage' | 'signal'>,
  terms: Terms,
): Promise<Uint8Array> {
  return storage.get(terms.model, {
    maxBytes: terms.modelBytes,
    timeoutMs: 3 * FETCH_MILLISECONDS + terms.modelBytes / MODEL_BYTES_PER_MILLISECOND,
    signal,
  });
}

/** The settled rounds of a task in order, from `first` up to `last`; void rounds are left out. */
export async function settledRounds(
  chain: RoundChain,
  task: TaskState,
  last = task.round,
  first = 1,
): Promise<SettledRound[]> {
  const rounds: (SettledRound | null)[] = [];
  for (let from = Math.max(1, first); from <= last; from += ROUNDS_AT_ONCE) {
    const count = Math.min(ROUNDS_AT_ONCE, last - from + 1);
    const numbers = Array.from({ length: count }, (_, i) => from + i);
    rounds.push(...(await Promise.all(numbers.map((number) => chain.settledRound(task.id, number)))));
  }
  return rounds.filter((settled) => settled !== null);
}

/** @throws ChorusError `E_ROUND_NOT_SETTLED` */
export async function requireSettled(
  chain: RoundChain,
  task: TaskState,
  number: number,
): Promise<SettledRound> {
  const settled = await chain.settledRound(task.id, number);
  if (settled) return settled;
  throw new ChorusError('E_ROUND_NOT_SETTLED', 'the round is not settled', {
    facts: { taskId: task.id, round: number, current: task.round, rounds: task.rounds },
    hint: 'a void round pays no one; a running round can be explained once it is settled',
  });
}
