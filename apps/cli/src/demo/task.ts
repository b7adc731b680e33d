import type { Address } from '@chorus/protocol';
import { looksAround, type TaskRequest } from '@chorus/service-training';
import { createTrainer, graphOptions } from '@chorus/training';
import { phasesAt, plannedTask, TERMS } from '../task-request/plan.ts';
import type { DemoModel } from './model.ts';
import type { DemoOptions } from './options.ts';

const TOKEN = 10n ** 18n;

/** Amounts of the demo, in the token's smallest unit (18 decimals). */
export const DEMO_ECONOMY = {
  /** Budget that the requester escrows. */
  budget: 1000n * TOKEN,
  /** Stake behind each member's identity; at the end it is free again, except for what was slashed. */
  stake: 10n * TOKEN,
} as const;

/** Seconds of the chain of a network on this machine: short enough to follow a dispute to its end. */
export const localWindows = (factor: number) => ({
  contest: Math.ceil(15 * factor),
  unbond: Math.ceil(60 * factor),
});

/** Of jobs there, likewise; a seat takes what each member has staked. */
export const localMarket = (factor: number) => ({
  windowSeconds: Math.ceil(300 * factor),
  stepSeconds: Math.ceil(120 * factor),
  seatStake: DEMO_ECONOMY.stake,
});

/** Phase lengths for a language model, of which several processes train at once. Seconds on a quiet machine. */
const LANGUAGE_PHASES = { joinSeconds: 300, commitSeconds: 600, referenceSeconds: 120, settleSeconds: 300 };

/** Phase lengths when nodes are killed on purpose: the others wait until phases end. Seconds on a quiet machine. */
const CHAOS = { commitSeconds: 30, referenceSeconds: 20, settleSeconds: 20 };

/** What the demo's options say about its task. */
type TaskOptions = Pick<
  DemoOptions,
  'rounds' | 'rule' | 'llm' | 'attack' | 'commitSeconds' | 'joinSeconds' | 'settleSeconds' | 'chaos'
>;

export interface DemoTaskOptions {
  options: TaskOptions;
  model: DemoModel;
  dimension: number;
  /** Name of the data. */
  data: string;
  token: Address;
  trainers: number;
  validators: Address[];
  /** How many times slower than a quiet machine this one is: the phases may last that many times longer. */
  factor: number;
}

/** The task the demo's requester publishes. */
export function demoTask({ options, data, ...demo }: DemoTaskOptions): TaskRequest {
  return plannedTask({
    model: demo.model.bytes,
    // An attacker that copies others' updates must be able to read them.
    sealed: !looksAround(options.attack),
    terms: {
      ...demo.model.terms,
      rule: options.rule,
      name: `demo: ${demo.model.name} on ${data}`.slice(0, 120),
      dimension: demo.dimension,
    },
    params: {
      ...DEMO_ECONOMY,
      token: demo.token,
      rounds: options.rounds,
      maxTrainers: demo.trainers,
      validators: demo.validators,
      // A validator may be killed, and every token is accounted for at the end: no one earns by a report.
      minValidators: 1,
      slashReporterBps: 0,
      slashBurnBps: 10_000,
      ...phasesAt(demo.factor, options.chaos ? CHAOS : options.llm ? LANGUAGE_PHASES : {}),
      ...(options.chaos || options.commitSeconds === null ? {} : { commitSeconds: options.commitSeconds }),
      ...(options.joinSeconds === null ? {} : { joinSeconds: options.joinSeconds }),
      ...(options.settleSeconds === null ? {} : { settleSeconds: options.settleSeconds }),
    },
  });
}

/** Trainable parameters of the demo's model. */
export async function dimensionOf({ bytes, terms }: DemoModel): Promise<number> {
  const trainer = await createTrainer({
    model: bytes,
    ...graphOptions({ ...TERMS, ...terms }),
  });
  const { dimension } = trainer;
  await trainer.close();
  return dimension;
}
