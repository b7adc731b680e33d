import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { PrivacyView } from '@chorus/admin-api';
import { type Inspection, type NetworkSource, newestTask, openNetwork } from '@chorus/inspector';
import { type Address, ChorusError, MAX_ROUNDS, sameAddress, type TaskState } from '@chorus/protocol';
import { EXIT, finish, Interrupted } from '../environment/exit.ts';
import { configOf, configPathOf } from '../environment/home.ts';
import { startProgress } from '../output/progress.ts';
import { nodePeers } from './node-peers.ts';
import type { InspectOptions } from './options.ts';
import { lastNetwork, type NetworkProfile, readProfile } from './profile.ts';

export { type InspectOptions, inspectOptions } from './options.ts';

/** An opened network and the known names of its members. */
export interface OpenedNetwork extends Inspection {
  profile: NetworkProfile | null;
  /** The model that was published last, if the profile knows it. */
  modelCid: string | null;
  /** What the node on this machine has revealed of its data; null if none runs. */
  privacy: PrivacyView | null;
  /** A member's name, else its address cut short. */
  nameOf(address: string): string;
  /** Report progress to the user. */
  step(text: string): void;
}

/**
 * Open the network the options name, do the work, and close it in any case. The process exits with 1 if the work
 * reports a failed check.
 */
export async function inspecting(
  options: InspectOptions,
  work: (network: OpenedNetwork) => Promise<boolean>,
): Promise<void> {
  const ok = await withNetwork(options, work);
  await finish(ok ? EXIT.ok : EXIT.failed);
}

/**
 * Open the network the options name, do the work, and close it in any case.
 * @throws Interrupted if a signal ended it
 */
export async function withNetwork<T>(
  options: InspectOptions,
  work: (network: OpenedNetwork) => Promise<T>,
): Promise<T> {
  const { source, profile, privacy } = await findNetwork(options);
  const abort = new AbortController();
  const interrupt = () => abort.abort(new Interrupted());
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, interrupt);
  const progress = startProgress(source.kind === 'kept' ? 'opening the kept network' : 'connecting');
  try {
    const network = await openNetwork(source, abort.signal);
    try {
      const result = await work({
        ...network,
        profile,
        modelCid: profile?.modelCid ?? null,
        privacy,
        nameOf: (address) => nameIn(profile, address) ?? shortHex(address),
        step: progress.step,
      });
      abort.signal.throwIfAborted();
      return result;
    } finally {
      progress.stop();
      await network.close();
    }
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : error;
  } finally {
    progress.stop();
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, interrupt);
  }
}

interface FoundNetwork {
  source: NetworkSource;
  profile: NetworkProfile | null;
  privacy: PrivacyView | null;
}

async function findNetwork(options: InspectOptions): Promise<FoundNetwork> {
  const { rpc, contract, bootstrap = [] } = options;
  if (rpc !== undefined || contract !== undefined) {
    if (options.network !== undefined) throw usage('give either --network or --rpc with --contract');
    if (rpc === undefined || contract === undefined) throw usage('--rpc and --contract go together');
    if (!URL.canParse(rpc)) throw usage('--rpc must be a URL', { given: rpc });
    if (!/^0x[0-9a-fA-F]{40}$/.test(contract)) {
      throw usage('--contract must be an address', { given: contract });
    }
    const address = contract.toLowerCase() as Address;
    return { source: { kind: 'live', url: rpc, contract: address, bootstrap }, profile: null, privacy: null };
  }
  const folder = options.network ?? (options.home === undefined ? await lastNetwork() : null);
  if (folder === null) {
    const found = await networkOfNode(options);
    if (found) return found;
    throw new ChorusError('E_USAGE', 'there is no network to inspect', {
      hint: 'run `chorus demo --keep` first, create a node with `chorus init`, or name a network with --network DIR or --rpc URL --contract ADDRESS',
    });
  }
  const profile = await readProfile(folder);
  return {
    source: {
      kind: 'kept',
      chainState: resolve(folder, profile.chainState),
      blocks: join(resolve(folder), profile.blocks),
      summaries: join(resolve(folder), profile.summaries),
      contract: profile.contract,
    },
    profile,
    privacy: null,
  };
}

/** The network of a node on this machine, which is itself asked for files first; null if there is no node. */
async function networkOfNode(options: InspectOptions): Promise<FoundNetwork | null> {
  if (options.home === undefined && !existsSync(configPathOf(options))) return null;
  const { config } = await configOf(options);
  const { bootstrap, running } = await nodePeers(config);
  const contract = config.chain.contract.toLowerCase() as Address;
  const source: NetworkSource = { kind: 'live', url: config.chain.url, contract, bootstrap };
  return { source, profile: null, privacy: running?.status.privacy ?? null };
}

function nameIn(profile: NetworkProfile | null, address: string): string | undefined {
  return profile?.names.find((member) => sameAddress(member.address, address))?.name;
}

/** 0x12345678…9abcdef0 */
export function shortHex(hex: string): string {
  return hex.length > 20 ? `${hex.slice(0, 8)}…${hex.slice(-6)}` : hex;
}

/** @throws ChorusError `E_USAGE` */
export function parseTask(text: string): bigint {
  if (/^[1-9]\d{0,18}$/.test(text)) return BigInt(text);
  throw usage('a task id must be a number from 1', { given: text });
}

/** @throws ChorusError `E_USAGE` */
export function parseRound(text: string): number {
  const round = Number(text);
  if (/^\d+$/.test(text) && round >= 1 && round <= MAX_ROUNDS) return round;
  throw usage(`a round must be a number from 1 to ${MAX_ROUNDS}`, { given: text });
}

/**
 * The task an option names, else the one the kept network ran, else the only one there is.
 * @throws ChorusError `E_USAGE`
 */
export async function chosenTask(
  text: string | undefined,
  { profile, chain }: Pick<OpenedNetwork, 'profile' | 'chain'>,
): Promise<bigint> {
  if (text !== undefined) return parseTask(text);
  if (profile) return BigInt(profile.taskId);
  const newest = await newestTask(chain);
  if (newest === 1n) return newest;
  throw new ChorusError('E_USAGE', 'there are several tasks: name one with --task ID', {
    facts: { tasks: newest },
    hint: newest === 0n ? 'this contract has no task yet' : `the newest is --task ${newest}`,
  });
}

/**
 * The index (from 0) of a trainer given by name, address or row (1 is the task's first trainer).
 * @throws ChorusError `E_TRAINER_UNKNOWN`
 */
export function findTrainer(network: OpenedNetwork, task: TaskState, text: string): number {
  const row = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  const index = task.trainers.findIndex(
    (address, i) => i + 1 === row || sameAddress(address, text) || network.nameOf(address) === text,
  );
  if (index >= 0) return index;
  throw new ChorusError('E_TRAINER_UNKNOWN', 'the task has no such trainer', {
    facts: { given: text.slice(0, 60), trainers: task.trainers.map((t) => network.nameOf(t)).join(', ') },
    hint: 'give the address of a trainer, its row from 1, or its name in the demo',
  });
}

function usage(message: string, facts: Record<string, string> = {}): ChorusError {
  return new ChorusError('E_USAGE', message, { facts });
}
