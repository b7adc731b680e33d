/**
 * BN254 in WebAssembly, multi-scalar multiplication and worker pools: the building blocks of provers and verifiers of
 * commitments. Synchronous, for worker threads.
 *
 * @packageDocumentation
 */
export * from './affine-adder.ts';
export * from './bn254.ts';
export * from './digits.ts';
export * from './msm.ts';
export * from './pool.ts';
export * from './serve.ts';
export * from './sized-msm.ts';
