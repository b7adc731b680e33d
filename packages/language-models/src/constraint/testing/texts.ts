/** Texts under a constraint, without a model. */
import { randomNumbers } from '../../tiny/random-numbers.ts';
import type { ConstraintTokens, SharedConstraint } from '../constraint.ts';

/** Random tokens under a constraint, ended as soon as they may be, with some luck. */
export function written(
  { tokenizer }: ConstraintTokens,
  constraints: SharedConstraint,
  seed: number,
  most = 400,
): { text: string; ids: number[]; ended: boolean } {
  const constraint = constraints.begin();
  const next = randomNumbers(seed);
  const ids: number[] = [];
  const result = (ended: boolean) => ({ text: tokenizer.decode(ids), ids, ended });
  while (ids.length < most) {
    const logits = Float32Array.from({ length: tokenizer.size }, () => next());
    constraint.apply(logits);
    const end = [...tokenizer.ends].find((id) => logits[id]! > Number.NEGATIVE_INFINITY);
    if (end !== undefined && next() < 0.5) return result(true);
    // Quotes and brackets that close are likelier, so that texts end.
    for (const letter of '"]}') logits[tokenizer.encode(letter)[0]!]! += 0.5;
    const id = logits.indexOf(Math.max(...logits));
    if (tokenizer.ends.has(id)) return result(true);
    constraint.accept(id);
    ids.push(id);
  }
  return result(false);
}

/** Whether a text may be written under a schema, and end, token by token. */
export function takes(tokens: ConstraintTokens, held: object, text: string): boolean {
  const { tokenizer } = tokens;
  const constraints = 'begin' in held ? (held as SharedConstraint) : tokens.schema(JSON.stringify(held));
  const constraint = constraints.begin();
  for (const id of [...tokenizer.encode(text), tokenizer.end!]) {
    const logits = new Float32Array(tokenizer.size);
    constraint.apply(logits);
    if (logits[id] !== 0) return false;
    constraint.accept(id);
  }
  return true;
}
