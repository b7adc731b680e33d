/**
 * A task's rounds with real training and the rule's own integers, in one process: it shows what a strategy earns,
 * what an attack does, and how a model learns. There is no chain, no network and no proof.
 *
 * @example
 * const records = [];
 * for await (const record of simulate(options)) records.push(record);
 * console.log(summarise(records).parties);
 *
 * @packageDocumentation
 */
export { attackBehaviour, type Behaviour, type BehaviourContext } from './behaviour.ts';
export { type Outcome, type PartyOutcome, summarise, totals } from './outcome.ts';
export type { Party } from './parties.ts';
export type { Scoring } from './scoring.ts';
export { MAX_SHAPLEY_TRAINERS, rankCorrelation, shapleyValues } from './shapley.ts';
export {
  type ClientRecord,
  type Recipe,
  type RoundRecord,
  type SimulationOptions,
  simulate,
} from './simulate.ts';
