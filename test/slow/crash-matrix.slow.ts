import type { StepName, StepPoint, StepState } from '@chorus/node';
import { afterEach, describe, expect, it } from 'vitest';
import { allOver, type CrashNetwork, startCrashNetwork, until } from './crash/network.ts';
import {
  allEvents,
  expectBalanced,
  expectNothingTwice,
  expectNoWaste,
  expectOneModel,
  settledRounds,
} from './crash/verdict.ts';

/** Just before a step is done, after it but before that is recorded, and after that. */
const AROUND: [StepState, StepPoint['when']][] = [
  ['begun', 'after'],
  ['done', 'before'],
  ['done', 'after'],
];
/** A step without a beginning of its own: before and after it is recorded. */
const RECORDED: [StepState, StepPoint['when']][] = [
  ['done', 'before'],
  ['done', 'after'],
];

interface Point {
  step: StepName;
  state: StepState;
  when: StepPoint['when'];
}

function points(steps: StepName[], around: typeof AROUND): Point[] {
  return steps.flatMap((step) => around.map(([state, when]) => ({ step, state, when })));
}

type Role = 'trainer' | 'validator' | 'aggregator';

/** Where each role is killed: every step it records, before and after the act. Each process dies once in a round. */
const MATRIX: Record<Role, Point[]> = {
  trainer: [...points(['train', 'commit', 'provide'], AROUND), ...points(['model'], RECORDED)],
  validator: [...points(['reference', 'seal', 'open', 'vote'], AROUND), ...points(['model'], RECORDED)],
  aggregator: [...points(['prove', 'settle'], AROUND), ...points(['aggregate', 'model'], RECORDED)],
};
/** Of the task as a whole: joining, payout, stake. */
const TASK_POINTS = points(['join', 'claim', 'release'], AROUND);

const TRAINERS = 3;
const VALIDATORS = 2;
/** There is one aggregator, so its points take the most rounds. */
const ROUNDS = MATRIX.aggregator.length + 1;

let network: CrashNetwork | null = null;
afterEach(async () => {
  await network?.close();
  network = null;
});

/** Decides who is killed where, and remembers it. */
class Killer {
  readonly #open = {
    trainer: [...MATRIX.trainer],
    validator: [...MATRIX.validator],
    aggregator: [...MATRIX.aggregator],
  };
  readonly #task = [...TASK_POINTS];
  readonly #killedIn = new Set<string>();
  readonly done: string[] = [];
  /** Rounds whose proof is recorded. */
  readonly #proven = new Set<number>();
  /** Rounds in which a proof was begun though there was one. Begun it may be several times, while votes are missing. */
  readonly provenAgain: number[] = [];
  /** Rounds whose aggregator was killed when its proof was recorded. */
  readonly provenBeforeKill = new Set<number>();

  at = (name: string, [role]: Role[], point: StepPoint): boolean => {
    if (!role) return false;
    const { step, state, when, round } = point;
    if (step === 'prove' && state === 'begun' && when === 'before' && this.#proven.has(round)) {
      this.provenAgain.push(round);
    }
    if (step === 'prove' && state === 'done' && when === 'after') this.#proven.add(round);
    const queue = round === 0 ? this.#task : this.#open[role];
    const scope = round === 0 ? `${name} ${step}` : `${name} ${round}`;
    if (this.#killedIn.has(scope)) return false;
    // A round's points in the order they come; of the task, whichever comes.
    const found = queue.findIndex((p) => p.step === step && p.state === state && p.when === when);
    if (found < 0) return false;
    queue.splice(found, 1);
    this.#killedIn.add(scope);
    const recorded = `${when} ${step} ${state}`;
    this.done.push(`round ${round}: ${name} ${recorded}`);
    if (role === 'aggregator' && (step === 'settle' || recorded === 'after prove done')) {
      this.provenBeforeKill.add(round);
    }
    return true;
  };

  get left(): Point[] {
    return [...Object.values(this.#open).flat(), ...this.#task];
  }
}

describe('a node killed at any step it records, and started again', () => {
  it('loses nothing and does nothing twice: all rounds settle, the ledger balances, all models are one', async () => {
    const killer = new Killer();
    network = await startCrashNetwork({
      trainers: TRAINERS,
      validators: VALIDATORS,
      aggregators: 1,
      killAt: killer.at,
    });
    const { requester } = network;
    const { chain } = requester.ports;
    const taskId = await network.publish(ROUNDS);
    await until(network, () => allOver(network!, taskId), 900_000);

    expect(killer.left).toEqual([]);
    expect(killer.done.length).toBeGreaterThanOrEqual(30);

    // Nothing is lost: every round settled, with every payload that was committed, and all were.
    expect(await chain.task(taskId)).toMatchObject({ status: 'ended', round: ROUNDS });
    const settled = await settledRounds(network, taskId, ROUNDS);
    for (const [i, round] of settled.entries()) {
      expect(round, `round ${i + 1}`).not.toBeNull();
      expect(round!.unavailable).toEqual([]);
      const state = await chain.round(taskId, i + 1);
      expect(state.updates.every((update) => update !== null)).toBe(true);
      expect(state.references.every((reference) => reference.opened !== null)).toBe(true);
    }

    // Nothing is done twice: not on chain, not in transactions that failed, not in proofs.
    expectNothingTwice(await allEvents(network));
    // At the three points around the settlement, and at the last one of the proof.
    expect(killer.provenBeforeKill.size).toBe(4);
    expect(killer.provenAgain).toEqual([]);
    await expectNoWaste(network);

    // All agree, and every unit is where it belongs.
    await expectOneModel(network, taskId, ROUNDS);
    await expectBalanced(network, taskId, ROUNDS);
  });
});
