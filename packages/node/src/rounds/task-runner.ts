import {
  ChorusError,
  type Duty,
  dutiesOf,
  explain,
  hasCode,
  hasDeparted,
  hasGroups,
  isOvertaken,
  type Member,
  mayBeSentAgain,
  openedReferences,
  type RoundState,
  type Settlement,
  sameAddress,
  sameG1,
  type TaskState,
} from '@chorus/protocol';
import type { RoundContext } from '../context/round-context.ts';
import { type RoundRecord, settledRecord, voidRecord } from '../journal/records.ts';
import { isChecker } from '../payloads/sealing/checkers.ts';
import { checkPayloads } from './checks/check-payloads.ts';
import { headOf } from './checks/payload-checks.ts';
import { Disputes } from './disputes/disputes.ts';
import { lookForPayload } from './disputes/look-for-payload.ts';
import { ModelCommitmentCheck } from './model-commitment-check.ts';
import { restoreModel, saveModel } from './model-snapshot.ts';
import { hasOpenObligations, hasSealed } from './obligations.ts';
import type { TaskSession } from './session/task-session.ts';
import { aggregate } from './stages/aggregate.ts';
import { commit, provide } from './stages/commit.ts';
import { prove } from './stages/prove.ts';
import { recompute } from './stages/recompute.ts';
import { openReference, sealReference } from './stages/reference.ts';
import { settle } from './stages/settle.ts';
import { postVerdict } from './votes/votes.ts';

const ALL_DUTIES: readonly Duty['kind'][] = [
  'train',
  'seal-reference',
  'provide-update',
  'open-reference',
  'post-verdict',
  'settle',
  'advance',
];

/** Longest wait between two looks at the chain, should an event be missed. */
const IDLE_MILLISECONDS = 5_000;

/** A model on disk is written at least this often while many rounds are replayed, and after the last of them. */
const SNAPSHOT_ROUNDS = 16;

/** Phases in which something is fetched ahead of its use. */
const PREFETCHED: readonly RoundState['phase'][] = ['commit', 'reference', 'settle'];

/** First pause after a failed duty; doubles up to IDLE_MILLISECONDS. */
const RETRY_MILLISECONDS = 250;

/**
 * Lives through the rounds of one task: reads the chain, derives this account's duties, and acts on each
 * once. Nothing is remembered that the chain, the journal or a repetition could not restore.
 */
export class TaskRunner {
  readonly session: TaskSession;
  /** The newest state seen, for answering validators' votes. */
  context: RoundContext | null = null;
  /** The same of the task alone: there before the first round. */
  task: TaskState | null = null;
  readonly #active = new Map<string, Promise<void>>();
  readonly #done = new Set<string>();
  readonly #retryAt = new Map<string, { at: number; wait: number }>();
  /** True once `run` is over. */
  ended = false;
  readonly history: ModelCommitmentCheck;
  readonly disputes: Disputes;
  #disputesAt = 0;
  #settledThrough = 0;
  /** A round that the model has, and the journal has not. */
  #unrecorded: RoundRecord | null = null;
  /** The model came from disk, and is still to be compared with the chain. */
  #restored = false;
  /** Rounds up to this one are over, and forgotten. */
  #forgotThrough = 0;
  #members: Member[] | null = null;
  #wake: () => void = () => {};
  #woken = false;

  constructor(session: TaskSession) {
    this.session = session;
    this.history = new ModelCommitmentCheck(session);
    this.disputes = new Disputes(session, (context, trainer) => lookForPayload(session, context, trainer));
  }

  /** What is known to settle cases by; null before the first round. */
  get known(): RoundContext | null {
    return this.context;
  }

