/**
 * The pure parts of a node's rounds, for a simulation without chain and network: what attackers send, and what is
 * public before a round.
 *
 * @packageDocumentation
 */

export { type EndedRound, publicVectors } from '../novelty/ended-rounds.ts';
export {
  ATTACKS,
  type Attack,
  attackSchema,
  describeAttack,
  namesOf,
} from '../training-config/attack-config.ts';
export { poisonDataset } from './data.ts';
export { type PublicKnowledge, poisonDelta, skipsTraining, trainingSeed } from './vectors.ts';
