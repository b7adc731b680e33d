/**
 * The contribution circuit: what it takes, its committed keys, and its public values.
 *
 * The circom sources are in `circom/`, readable from `circom/contribution.circom` on. This package computes no rule
 * and makes no proof: @chorus/aggregation computes weights and shares, @chorus/proof proves them.
 *
 * @example
 * const input = buildContributionInput({ gram, weights, shares, alpha, beta, size: 16 });
 * const { wasmPath, zkeyPath } = circuitArtifacts(16);
 * const { proof } = await groth16.fullProve(input.signals, wasmPath, zkeyPath);
 *
 * @packageDocumentation
 */
export { type ArtifactHashes, type CircuitArtifacts, circuitArtifacts } from './artifacts.ts';
export * from './statement.ts';
