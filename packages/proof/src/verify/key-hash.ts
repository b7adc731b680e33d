import type { VerificationKey } from '@chorus/circuits/statement';
import type { Hex } from '@chorus/protocol';
import { scalarToHex } from '../file/points.ts';
import { hashWords } from '../statement/transcript.ts';

/** keccak256 of a verification key's numbers, as the verifier on chain names its own (`IContributionVerifier`). */
export function verificationKeyHash(key: VerificationKey): Hex {
  const g1 = ([x, y]: readonly string[]) => [x!, y!];
  const g2 = ([x, y]: VerificationKey['vk_beta_2']) => [...x, ...y];
  const numbers = [
    ...g1(key.vk_alpha_1),
    ...[key.vk_beta_2, key.vk_gamma_2, key.vk_delta_2].flatMap(g2),
    ...key.IC.flatMap(g1),
  ];
  return scalarToHex(hashWords(numbers.map(BigInt)));
}
