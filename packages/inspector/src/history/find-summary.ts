import { setTimeout as delay } from 'node:timers/promises';
import { CIRCUIT_SIZE, gramHash } from '@chorus/circuits';
import type { Committer } from '@chorus/commitment';
import {
  aggregateBytes,
  blamesAuthorForGood,
  ChorusError,
  cidFromDigest,
  decodeAggregate,
  fetchTimeout,
  hasCode,
  type KnownTask,
  peerOf,
  type RoundChain,
  type RoundSummary,
  ruleNameOf,
  type SettledRound,
  type StoragePort,
  sameG1,
  toHex,
} from '@chorus/protocol';
import type { SummaryPeers } from './summary-peers.ts';

/** Interval between two rounds of requests, ms: peers learn of a settlement at nearly the same time. */
const ASK_AGAIN = { first: 200, longest: 2_000 };

/** Least time to fetch the file that one peer names. */
const FILE_MILLISECONDS = 2_000;

/** The source of summaries, and what checks them. */
export interface SummarySource {
  readonly taskId: bigint;
  ports: { chain: Pick<RoundChain, 'settlement'>; storage: StoragePort };
  summaries: SummaryPeers;
  committer: Pick<Committer, 'commitIntegers'>;
  readonly signal: AbortSignal;
}

/** A summary that the chain confirms. */
export interface CheckedSummary {
  /** sum_i w_i u_i; null if it was not requested, or no update went in. */
  aggregate: Int32Array | null;
  /** Null if it was neither requested nor sent. */
  gram: bigint[][] | null;
}

/**
 * Find the summary of a settled round: its aggregate, which must open C_A on chain (one multi-scalar
 * multiplication), or
 * its Gram matrix, which must have the hash that was proven. The member that settled the round is asked first, then
 * the other members and all connected peers. A peer that sends a wrong one loses reputation, and the next is asked.
 *
 * @param want the one that is needed; a matrix that comes with the aggregate is kept too
 * @throws ChorusError `E_SUMMARY_UNAVAILABLE` if no peer sends it in time
 */
export async function findSummary(
  source: SummarySource,
  known: KnownTask,
  settled: SettledRound,
  want: 'aggregate' | 'gram',
  timeoutMs = fetchTimeout(known.task),
): Promise<CheckedSummary> {
  const { taskId, summaries, signal } = source;
  if (want === 'aggregate' && settled.weights.every((weight) => weight === 0)) {
    return { aggregate: null, gram: null };
  }
  const check = new SummaryCheck(
    source,
    known,
    settled,
    Math.max(FILE_MILLISECONDS, Math.ceil(timeoutMs / 4)),
  );
  const deadline = Date.now() + timeoutMs;
  const wrong = new Set<string | null>();
  for (let pause = ASK_AGAIN.first; ; pause = Math.min(2 * pause, ASK_AGAIN.longest)) {
    for await (const [peer, given] of answersOf(source, known, settled, wrong)) {
      try {
        const checked = await check.take(given, want, peer);
        if (checked) return checked;
      } catch (error) {
        signal.throwIfAborted();
        if (!hasCode(error, 'E_SUMMARY_WRONG')) throw error;
        wrong.add(peer);
        // The chain may have been reorganised since this node stored its summary.
        if (peer !== null) summaries.blame(peer);
      }
    }
    if (Date.now() + pause > deadline) {
      const what = want === 'gram' ? 'Gram matrix' : want;
      throw new ChorusError('E_SUMMARY_UNAVAILABLE', `no peer has sent the ${what} of the round`, {
        facts: { taskId, round: settled.round, wrong: wrong.size },
        hint: 'the node tries again; connect to a member of the task that has followed the round',
      });
    }
    await delay(pause, undefined, { signal });
  }
}

/** First the local summary (null), then that of the account that settled, then all other peers at once. */
async function* answersOf(
  { taskId, summaries, signal }: SummarySource,
  { task, members }: KnownTask,
  { aggregator, round }: SettledRound,
  wrong: ReadonlySet<string | null>,
): AsyncGenerator<[string | null, RoundSummary]> {
  const own = summaries.own(taskId, round);
  if (own && !wrong.has(null)) yield [null, own];
  const settler = peerOf(members, aggregator);
  const checkers = [...task.activeValidators, ...task.aggregators].flatMap((a) => peerOf(members, a));
  const others = [...checkers, ...members.map((member) => member.peerId), ...summaries.others()];
  const asked = new Set(wrong);
  for (const group of [settler, others]) {
    const peers = [...new Set(group)].filter((peer) => !asked.has(peer));
    const answers = peers.map((peer) => {
      asked.add(peer);
      // If an earlier answer is enough, this one is not used.
      return summaries.ask(peer, taskId, round, signal).catch(() => null);
    });
    for (const [i, answer] of answers.entries()) {
      const given = await answer;
      signal.throwIfAborted();
      if (given) yield [peers[i]!, given];
    }
  }
}

