/**
 * The pure parts of a node's rounds, for a simulation that has neither chain nor network: what attackers send, and what
 * is public before a round.
 *
 * @packageDocumentation
 */
export { poisonDataset } from './attacks/data.ts';
export { ATTACKS, type Attack, attackSchema, describeAttack, namesOf } from './attacks/kinds.ts';
export { type PublicKnowledge, poisonDelta, skipsTraining, trainingSeed } from './attacks/vectors.ts';
export { type EndedRound, publicVectors } from './novelty/ended-rounds.ts';