  /** Duties this runner is at, such as `train:3`. */
  get active(): string[] {
    return [...this.#active.keys()].filter((key) => !key.startsWith('prefetch'));
  }

  /** Whether this node has done its part of a duty: the chain may go on asking for it. */
  hasDone({ kind, round }: Duty): boolean {
    return this.#done.has(`${kind}:${round}`);
  }

  /** Duties that failed and are to be tried again. */
  get waiting(): number {
    return [...this.#retryAt.keys()].filter((key) => !this.#active.has(key) && !this.#done.has(key)).length;
  }

  /** The last round that is in the model. */
  get settledThrough(): number {
    return this.#settledThrough;
  }

  /** True once the chain has this account as departed: it left, or was dropped for being absent. */
  get departed(): boolean {
    return this.task !== null && hasDeparted(this.task, this.session.ports.chain.account);
  }

  /** True where a task asks nothing more of this node that it left: others wait for what it has committed to. */
  get finished(): boolean {
    const { session, context, task } = this;
    if (this.departed && task && !sameAddress(task.owner, session.ports.chain.account)) {
      return this.#active.size === 0;
    }
    if (!session.resources.isLeft(session.taskId) || this.#active.size > 0 || !this.task) return false;
    const { account } = session.ports.chain;
    if (!context || !hasOpenObligations(account, context.task, context.round)) return true;
    const { phase, round } = context.round;
    return (
      phase !== 'commit' && this.#done.has(`provide-update:${round}`) && !hasSealed(account, context.round)
    );
  }

  /** Something happened on chain: look again now. */
  wake(): void {
    this.#woken = true;
    this.#wake();
  }

  /** Runs until the task has ended and the final model is computed, or the session is aborted. */
  async run(): Promise<TaskState | null> {
    try {
      return await this.#rounds();
    } finally {
      await Promise.allSettled(this.#active.values());
      this.ended = true;
    }
  }

  async #rounds(): Promise<TaskState | null> {
    const { session } = this;
    const { chain } = session.ports;
    await this.#restore();
    while (!session.signal.aborted) {
      this.#woken = false;
      let next = Date.now() + IDLE_MILLISECONDS;
      try {
        const task = await chain.task(session.taskId);
        const [members, round] = await Promise.all([
          this.#membersOf(task),
          task.round > 0 ? chain.round(session.taskId, task.round) : null,
        ]);
        this.task = task;
        if (task.status === 'ended') {
          await this.#lastCatchUp(task, members);
          return task;
        }
        if (round) {
          this.#forget(round.round);
          // A payload that was committed is owed whatever else is wrong: it needs no model, so it goes first.
          this.context = { task, round, members };
          this.#act(task, round, ['provide-update']);
        }
        this.history.throwIfDiverged();
        if (this.finished) return null;
        await this.#catchUp(task, members);
        next = Math.min(next, this.#act(task, round, ALL_DUTIES));
        if (this.context) this.#attend(this.context);
      } catch (error) {
        if (session.signal.aborted) break;
        this.#warn(error);
        // With a wrong model there is nothing left to do but to wait for the end and take back the stake.
        next = Date.now() + (hasCode(error, 'E_MODEL_DIVERGED') ? IDLE_MILLISECONDS : RETRY_MILLISECONDS * 4);
      }
      await this.#sleepUntil(next);
    }
    return null;
  }

  /** Nobody joins a task once it runs. */
  async #membersOf(task: TaskState): Promise<Member[]> {
    if (this.#members) return this.#members;
    const members = await this.session.ports.chain.members(this.session.taskId);
    if (task.status !== 'joining') this.#members = members;
    return members;
  }

  /** A model that cannot be completed must not keep a member from its reward and its stake. */
  async #lastCatchUp(task: TaskState, members: Member[]): Promise<void> {
    try {
      this.history.throwIfDiverged();
      await this.#catchUp(task, members);
    } catch (error) {
      if (!this.session.signal.aborted) this.#warn(error);
    }
  }

  /** Take up the model of an earlier run of this node, so that its rounds need not be replayed. */
  async #restore(): Promise<void> {
    try {
      const snapshot = await restoreModel(this.session);
      if (!snapshot) return;
      const { round, total, digest } = snapshot;
      this.history.restore(round, total);
      this.#settledThrough = round;
      this.#restored = true;
      this.session.emit({ type: 'model', taskId: this.session.taskId, round, digest });
    } catch (error) {
      // Without it the rounds are replayed.
      this.#warn(error);
    }
  }

  /** Bring the model up to the last settled round. */
  async #catchUp(task: TaskState, members: Member[]): Promise<void> {
    const last = task.status === 'ended' ? task.round : task.round - 1;
    while (this.#settledThrough < last) {
      const number = this.#settledThrough + 1;
      await this.#endRound(task, members, number, number === last);
      this.#settledThrough = number;
    }
    if (!this.#restored) return;
    this.#restored = false;
    if (sameG1(this.history.total, task.totalCommitment)) return;
    // The journal is another chain's, or was put back from a backup: the chain is right.
    this.#warn(
      new ChorusError(
        'E_SNAPSHOT_STALE',
        'the model on disk is not the one on chain: its rounds are replayed',
        {
          facts: { taskId: task.id },
        },
      ),
    );
    await this.history.reset();
    this.session.model.sum.fill(0);
    this.#settledThrough = 0;
    await this.#catchUp(task, members);
  }

  /**
   * Follow one round to its end: the model moves on, and what the round paid is recorded. Where recording fails, the
   * model has moved all the same: the next attempt only records.
   */
  async #endRound(task: TaskState, members: Member[], number: number, last: boolean): Promise<void> {
    const { session, history } = this;
    const { chain } = session.ports;
    let record = this.#unrecorded?.round === number ? this.#unrecorded : null;
    if (!record) {
      const settled = await chain.settledRound(session.taskId, number);
      if (settled) {
        const round = await chain.round(session.taskId, number);
        const digest = await recompute(session, { task, round, members }, settled);
        await history.add(settled);
        record = settledRecord(chain.account, task, round, settled, digest);
        // What shows that a payload was there is kept until the task is over.
        const accused = settled.unavailable.some((i) => sameAddress(task.trainers[i]!, chain.account));
        if (accused) await session.files.keepPayload(session.taskId, number, 'update');
      } else {
        record = voidRecord(chain.account, task, number);
      }
      this.#unrecorded = record;
    }
    const keeps = record.model !== null && (last || number % SNAPSHOT_ROUNDS === 0);
    const snapshot = keeps ? await saveModel(session, number, history.total) : null;
    await session.journal.endRound(record, snapshot);
    this.#unrecorded = null;
    this.#tell(record);
    if (snapshot) await session.files.prune(session.taskId, number);
  }

