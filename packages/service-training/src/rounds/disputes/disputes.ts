import {
  AVAILABLE_PROTOCOL,
  type AvailableRequest,
  type AvailableResponse,
  type AvailableVote,
  ChorusError,
  decodeAvailableResponse,
  encodeMessage,
  fetchTimeout,
  type Hex,
  hasCode,
  isOvertaken,
  type KnownTask,
  peerOf,
  type RoundContext,
  type RoundState,
  sameAddress,
  type TaskState,
  type UnavailabilityCase,
} from '@chorus/protocol';
import type { TaskSession } from '../session/task-session.ts';

/** Pause between two attempts of an accused trainer to get votes, seconds: the first, and the longest. */
const ASK_AGAIN = { first: 2, longest: 30 };

/** Seconds after which an accuser looks again for a payload that a majority reports as available. */
const LOOK_AGAIN = 5;

/**
 * A larger payload does not fit into a transaction that public nodes forward (128 KiB with everything else in it):
 * its trainer can show it only through the swarm.
 */
const MAX_CALLDATA_BYTES = 120_000;

/** The parts of a session that disputes need: they may outlive it. */
export type DisputeSession = Pick<TaskSession, 'taskId' | 'ports' | 'files' | 'signal'>;

/** Looks for the payload of an accused trainer: null if it is available, else the fault. */
export type LookForPayload = (context: RoundContext, trainer: number) => Promise<string | null>;

/** A task whose disputes this node handles: one that it follows, or has left. */
export interface Attended {
  disputes: Disputes;
  /** Null before the first round. */
  known: KnownTask | null;
}

/**
 * Disputes about unavailability in one task: an accused trainer defends itself, an accuser joins the majority that
 * has the payload now, and any node closes the dispute after the deadline, because the stake at risk is not released
 * before.
 */
export class Disputes {
  readonly #session: DisputeSession;
  readonly #look: LookForPayload;
  /** Rounds whose excluded trainers are known. */
  readonly #accused = new Map<number, number[]>();
  /** Disputes for which this account has published a payload. */
  readonly #published = new Set<number>();
  /** When (unix seconds) the accused trainer asks again, by round. */
  readonly #asks = new Map<number, { at: number; wait: number }>();

  constructor(session: DisputeSession, look: LookForPayload) {
    this.#session = session;
    this.#look = look;
  }

  /**
   * Do what open disputes require of this account now.
   * @returns when (unix seconds) to look again; null if no dispute is open
   */
  async attend({ task, members }: KnownTask): Promise<number | null> {
    if (task.openCases === 0) return null;
    const { chain } = this.#session.ports;
    const now = await chain.now();
    let next: number | null = null;
    // A dispute may be many rounds old: search all rounds until every open one is found.
    for (let round = task.round, left = task.openCases; round >= 1 && left > 0; round--) {
      for (const trainer of await this.#accusedIn(task, round)) {
        const open = await chain.unavailabilityCase(task.id, round, trainer);
        if (!open || open.resolved) continue;
        left--;
        if (now >= open.deadline) await this.#tolerate(chain.resolveCase(task.id, round, trainer));
        else {
          const again = await this.#act({ task, members }, round, trainer, open);
          next = Math.min(next ?? Number.POSITIVE_INFINITY, again ?? open.deadline);
        }
      }
    }
    return next;
  }

  /**
   * As a validator: answer a trainer that was found unavailable and asks for another check. Signs if the payload is
   * available now, from the swarm or from the calldata in which the trainer published it.
   */
  async answer(
    known: KnownTask,
    { round, trainer }: Omit<AvailableRequest, 'taskId'>,
    from: string,
  ): Promise<AvailableResponse> {
    const { taskId, ports } = this.#session;
    const author = known.task.trainers[trainer];
    if (!author || !peerOf(known.members, author).includes(from)) {
      return { refused: 'only the trainer itself may ask' };
    }
    const open = await ports.chain.unavailabilityCase(taskId, round, trainer);
    if (!open || open.resolved) return { refused: 'there is no open dispute' };
    const judged = await ports.chain.round(taskId, round);
    const wrong = await this.#look({ ...known, round: judged }, trainer);
    if (wrong !== null) return { refused: wrong };
    return ports.chain.signAvailable(judged, trainer);
  }

