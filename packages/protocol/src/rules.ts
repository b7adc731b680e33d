import { keccak_256 } from '@noble/hashes/sha3.js';
import { type Hex, toHex } from './hex.ts';

/**
 * Names of the aggregation rules that a task may have: `reference-trust` scores by one sum of all references,
 * `reference-projection` by three groups of them and by their novelty.
 */
export const RULE_NAMES = ['reference-trust', 'reference-projection'] as const;
export type RuleName = (typeof RULE_NAMES)[number];

/**
 * Whether a rule scores by groups of references and their novelty. Settlements and verdicts then name its
 * commitment.
 */
export function hasGroups(rule: RuleName): boolean {
  return rule === 'reference-projection';
}

/** Name of an aggregation rule on chain: keccak256 of e.g. "reference-projection". */
export function ruleId(rule: string): Hex {
  return toHex(keccak_256(new TextEncoder().encode(rule)));
}

/** The rule that a task names by its id; undefined for one that this build does not know. */
export function ruleNameOf(id: Hex): RuleName | undefined {
  return RULE_NAMES.find((name) => ruleId(name) === id);
}