/** Compares a summary with the chain. */
class SummaryCheck {
  readonly #source: SummarySource;
  readonly #known: KnownTask;
  readonly #settled: SettledRound;
  readonly #fileMilliseconds: number;
  #hash: Promise<bigint | null> | null = null;

  constructor(source: SummarySource, known: KnownTask, settled: SettledRound, fileMilliseconds: number) {
    this.#source = source;
    this.#known = known;
    this.#settled = settled;
    this.#fileMilliseconds = fileMilliseconds;
  }

  /**
   * @returns null if it does not have what is requested
   * @throws ChorusError `E_SUMMARY_WRONG`
   */
  async take(
    given: RoundSummary,
    want: 'aggregate' | 'gram',
    peer: string | null,
  ): Promise<CheckedSummary | null> {
    const gram = given.gram && (await this.#gram(given.gram));
    if (want === 'gram') return gram && { aggregate: null, gram };
    const aggregate = given.aggregate && (await this.#aggregate(given.aggregate, peer));
    return aggregate && { aggregate, gram };
  }

  /** Null if the chain does not reveal what was proven: then the matrix cannot be checked. */
  async #gram(gram: bigint[][]): Promise<bigint[][] | null> {
    this.#hash ??= provenHash(this.#source, this.#settled.round);
    const proven = await this.#hash;
    if (proven === null) return null;
    if (hashOf(gram, this.#known) === proven) return gram;
    throw wrongSummary('the Gram matrix is not the one that was proven', this.#settled.round);
  }

  /** Null if no peer sends the file. */
  async #aggregate(digest: Uint8Array, peer: string | null): Promise<Int32Array | null> {
    const { ports, committer, signal } = this.#source;
    const { dimension } = this.#known.task;
    const cid = cidFromDigest(toHex(digest), aggregateBytes(dimension));
    const held = await ports.storage.has(cid);
    try {
      const bytes = await ports.storage.get(cid, {
        maxBytes: aggregateBytes(dimension),
        timeoutMs: this.#fileMilliseconds,
        from: peer === null ? [] : [peer],
        signal,
      });
      const aggregate = decodeAggregate(bytes, dimension);
      if (sameG1(await committer.commitIntegers(aggregate, signal), this.#settled.aggregate))
        return aggregate;
      throw wrongSummary('the aggregate does not open its commitment on chain', this.#settled.round);
    } catch (error) {
      signal.throwIfAborted();
      if (hasCode(error, 'E_STORAGE_UNAVAILABLE')) return null;
      if (!blamesAuthorForGood(error)) throw error;
      // A file that existed before belongs to other work: a false summary must not delete it.
      if (!held) await ports.storage.remove(cid);
      throw wrongSummary(
        error instanceof Error ? error.message : 'the file is not an aggregate',
        this.#settled.round,
      );
    }
  }
}

function wrongSummary(message: string, round: number): ChorusError {
  return new ChorusError('E_SUMMARY_WRONG', message, {
    facts: { round },
    hint: 'the node asks another peer',
  });
}

/** The hash of the Gram matrix that a round was settled with; null if the chain's node does not provide it. */
export async function provenHash(
  { taskId, ports }: Pick<SummarySource, 'taskId'> & { ports: { chain: Pick<RoundChain, 'settlement'> } },
  round: number,
): Promise<bigint | null> {
  try {
    return (await ports.chain.settlement(taskId, round))?.proof.gramHash ?? null;
  } catch (error) {
    if (hasCode(error, 'E_CHAIN_CALLDATA')) return null;
    throw error;
  }
}

/** The hash of a matrix by the task's rule; null if the rule has no such matrix. */
export function hashOf(gram: bigint[][], { task }: Pick<KnownTask, 'task'>): bigint | null {
  const rule = ruleNameOf(task.rule);
  if (rule === undefined) return null;
  try {
    return gramHash(gram, CIRCUIT_SIZE, rule);
  } catch (error) {
    if (hasCode(error, 'E_GRAM_INVALID')) return null;
    throw error;
  }
}
