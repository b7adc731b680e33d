import { type PublicVectors, SPAN_ROUNDS } from '@chorus/aggregation';
import {
  type Address,
  type ChainPort,
  cidFromDigest,
  committedTrainers,
  hasCode,
  openedReferences,
  type SettledRound,
  type StoragePort,
  type VectorCommitment,
} from '@chorus/protocol';
import type { GlobalModel, ParameterInfo } from '@chorus/training';
import { fetchTimeout, type KnownTask, type RoundContext } from '../context/round-context.ts';
import { type EndedRound, publicVectors } from '../novelty/ended-rounds.ts';
import { fetchVector, type VectorSource } from '../payloads/fetch-vector.ts';
import { findSummary, type SummarySource } from './find-summary.ts';

/** Aggregates of settled rounds are looked for this far back where rounds between them are void. */
const MAX_LOOK_BACK = 16;

/** Milliseconds to look once more for what was not found before: others wait for the answer. */
const LOOK_AGAIN_MILLISECONDS = 3_000;

/** Where vectors of rounds that are over are found. */
export interface HistorySource extends VectorSource, SummarySource {
  committer: VectorSource['committer'] & SummarySource['committer'];
  ports: {
    chain: Pick<ChainPort, 'round' | 'settledRound' | 'settlement'>;
    storage: StoragePort;
  };
}

/** The vectors of the rounds before one, newest round first. */
export interface PublicHistory {
  rounds: EndedRound[];
  /** What could not be had here, for people: `update of 0x... in round 3`. */
  missing: string[];
}

interface Known {
  round: number;
  history: Promise<PublicHistory>;
  /** The model the round began from, as it was when the round was first asked about. */
  vectors: Promise<{ vectors: PublicVectors | null; missing: string[] }>;
}

/**
 * What everybody has before a round's training begins, as this node can get it from the chain and from its peers: the
 * input of the novelty row, and what a rider may send.
 *
 * What a majority of the validators cannot get is public to nobody, so there is no list of what must be had: a
 * validator takes what it finds, signs what follows from that, and looks again where another node comes to another
 * row. Whoever finds a vector holds and serves it from then on, so honest nodes come to the same ones.
 */
export class PublicHistories {
  readonly #source: HistorySource;
  readonly #parameters: readonly ParameterInfo[];
  readonly #model: GlobalModel;
  /** Of rounds that this node has followed. */
  readonly #aggregates = new Map<number, Int32Array | null>();
  /** Files of aggregates by round: whoever is behind asks for them. */
  readonly #files = new Map<number, string>();
  #known: Known | null = null;
  /** Held and served while the round lasts whose history they are: others look for them. */
  #cids = new Set<string>();

  constructor(source: HistorySource, model: GlobalModel, parameters: readonly ParameterInfo[]) {
    this.#source = source;
    this.#model = model;
    this.#parameters = parameters;
  }

  /** CIDs of the payloads that were found for the newest round, and of the last aggregates. */
  get cids(): string[] {
    return [...this.#cids, ...[...this.#files.values()].slice(-SPAN_ROUNDS)];
  }

  /** A round is settled: its aggregate, and the CID of its file; null where nothing went in. */
  settled(round: number, total: Int32Array | null, cid: string | null): void {
    if (cid !== null) this.#files.set(round, cid);
    this.#files.delete(round - MAX_LOOK_BACK);
    this.#aggregates.set(round, total);
    this.#aggregates.delete(round - MAX_LOOK_BACK);
  }

  /**
   * The rounds before `round`, looked for once.
   * @param again look once more, briefly, for what is missing
   */
  async before(context: KnownTask, round: number, again = false): Promise<PublicHistory> {
    return this.#of(context, round, again).history;
  }

  /**
   * The public vectors of `round`; null where nothing is public yet. The model must be the one the round begins from
   * when this is first called for it.
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
      // The model may have moved on since the round was first asked about.
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

  /** @param recent whether its updates and references are in the span, not only its aggregate */
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
    // What is sealed to others is public to nobody but them.
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

  /** Null where nothing went in, or no peer gives it. */
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

  /** Null where it cannot be had, or is not what a payload must be; whether it opens its commitment is no matter. */
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
      // Whoever gets these bytes finds the same: they are nobody's.
      if (code === 'E_PAYLOAD_MALFORMED') return null;
      missing.push(`the ${kind} of ${author} in round ${context.round.round}`);
      return null;
    }
  }
}
