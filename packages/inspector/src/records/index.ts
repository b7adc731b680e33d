/**
 * A settled round from the chain's records: every check of its proof, and why each member was paid. It reads nothing
 * and needs neither WebAssembly nor threads, so that a browser checks as a node does.
 *
 * @packageDocumentation
 */
export { type CheckedMaterial, checkMaterial } from './check-material.ts';
export { checkRecords, type HeldKeys } from './check-records.ts';
export { measuredCosine, referenceLength, toCosine } from './cosine.ts';
export { fromRoundProof, type ProofMaterial, toRoundProof } from './document.ts';
export { type Explained, explainRecords } from './explain-records.ts';
export { type RoundRecords, ruleOf, statementOf } from './records.ts';
export { type Check, runCheck } from './run-check.ts';
