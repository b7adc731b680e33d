/** What tests and benches compare with of snarkjs, which ships no types (see also commitment's, of the same module). */
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
