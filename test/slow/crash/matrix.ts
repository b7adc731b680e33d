import type { StepName, StepPoint, StepState } from '@chorus/service-training';
import { expect } from 'vitest';
import { allOver, startCrashNetwork, until } from './network.ts';
import {
  allEvents,
  expectBalanced,
  expectNothingTwice,
  expectNoWaste,
  expectOneModel,
  settledRounds,
} from './verdict.ts';

type When = [StepState, StepPoint['when']];

/** After a step is done and before that is recorded: what was done is not known of. */
const UNRECORDED: When[] = [['done', 'before']];
/** Before and after a step is recorded, for one without a beginning of its own. */
const RECORDED: When[] = [...UNRECORDED, ['done', 'after']];
/** And just before it is done. */
const AROUND: When[] = [['begun', 'after'], ...RECORDED];

interface Point {
  step: StepName;
  state: StepState;
  when: StepPoint['when'];
}

function points(steps: StepName[], around: When[]): Point[] {
  return steps.flatMap((step) => around.map(([state, when]) => ({ step, state, when })));
}

type Role = 'trainer' | 'validator' | 'aggregator';

/** Where each role is killed. Each process dies once in a round. */
interface Matrix {
  roles: Record<Role, Point[]>;
  /** Of the task as a whole: joining, payout, stake. */
  task: Point[];
}

function matrix(around: When[], recorded: When[]): Matrix {
  return {
    roles: {
      trainer: [...points(['train', 'commit', 'provide'], around), ...points(['model'], recorded)],
      validator: [...points(['reference', 'seal', 'open', 'vote'], around), ...points(['model'], recorded)],
      aggregator: [...points(['prove', 'settle'], around), ...points(['aggregate', 'model'], recorded)],
    },
    task: points(['join', 'claim', 'release'], around),
  };
}

export const MATRIX = {
  /** Every step that is recorded, before and after the act, and after the record. */
  full: matrix(AROUND, RECORDED),
  /** Every step where a crash costs most: when it is done and not yet recorded. */
  unrecorded: matrix(UNRECORDED, UNRECORDED),
};

const TRAINERS = 3;
const VALIDATORS = 2;

/** Decides who is killed where, and remembers it. */
class Killer {
  readonly #open: Record<Role, Point[]>;
  readonly #task: Point[];
  readonly #killedIn = new Set<string>();
  readonly done: string[] = [];
  /** Rounds whose proof is recorded. */
  readonly #proven = new Set<number>();
  /** Rounds in which a proof was begun though there was one. Begun it may be several times, while votes are missing. */
  readonly provenAgain: number[] = [];
  /** Rounds whose aggregator was killed when its proof was recorded. */
  readonly provenBeforeKill = new Set<number>();

  constructor({ roles, task }: Matrix) {
    const { trainer, validator, aggregator } = roles;
    this.#open = { trainer: [...trainer], validator: [...validator], aggregator: [...aggregator] };
    this.#task = [...task];
  }

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

/**
 * Run a task in which nodes are killed at every point of the matrix and started again: nothing is lost, nothing is done
 * twice, all rounds settle, the ledger balances, all models are one.
 */
export async function expectSurvived(matrix: Matrix): Promise<void> {
  const killer = new Killer(matrix);
  // There is one aggregator, so its points take the most rounds.
  const rounds = matrix.roles.aggregator.length + 1;
  const network = await startCrashNetwork({
    trainers: TRAINERS,
    validators: VALIDATORS,
    aggregators: 1,
    killAt: killer.at,
  });
  try {
    const { chain } = network.requester.ports;
    const taskId = await network.publish(rounds);
    await until(network, () => allOver(network, taskId), 900_000);

    expect(killer.left).toEqual([]);
    expect(killer.done).toHaveLength(Object.values(matrix.roles).flat().length + matrix.task.length);

    // Nothing is lost: every round settled, with every payload that was committed, and all were.
    expect(await chain.task(taskId)).toMatchObject({ status: 'ended', round: rounds });
    const settled = await settledRounds(network, taskId, rounds);
    for (const [i, round] of settled.entries()) {
      expect(round, `round ${i + 1}`).not.toBeNull();
      expect(round!.unavailable).toEqual([]);
      const state = await chain.round(taskId, i + 1);
      expect(state.updates.every((update) => update !== null)).toBe(true);
      expect(state.references.every((reference) => reference.opened !== null)).toBe(true);
    }

    // Nothing is done twice: not on chain, not in transactions that failed, not in proofs.
    expectNothingTwice(await allEvents(network));
    // At the points around the settlement, and where the proof was recorded.
    const proven = matrix.roles.aggregator.filter(
      ({ step, state, when }) =>
        step === 'settle' || (step === 'prove' && state === 'done' && when === 'after'),
    );
    expect(killer.provenBeforeKill.size).toBe(proven.length);
    expect(killer.provenAgain).toEqual([]);
    await expectNoWaste(network);

    // All agree, and every unit is where it belongs.
    await expectOneModel(network, taskId, rounds);
    await expectBalanced(network, taskId, rounds);
  } finally {
    await network.close();
  }
}
