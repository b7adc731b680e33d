import { type ContributionProof, G1_INFINITY } from '@chorus/protocol';

/** Of the right form and proving nothing, where a settlement's proof is not what is tested. */
export const UNCHECKED_PROOF: ContributionProof = {
  gramHash: 0n,
  innerProduct: 0n,
  cross: G1_INFINITY,
  quotient: G1_INFINITY,
  evaluations: [0n, 0n, 0n, 0n, 0n, 0n],
  groth16: { a: G1_INFINITY, b: { x: [0n, 0n], y: [0n, 0n] }, c: G1_INFINITY },
};
