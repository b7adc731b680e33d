/** A point of BN254's G1 in projective decimal coordinates, as snarkjs writes it. */
export type G1Json = [string, string, string];
/** A point of G2, each coordinate (c0, c1) of c0 + c1 u. */
export type G2Json = [[string, string], [string, string], [string, string]];

/** A Groth16 verification key in snarkjs's JSON. */
export interface VerificationKey {
  protocol: 'groth16';
  curve: 'bn128';
  nPublic: number;
  vk_alpha_1: G1Json;
  vk_beta_2: G2Json;
  vk_gamma_2: G2Json;
  vk_delta_2: G2Json;
  /** One point for the constant and one for each public signal. */
  IC: G1Json[];
}
