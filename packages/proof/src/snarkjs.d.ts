/** What is used of snarkjs, which ships no types. */
declare module 'snarkjs' {
  interface SnarkjsProof {
    pi_a: [string, string, string];
    pi_b: [[string, string], [string, string], [string, string]];
    pi_c: [string, string, string];
  }
  export const groth16: {
    fullProve(
      input: Record<string, bigint | bigint[]>,
      wasmFile: string,
      zkeyFile: string,
      logger?: undefined,
      witnessOptions?: undefined,
      proverOptions?: { singleThread?: boolean },
    ): Promise<{ proof: SnarkjsProof; publicSignals: string[] }>;
  };
}
