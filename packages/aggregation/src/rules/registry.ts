import { ChorusError } from '@chorus/protocol';
import { referenceProjectionRule } from './reference-projection.ts';
import { referenceTrustRule } from './reference-trust.ts';
import type { Rule } from './rule.ts';

/** Every rule a task may name. A new rule is one file and one line here (and, to be provable, one circuit). */
export const RULES: readonly Rule[] = [referenceTrustRule, referenceProjectionRule];

/**
 * The rule a task's terms name.
 * @throws ChorusError `E_RULE_UNKNOWN`
 */
export function ruleById(id: string): Rule {
  const rule = RULES.find((r) => r.id === id);
  if (rule === undefined) {
    throw new ChorusError('E_RULE_UNKNOWN', 'no such aggregation rule', {
      facts: { rule: id.slice(0, 64), known: RULES.map((r) => r.id).join(', ') },
      hint: 'the task may need a newer version of Chorus',
    });
  }
  return rule;
}
