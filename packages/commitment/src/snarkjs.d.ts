/** The part of snarkjs that the tests use; it ships no types. */
declare module 'snarkjs' {
  interface Curve {
    terminate(): Promise<void>;
  }
  export const curves: { getCurveFromName(name: string): Promise<Curve> };
  export const powersOfTau: {
    newAccumulator(curve: Curve, power: number, file: string): Promise<Uint8Array>;
    contribute(from: string, to: string, name: string, entropy: string): Promise<Uint8Array>;
  };
}
