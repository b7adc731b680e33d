import {
  type CallRules,
  type Constraint,
  ConstraintTokens,
  callGrammar,
  type SharedConstraint,
  type Tokenizer,
} from '@chorus/language-models';

/** Schemas and tools that are kept: a caller asks with the same ones again and again. */
const MOST = 8;

/** The constraints of one model's texts. Its tokens are arranged with the first one: that takes 0.4 s for 49,152. */
export class Constraints {
  readonly #tokenizer: Tokenizer;
  #tokens: ConstraintTokens | null = null;
  /** The least recently used first. */
  readonly #known = new Map<string, SharedConstraint>();

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
  }

  /**
   * A constraint for one text.
   * @param schema as JSON; null: none
   * @param calls null: the text asks for none
   * @throws ChorusError `E_AGENT_INPUT` if it cannot be kept
   */
  begin(schema: string | null, calls: CallRules | null): Constraint | null {
    if (schema === null && calls === null) return null;
    this.#tokens ??= new ConstraintTokens(this.#tokenizer);
    const key = JSON.stringify([schema, calls]);
    const known = this.#known.get(key) ?? this.#made(this.#tokens, schema, calls);
    this.#known.delete(key);
    if (this.#known.size >= MOST) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(key, known);
    return known.begin();
  }

  #made(tokens: ConstraintTokens, schema: string | null, calls: CallRules | null): SharedConstraint {
    if (!calls) return tokens.schema(schema!);
    return tokens.grammar(callGrammar(this.#tokenizer.callFormat, calls, schema));
  }
}
