/** The part of ffjavascript that the prototype uses; it ships no types. */
declare module 'ffjavascript' {
  type Element = Uint8Array;
  interface Field {
    n8: number;
    p: bigint;
    zero: Element;
    random(): Element;
    toObject(a: Element): bigint;
    add(a: Element, b: Element): Element;
    mul(a: Element, b: Element): Element;
    square(a: Element): Element;
    inv(a: Element): Element;
    fft(a: Uint8Array): Promise<Uint8Array>;
    ifft(a: Uint8Array): Promise<Uint8Array>;
    batchToMontgomery(a: Uint8Array): Promise<Uint8Array>;
    batchFromMontgomery(a: Uint8Array): Promise<Uint8Array>;
  }
  interface Curve {
    Fr: Field;
    G1: { multiExpAffine(points: Uint8Array, scalars: Uint8Array): Promise<Uint8Array> };
    terminate(): Promise<void>;
  }
  export function getCurveFromName(name: 'bn128'): Promise<Curve>;
}
