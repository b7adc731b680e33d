import {
  AVAILABLE_PROTOCOL,
  type AvailableRequest,
  type AvailableResponse,
  type AvailableVote,
  ChorusError,
  decodeAvailableResponse,
  encodeMessage,
  type Hex,
  hasCode,
  isOvertaken,
  type RoundState,
  sameAddress,
  type TaskState,
  type UnavailabilityCase,
} from '@chorus/protocol';
import { fetchTimeout, type KnownTask, peerOf, type RoundContext } from '../../context/round-context.ts';
import type { TaskSession } from '../session/task-session.ts';

/** Seconds between two attempts of the accused to be heard: the first, and the longest. */
const ASK_AGAIN = { first: 2, longest: 30 };

/** Seconds after which an accuser looks again for a payload that a majority says is to be had. */
const LOOK_AGAIN = 5;

/**
 * A payload larger than this does not fit a transaction that public nodes pass on (128 KiB with everything else in
 * it): its trainer has only the swarm to show it.
 */
const MAX_CALLDATA_BYTES = 120_000;

/** What disputes take of a session: they may outlive it. */
export type DisputeSession = Pick<TaskSession, 'taskId' | 'ports' | 'files' | 'signal'>;

/** Looks for the payload of an accused trainer: null where it is to be had, else what is wrong. */
export type LookForPayload = (context: RoundContext, trainer: number) => Promise<string | null>;

/** A task whose cases this node attends to: one that it follows, or has left. */
export interface Attended {
  disputes: Disputes;
  /** Null before the first round. */
  known: KnownTask | null;
}

/**
 * Cases of unavailability of one task: an accused trainer defends itself, an accuser joins the majority that has the
 * payload now, and whoever is there after the deadline closes the case, since no stake that it may cost is released
 * before.
 */
export class Disputes {
  readonly #session: DisputeSession;
  readonly #look: LookForPayload;
  /** Rounds whose trainers that were left out are known. */
  readonly #accused = new Map<number, number[]>();
  /** Cases this account has published a payload for. */
  readonly #published = new Set<number>();
  /** When (unix seconds) the accused asks again, by round. */
  readonly #asks = new Map<number, { at: number; wait: number }>();

  constructor(session: DisputeSession, look: LookForPayload) {
    this.#session = session;
    this.#look = look;
  }

  /**
   * Do what open cases ask of this account now.
   * @returns when (unix seconds) to look again; null where no case is open
   */
  async attend({ task, members }: KnownTask): Promise<number | null> {
    if (task.openCases === 0) return null;
    const { chain } = this.#session.ports;
    const now = await chain.now();
    let next: number | null = null;
    // A case may be many rounds old: all are looked through, until as many are found as are open.
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
   * As a validator: a trainer that was found unavailable asks to look again. Signed where the payload is had now, from
   * the swarm or from the calldata the trainer published it in.
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
    if (!open || open.resolved) return { refused: 'there is no open case' };
    const judged = await ports.chain.round(taskId, round);
    const wrong = await this.#look({ ...known, round: judged }, trainer);
    if (wrong !== null) return { refused: wrong };
    return ports.chain.signAvailable(judged, trainer);
  }

  /** Trainers (indices) that a round was settled without. */
  async #accusedIn(task: TaskState, round: number): Promise<number[]> {
    const known = this.#accused.get(round);
    if (known) return known;
    const settled = await this.#session.ports.chain.settledRound(task.id, round);
    const accused = settled?.unavailable ?? [];
    if (settled || round < task.round) this.#accused.set(round, accused);
    return accused;
  }

  /**
   * What an open case asks of this account before its deadline.
   * @returns when (unix seconds) to look again; null where nothing is to be done before the deadline
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
    // Whoever sent the votes may have left this account's out, or never have asked it.
    const judged = await chain.round(task.id, round);
    if ((await this.#look({ ...known, round: judged }, trainer)) !== null) return now + LOOK_AGAIN;
    await this.#join(judged, trainer);
    return null;
  }

  /** As an accuser: say as well that the payload is to be had. */
  async #join(judged: RoundState, trainer: number): Promise<void> {
    const { taskId, ports } = this.#session;
    const vote = await ports.chain.signAvailable(judged, trainer);
    await this.#tolerate(ports.chain.contest(taskId, judged.round, trainer, [vote]));
  }

  /** Show the payload to the validators, in calldata where it fits, and close the case with their signatures. */
  async #defend(known: KnownTask, round: number, trainer: number): Promise<void> {
    const { taskId, ports, files } = this.#session;
    const payload = await files.readPayload(taskId, round, 'update');
    // Lost, or never made: there is nothing to show.
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
      // A chain whose clock is behind says that a case cannot be closed yet: that is to be tried again.
      if (!isOvertaken(error) || hasCode(error, 'E_CHAIN_DEADLINE_NOT_PASSED')) throw error;
    });
  }
}

function isMajority(votes: AvailableVote[], task: TaskState): boolean {
  return votes.length * 2 > task.activeValidators.length;
}
