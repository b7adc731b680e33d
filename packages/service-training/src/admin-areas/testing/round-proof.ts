import { toRoundProof } from '@chorus/inspector/records';
import { vectorRounds } from '../../../../inspector/src/testing/vector-rounds.ts';

/** The records of a proven round. */
export const roundProof = toRoundProof(vectorRounds('reference-projection')[0]!.material);
