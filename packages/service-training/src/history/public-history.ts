import { type PublicVectors, SPAN_ROUNDS } from '@chorus/aggregation';
import { findSummary, type SummarySource } from '@chorus/inspector';
import {
  type Address,
  cidFromDigest,
  committedTrainers,
  fetchTimeout,
  hasCode,
  type KnownTask,
  openedReferences,
  type RoundChain,
  type RoundContext,
  type SettledRound,
  type StoragePort,
  type VectorCommitment,
} from '@chorus/protocol';
import type { GlobalModel, ParameterInfo } from '@chorus/training';
import { type EndedRound, publicVectors } from '../novelty/ended-rounds.ts';
import { fetchVector, type VectorSource } from '../payloads/fetch-vector.ts';

/** Number of rounds to search back for aggregates of settled rounds, if rounds between them are void. */
const MAX_LOOK_BACK = 16;

/** Time limit for searching again for what was not found before, ms: others wait for the answer. */
const LOOK_AGAIN_MILLISECONDS = 3_000;

/** The sources of vectors of ended rounds. */
export interface HistorySource extends VectorSource, SummarySource {
  committer: VectorSource['committer'] & SummarySource['committer'];
  ports: {
    chain: Pick<RoundChain, 'round' | 'settledRound' | 'settlement'>;
    storage: StoragePort;
  };
}

/** The vectors of the rounds before one, newest round first. */
export interface PublicHistory {
  rounds: EndedRound[];
  /** The vectors that were not available here, as text: `update of 0x... in round 3`. */
  missing: string[];
}

interface Known {
  round: number;
  history: Promise<PublicHistory>;
  /** The round's initial model, from the first request for the round. */
  vectors: Promise<{ vectors: PublicVectors | null; missing: string[] }>;
}

/**
 * The data that is public before a round's training begins, as this node gets it from the chain and its peers: the
 * input of the novelty row, and what a free-rider may send.
 *
 * A vector that a majority of the validators cannot get is not public, so there is no list of required vectors: a
 * validator uses what it finds, signs what follows from that, and searches again if another node computes another
 * row. A node that finds a vector holds and serves it from then on, so honest nodes find the same ones.
 */
export class PublicHistories {
  readonly #source: HistorySource;
  readonly #parameters: readonly ParameterInfo[];
  readonly #model: GlobalModel;
  /** Ended rounds that this node has followed. */
  readonly #aggregates = new Map<number, Int32Array | null>();
  /** Files of aggregates by round: nodes that are behind request them. */
  readonly #files = new Map<number, string>();
  #known: Known | null = null;
  /** Held and served during the round whose history they are: other nodes search for them. */
  #cids = new Set<string>();

  constructor(source: HistorySource, model: GlobalModel, parameters: readonly ParameterInfo[]) {
    this.#source = source;
    this.#model = model;
    this.#parameters = parameters;
  }

