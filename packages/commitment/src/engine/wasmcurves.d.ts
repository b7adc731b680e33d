/** The prebuilt BN254 module of wasmcurves (the WebAssembly under ffjavascript and snarkjs). */
declare module 'wasmcurves/build/bn128_wasm.js' {
  const bn128: {
    /** Base64 of the WebAssembly binary. */
    readonly code: string;
    /** Addresses of constants in the module's memory. */
    readonly pG1gen: number;
    readonly pG2gen: number;
    readonly prePSize: number;
    readonly preQSize: number;
  };
  export default bn128;
}

/** The part of the WebAssembly API in use: the ES library does not declare it and the DOM library is not for Node. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Memory {
    constructor(descriptor: { initial: number });
    readonly buffer: ArrayBuffer;
    /** @throws {RangeError} if the machine has no more memory or 4 GiB are reached */
    grow(pages: number): number;
  }
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, unknown>>);
    readonly exports: Record<string, unknown>;
  }
}
