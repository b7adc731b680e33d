/**
 * The pure parts of a node's rounds, for a simulation without chain and network: what attackers send, and what is
 * public before a round.
 *
 * @packageDocumentation
 */

export {
  ATTACKS,
  type Attack,
  attackSchema,
  describeAttack,
  namesOf,
} from '../config/attack-config.ts';
export { type EndedRound, publicVectors } from '../novelty/ended-rounds.ts';
export { poisonDataset } from './data.ts';
export { type PublicKnowledge, poisonDelta, skipsTraining, trainingSeed } from './vectors.ts';