  #tell({ taskId, round, outcome, token, trainer, weight, share, reward, fee, reason }: RoundRecord): void {
    const shared = trainer === null || outcome === 'void' ? { weight: null, share: null } : { weight, share };
    this.session.emit({ type: 'round-ended', taskId, round, outcome, token, ...shared, reward, fee, reason });
  }

  /** What was remembered of rounds that are over. */
  #forget(round: number): void {
    for (; this.#forgotThrough < round - 1; this.#forgotThrough++) {
      const suffix = `:${this.#forgotThrough + 1}`;
      for (const kind of ALL_DUTIES) {
        this.#done.delete(kind + suffix);
        this.#retryAt.delete(kind + suffix);
      }
      for (const key of this.#done) if (key.startsWith(`prefetch${suffix}:`)) this.#done.delete(key);
    }
  }

  /** The round that the model here includes. */
  get modelRound(): number {
    return this.#settledThrough;
  }

  /** Open cases of unavailability: beside the rounds, one look at a time. */
  #attend(context: RoundContext): void {
    if (context.task.openCases === 0 || this.#active.has('disputes') || Date.now() < this.#disputesAt) return;
    const work = this.disputes
      .attend(context)
      .then((next) => {
        const wait = next === null ? 0 : (next - Math.floor(Date.now() / 1000)) * 1000;
        this.#disputesAt = Date.now() + Math.min(IDLE_MILLISECONDS, Math.max(RETRY_MILLISECONDS, wait));
      })
      .catch((error) => {
        this.#disputesAt = Date.now() + IDLE_MILLISECONDS;
        if (!this.session.signal.aborted) this.#warn(error);
      })
      .finally(() => this.#active.delete('disputes'));
    this.#active.set('disputes', work);
  }

  /** Start every duty of these kinds that is due; returns when (ms) the next one will be. */
  #act(task: TaskState, round: RoundState | null, kinds: readonly Duty['kind'][]): number {
    const { resources, taskId } = this.session;
    const account = this.session.ports.chain.account;
    let next = Number.POSITIVE_INFINITY;
    if (round && !resources.isLeft(taskId)) this.#prefetch(round);
    for (const duty of dutiesOf(account, task, round)) {
      if (!kinds.includes(duty.kind)) continue;
      const key = `${duty.kind}:${duty.round}`;
      if (this.#active.has(key) || this.#done.has(key)) continue;
      if (!resources.mayBegin(taskId, duty, () => this.#hasBegun(duty))) continue;
      const due = Math.max(this.#dueAt(duty), this.#retryAt.get(key)?.at ?? 0);
      if (due > Date.now()) next = Math.min(next, due);
      else this.#start(key, duty, round);
    }
    return next;
  }

  /** Whether this node has started on its vector of the round, in this run or an earlier one. */
  #hasBegun({ kind, round }: Duty): boolean {
    const { journal, taskId } = this.session;
    return journal.step({ taskId, round, step: kind === 'train' ? 'train' : 'reference' }) !== null;
  }

  /** Milliseconds. Everyone may advance a phase; a little patience by account keeps all from trying at once. */
  #dueAt(duty: Duty): number {
    if (duty.kind === 'settle') return duty.from * 1000;
    if (duty.kind !== 'advance') return 0;
    const patience = 500 + (Number.parseInt(this.session.ports.chain.account.slice(-4), 16) % 2000);
    return duty.from * 1000 + patience;
  }

  #start(key: string, duty: Duty, round: RoundState | null): void {
    const work = this.#perform(duty, round)
      .then(() => {
        // Advancing may be due again in the same round number with a later deadline.
        if (duty.kind !== 'advance') this.#done.add(key);
        this.#retryAt.delete(key);
      })
      .catch(async (error) => {
        if (this.session.signal.aborted) return;
        if (isOvertaken(error)) {
          this.#backOff(key);
          return;
        }
        this.#backOff(key);
        this.#warn(error);
        const { fault } = this.session.trainer;
        if (fault) await this.session.abandon(fault);
      })
      .finally(() => {
        this.#active.delete(key);
        this.wake();
      });
    this.#active.set(key, work);
  }

  async #perform(duty: Duty, round: RoundState | null): Promise<void> {
    const { session } = this;
    switch (duty.kind) {
      case 'train':
        return commit(session, duty.round);
      case 'seal-reference':
        return sealReference(session, duty.round);
      case 'open-reference':
        return openReference(session, duty.round);
      case 'provide-update': {
        const committed = this.#ownCommitment(round);
        if (committed) await provide(session, duty.round, committed);
        return;
      }
      case 'settle': {
        const context = this.context;
        if (!context || context.round.round !== duty.round) return;
        return this.#settle(context);
      }
      case 'post-verdict':
        if (this.context?.round.round === duty.round) await postVerdict(session, this.context);
        return;
      case 'advance':
        await session.ports.chain.advance(session.taskId);
    }
  }

  /** A proof that was made is used until the chain refuses it, whatever happens to this process. */
  async #settle(context: RoundContext): Promise<void> {
    const { session } = this;
    const { journal, taskId } = session;
    const round = context.round.round;
    const proof = { taskId, round, step: 'prove' } as const;
    const known = journal.step(proof);
    let settlement = known?.state === 'done' ? (known.detail.settlement as Settlement) : null;
    if (!settlement) {
      const aggregation = await aggregate(session, context);
      const { weights, shares, unavailable, rejected } = aggregation;
      await journal.done({ taskId, round, step: 'aggregate' }, { weights, shares, unavailable, rejected });
      await journal.begin(proof);
      settlement = await prove(session, context, aggregation);
      await journal.done(proof, { settlement });
    }
    try {
      const made = settlement;
      await journal.act({ taskId, round, step: 'settle' }, {}, () => settle(session, round, made));
      this.#attest(round);
    } catch (error) {
      if (!mayBeSentAgain(error)) journal.forget(proof);
      throw error;
    }
  }

  #ownCommitment(round: RoundState | null) {
    const account = this.session.ports.chain.account.toLowerCase();
    const index = this.context?.task.trainers.findIndex((t) => t.toLowerCase() === account) ?? -1;
    return index < 0 ? null : round?.updates[index];
  }

  /**
   * Validators and candidates fetch and check what they will sign and aggregate as soon as it is there; and while updates
   * are open, what is public of the rounds before.
   */
  #prefetch(round: RoundState): void {
    const context = this.context;
    if (!PREFETCHED.includes(round.phase)) return;
    if (!context || !isChecker(context.task, this.session.ports.chain.account)) return;
    // What is public is so beside the model that the round begins from.
    const current = this.#settledThrough === round.round - 1;
    if (round.phase === 'commit' && !current) return;
    // Again with each reference that is opened: its author may be gone when the round is to be settled.
    const opened = openedReferences(round).length;
    const key = `prefetch:${round.round}:${round.phase}:${opened}`;
    if (this.#active.has(key) || this.#done.has(key)) return;
    this.#done.add(key);
    const work = this.#prepareVerdict(context).then(
      () => {},
      () => {},
    );
    this.#active.set(
      key,
      work.finally(() => this.#active.delete(key)),
    );
  }

  /** What a verdict or an aggregation needs of this phase. */
  async #prepareVerdict(context: RoundContext): Promise<void> {
    const { session } = this;
    const { round, phase } = context.round;
    const novel = hasGroups(session.terms.rule) && session.terms.novelty !== 'off';
    if (phase === 'commit') {
      if (novel) await session.histories.vectors(context, round);
      return;
    }
    const found = await checkPayloads(session, context);
    const current = this.#settledThrough === round - 1;
    if (phase === 'settle' && current && found.references.length > 0) await headOf(session, context, found);
  }

  /** The settled round goes into its trainers' histories; who settled it pays for that, and nothing waits for it. */
  #attest(round: number): void {
    const key = `attest:${round}`;
    const { chain } = this.session.ports;
    const work = chain
      .attest(this.session.taskId, round)
      .then(() => {})
      .catch((error) => {
        if (!this.session.signal.aborted && !hasCode(error, 'E_CHAIN_ALREADY_DONE')) this.#warn(error);
      });
    this.#active.set(
      key,
      work.finally(() => this.#active.delete(key)),
    );
  }

  #backOff(key: string): void {
    const wait = Math.min(IDLE_MILLISECONDS, 2 * (this.#retryAt.get(key)?.wait ?? RETRY_MILLISECONDS / 2));
    this.#retryAt.set(key, { at: Date.now() + wait, wait });
  }

  #warn(error: unknown): void {
    this.session.emit({ type: 'warning', taskId: this.session.taskId, ...explain(error) });
  }

  #sleepUntil(time: number): Promise<void> {
    if (this.#woken || this.session.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        this.session.signal.removeEventListener('abort', finish);
        this.#wake = () => {};
        resolve();
      };
      const timer = setTimeout(finish, Math.max(0, Math.min(time - Date.now(), 2 ** 31 - 1)));
      this.session.signal.addEventListener('abort', finish, { once: true });
      this.#wake = finish;
    });
  }
}
