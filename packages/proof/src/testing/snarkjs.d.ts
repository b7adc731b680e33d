/**
 * The part of snarkjs that tests and benches compare with; it ships no types (see also the same file in commitment).
 */
declare module 'snarkjs' {
  interface SnarkjsProof {
    pi_a: [string, string, string];
    pi_b: [[string, string], [string, string], [string, string]];
    pi_c: [string, string, string];
    protocol: string;
    curve: string;
  }
  interface Curve {
    Fr: { random(): Uint8Array; e(value: bigint): Uint8Array };
  }
  export const groth16: {
    fullProve(
      input: Record<string, bigint | readonly bigint[]>,
      wasmFile: string,
      zkeyFile: string,
    ): Promise<{ proof: SnarkjsProof; publicSignals: string[] }>;
    verify(verificationKey: object, publicSignals: string[], proof: SnarkjsProof): Promise<boolean>;
  };
}