  /** Trainers (indices) excluded from a settled round. */
  async #accusedIn(task: TaskState, round: number): Promise<number[]> {
    const known = this.#accused.get(round);
    if (known) return known;
    const settled = await this.#session.ports.chain.settledRound(task.id, round);
    const accused = settled?.unavailable ?? [];
    if (settled || round < task.round) this.#accused.set(round, accused);
    return accused;
  }

  /**
   * What an open dispute requires of this account before its deadline.
   * @returns when (unix seconds) to look again; null if nothing is to be done before the deadline
   */
  async #act(
    known: KnownTask,
    round: number,
    trainer: number,
    open: UnavailabilityCase,
  ): Promise<number | null> {
    const { chain } = this.#session.ports;
    const { account } = chain;
    const { task } = known;
    const now = await chain.now();
    const won = open.available.length > 0;
    if (sameAddress(task.trainers[trainer]!, account)) {
      if (won) return null;
      const { at, wait } = this.#asks.get(round) ?? { at: now, wait: ASK_AGAIN.first };
      if (now < at) return at;
      this.#asks.set(round, { at: now + wait, wait: Math.min(ASK_AGAIN.longest, 2 * wait) });
      await this.#defend(known, round, trainer);
      return now + wait;
    }
    const missing = open.accusers.filter((index) => !open.available.includes(index));
    if (!won || !missing.some((index) => sameAddress(task.validators[index]!, account))) {
      return null;
    }
    // The sender of the votes may have omitted this account's vote, or never have asked for it.
    const judged = await chain.round(task.id, round);
    if ((await this.#look({ ...known, round: judged }, trainer)) !== null) return now + LOOK_AGAIN;
    await this.#join(judged, trainer);
    return null;
  }

  /** As an accuser: also confirm that the payload is available. */
  async #join(judged: RoundState, trainer: number): Promise<void> {
    const { taskId, ports } = this.#session;
    const vote = await ports.chain.signAvailable(judged, trainer);
    await this.#tolerate(ports.chain.contest(taskId, judged.round, trainer, [vote]));
  }

  /** Show the payload to the validators, in calldata if it fits, and close the dispute with their signatures. */
  async #defend(known: KnownTask, round: number, trainer: number): Promise<void> {
    const { taskId, ports, files } = this.#session;
    const payload = await files.readPayload(taskId, round, 'update');
    // The payload was lost, or never created: there is nothing to show.
    if (!payload) return;
    await ports.storage.put(payload);
    const context = { ...known, round: await ports.chain.round(taskId, round) };
    let votes = await this.#ask(context, trainer);
    if (
      !isMajority(votes, known.task) &&
      payload.length <= MAX_CALLDATA_BYTES &&
      !this.#published.has(round)
    ) {
      // An earlier run may have paid for it.
      const account = ports.chain.account;
      if ((await ports.chain.publishedPayload(taskId, round, account)) === null) {
        await this.#tolerate(ports.chain.publishPayload(taskId, round, payload));
      }
      this.#published.add(round);
      votes = await this.#ask(context, trainer);
    }
    if (isMajority(votes, known.task)) {
      await this.#tolerate(ports.chain.contest(taskId, round, trainer, votes));
    }
  }

  async #ask({ task, members, round }: RoundContext, trainer: number) {
    const { taskId, ports, signal } = this.#session;
    const request = encodeMessage({ taskId, round: round.round, trainer });
    const answers = await Promise.allSettled(
      task.activeValidators.map(async (validator): Promise<AvailableVote> => {
        const [peer] = peerOf(members, validator);
        if (!peer) throw new ChorusError('E_VOTES_MISSING', 'a validator has no known peer');
        const bytes = await ports.network.request(peer, AVAILABLE_PROTOCOL, request, {
          timeoutMs: fetchTimeout(task) + 5_000,
          maxResponseBytes: 1024,
          signal,
        });
        const response = decodeAvailableResponse(bytes);
        if ('refused' in response) throw new ChorusError('E_VOTES_MISSING', response.refused);
        const vote = { validator, signature: response.signature as Hex };
        if (ports.chain.isAvailableOf(vote, round, trainer)) return vote;
        throw new ChorusError(
          'E_VOTES_MISSING',
          'a validator signed something else, or on other commitments',
        );
      }),
    );
    return answers.flatMap((a) => (a.status === 'fulfilled' ? [a.value] : []));
  }

  async #tolerate(work: Promise<unknown>): Promise<void> {
    await work.catch((error) => {
      // A chain whose clock is behind refuses to close a dispute yet: retry later.
      if (!isOvertaken(error) || hasCode(error, 'E_CHAIN_DEADLINE_NOT_PASSED')) throw error;
    });
  }
}

function isMajority(votes: AvailableVote[], task: TaskState): boolean {
  return votes.length * 2 > task.activeValidators.length;
}