  /** CIDs of the payloads found for the newest round, and of the last aggregates. */
  get cids(): string[] {
    return [...this.#cids, ...[...this.#files.values()].slice(-SPAN_ROUNDS)];
  }

  /** Record a settled round: its aggregate, and the CID of its file; null if no update went in. */
  settled(round: number, total: Int32Array | null, cid: string | null): void {
    if (cid !== null) this.#files.set(round, cid);
    this.#files.delete(round - MAX_LOOK_BACK);
    this.#aggregates.set(round, total);
    this.#aggregates.delete(round - MAX_LOOK_BACK);
  }

  /**
   * The rounds before `round`, searched once.
   * @param again search once more, briefly, for missing vectors
   */
  async before(context: KnownTask, round: number, again = false): Promise<PublicHistory> {
    return this.#of(context, round, again).history;
  }

  /**
   * The public vectors of `round`; null if nothing is public yet. The first call for a round must find its initial
   * model in the session.
   */
  vectors(
    context: KnownTask,
    round: number,
    again = false,
  ): Promise<{ vectors: PublicVectors | null; missing: string[] }> {
    return this.#of(context, round, again).vectors;
  }

  #of(context: KnownTask, round: number, again: boolean): Known {
    const known = this.#known?.round === round ? this.#known : null;
    if (known && !again) return known;
    const history = (async () => {
      const before = await known?.history.catch(() => null);
      if (before && before.missing.length === 0) return before;
      return this.#collect(context, round, before ? LOOK_AGAIN_MILLISECONDS : fetchTimeout(context.task));
    })();
    const earlier = known?.vectors ?? null;
    const model = { ...this.#model, sum: this.#model.sum.slice() };
    const vectors = (async () => {
      const { rounds, missing } = await history;
      const first = await earlier?.catch(() => null);
      const found = publicVectors(
        rounds,
        model,
        this.#parameters.map(({ size }) => size),
      );
      // The model may have changed since the first request for the round.
      const base = first?.vectors ? { way: first.vectors.way, model: first.vectors.model } : {};
      return { vectors: rounds.length === 0 ? null : { ...found, ...base }, missing };
    })();
    const next: Known = { round, history, vectors };
    this.#known = next;
    const forget = () => {
      if (this.#known === next) this.#known = known;
    };
    history.catch(forget);
    vectors.catch(() => {});
    return next;
  }

  async #collect(context: KnownTask, round: number, timeoutMs: number): Promise<PublicHistory> {
    const rounds: EndedRound[] = [];
    const missing: string[] = [];
    this.#cids = new Set();
    let settled = 0;
    for (let number = round - 1; number >= Math.max(1, round - MAX_LOOK_BACK); number--) {
      const age = round - number;
      if (age > SPAN_ROUNDS && settled >= SPAN_ROUNDS) break;
      const ended = await this.#endedRound(context, number, age <= SPAN_ROUNDS, timeoutMs, missing);
      if (ended.aggregate) settled++;
      rounds.push(ended);
    }
    return { rounds, missing };
  }

  /** @param recent whether the span includes its updates and references, not only its aggregate */
  async #endedRound(
    known: KnownTask,
    number: number,
    recent: boolean,
    timeoutMs: number,
    missing: string[],
  ): Promise<EndedRound> {
    const { chain } = this.#source.ports;
    const { taskId } = this.#source;
    const [state, settled] = await Promise.all([
      chain.round(taskId, number),
      chain.settledRound(taskId, number),
    ]);
    const context: RoundContext = { ...known, round: state };
    const fetch = (kind: 'update' | 'reference', author: Address, committed: VectorCommitment) =>
      this.#fetch(context, { kind, author, committed, timeoutMs }, missing);
    // Payloads sealed to other members are public only to them.
    const readable = recent && this.#source.form.reads(context);
    const [updates, references, total] = await Promise.all([
      readable
        ? Promise.all(
            committedTrainers(state).map(async (trainer) => ({
              trainer,
              vector: await fetch('update', known.task.trainers[trainer]!, state.updates[trainer]!),
            })),
          )
        : [],
      readable
        ? Promise.all(openedReferences(state).map((opened) => fetch('reference', opened.validator, opened)))
        : [],
      settled ? this.#aggregateOf(known, settled, timeoutMs, missing) : null,
    ]);
    return {
      round: number,
      aggregate: total,
      references: references.flatMap((vector) => (vector ? [vector] : [])),
      updates,
    };
  }

  /** Null if no update went in, or no peer sends it. */
  async #aggregateOf(
    known: KnownTask,
    settled: SettledRound,
    timeoutMs: number,
    missing: string[],
  ): Promise<Int32Array | null> {
    const followed = this.#aggregates.get(settled.round);
    if (followed !== undefined) return followed;
    try {
      const { aggregate } = await findSummary(this.#source, known, settled, 'aggregate', timeoutMs);
      this.#aggregates.set(settled.round, aggregate);
      return aggregate;
    } catch (error) {
      this.#source.signal.throwIfAborted();
      if (!hasCode(error, 'E_SUMMARY_UNAVAILABLE')) throw error;
      missing.push(`the aggregate of round ${settled.round}`);
      return null;
    }
  }

  /** Null if it is not available, or is not a valid payload; it need not open its commitment. */
  async #fetch(
    context: RoundContext,
    what: { kind: 'update' | 'reference'; author: Address; committed: VectorCommitment; timeoutMs: number },
    missing: string[],
  ): Promise<Int16Array | null> {
    const { kind, author } = what;
    try {
      const vector = await fetchVector(this.#source, context, { ...what, check: false, anyone: true });
      this.#cids.add(cidFromDigest(what.committed.digest, this.#source.form.bytes(context.task)));
      return vector;
    } catch (error) {
      this.#source.signal.throwIfAborted();
      const code = error instanceof Error && 'code' in error ? error.code : null;
      // Every node that gets these bytes finds the same: the failure does not depend on the node.
      if (code === 'E_PAYLOAD_MALFORMED') return null;
      missing.push(`the ${kind} of ${author} in round ${context.round.round}`);
      return null;
    }
  }
}
