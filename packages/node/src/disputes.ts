import {
  AVAILABLE_PROTOCOL,
  type AvailableVote,
  ChorusError,
  decodeAvailableResponse,
  encodeMessage,
  type Hex,
  hasCode,
  sameAddress,
  type TaskState,
} from '@chorus/protocol';
import { fetchTimeout, peerOf, type RoundContext, type TaskSession } from './session.ts';

/** Rounds looked back over for cases of an earlier run: as far as the contract keeps records. */
const LOOK_BACK = 16;

/** Refusals that mean somebody else was quicker. */
const OVERTAKEN = ['E_CHAIN_NO_CASE', 'E_CHAIN_ALREADY_DONE', 'E_CHAIN_DEADLINE_PASSED'];

/**
 * A payload larger than this does not fit a transaction that public nodes pass on (128 KiB with everything else in
 * it): its trainer has only the swarm to show it.
 */
const MAX_CALLDATA_BYTES = 120_000;

/** What disputes take of a session: they may outlive it. */
export type DisputeSession = Pick<TaskSession, 'taskId' | 'ports' | 'files' | 'signal'>;

/**
 * Cases of unavailability of one task: an accused trainer defends itself, and whoever is there after the deadline
 * closes the case, since no stake that it may cost is released before.
 */
export class Disputes {
  readonly #session: DisputeSession;
  /** Cases this account has published a payload for. */
  readonly #published = new Set<number>();

  constructor(session: DisputeSession) {
    this.#session = session;
  }

  /**
   * Do what open cases ask of this account now.
   * @returns when (unix seconds) to look again; null where no case is open
   */
  async attend(context: RoundContext): Promise<number | null> {
    const { task, members } = context;
    if (task.openCases === 0) return null;
    const { chain } = this.#session.ports;
    const now = await chain.now();
    const from = Math.max(1, task.round - LOOK_BACK);
    let next: number | null = null;
    for (let round = task.round; round >= from; round--) {
      const settled = await chain.settledRound(task.id, round);
      for (const trainer of settled?.unavailable ?? []) {
        const open = await chain.unavailabilityCase(task.id, round, trainer);
        if (!open || open.resolved) continue;
        if (now >= open.deadline) {
          await this.#tolerate(chain.resolveCase(task.id, round, trainer));
        } else {
          const own = sameAddress(task.trainers[trainer]!, chain.account);
          if (own) await this.#defend({ task, members }, round, trainer);
          next = Math.min(next ?? Number.POSITIVE_INFINITY, own ? now + 2 : open.deadline);
        }
      }
    }
    return next;
  }

  /** Show the payload to the validators, in calldata where it fits, and close the case with their signatures. */
  async #defend(known: Omit<RoundContext, 'round'>, round: number, trainer: number): Promise<void> {
    const { taskId, ports, files } = this.#session;
    const payload = await files.readPayload(taskId, round, 'update');
    // Lost, or never made: there is nothing to show.
    if (!payload) return;
    await ports.storage.put(payload);
    let votes = await this.#ask(known, round, trainer);
    if (
      !isMajority(votes, known.task) &&
      payload.length <= MAX_CALLDATA_BYTES &&
      !this.#published.has(round)
    ) {
      this.#published.add(round);
      await this.#tolerate(ports.chain.publishPayload(taskId, round, payload));
      votes = await this.#ask(known, round, trainer);
    }
    if (isMajority(votes, known.task)) {
      await this.#tolerate(ports.chain.contest(taskId, round, trainer, votes));
    }
  }

  async #ask({ task, members }: Omit<RoundContext, 'round'>, round: number, trainer: number) {
    const { taskId, ports, signal } = this.#session;
    const request = encodeMessage({ taskId, round, trainer });
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
        return { validator, signature: response.signature as Hex };
      }),
    );
    return answers.flatMap((a) => (a.status === 'fulfilled' ? [a.value] : []));
  }

  async #tolerate(work: Promise<unknown>): Promise<void> {
    await work.catch((error) => {
      if (!OVERTAKEN.some((code) => hasCode(error, code))) throw error;
    });
  }
}

function isMajority(votes: AvailableVote[], task: TaskState): boolean {
  return votes.length * 2 > task.activeValidators.length;
}
