/**
 * The verifier's side alone: the statement of a round and every check of its proof. Plain JavaScript without
 * WebAssembly, threads or files, so that a browser can check as a node does.
 *
 * @example
 * import { portableCurve, runChecks } from '@chorus/proof/verify';
 *
 * const checks = runChecks(portableCurve, { statement, proof, srs, verificationKey });
 * checks.every((check) => check.ok);
 *
 * @packageDocumentation
 */
export { g1FromHex, g1ToHex, g2FromHex, g2ToHex, scalarFromHex, scalarToHex } from '../file/points.ts';
export { type RoundStatement, roundStatement } from '../statement/statement.ts';
export { type CheckInput, type CheckResult, runChecks, type VerifierKeys } from './checks.ts';
export { portableCurve } from './curve.ts';
export { verificationKeyHash } from './key-hash.ts';
