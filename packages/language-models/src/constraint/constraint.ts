import { ChorusError } from '@chorus/protocol';
import { spelledBytes } from '../tokenizer/spelling.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import type { Part } from './grammar.ts';
import { Machine, type State } from './machine.ts';
import { schemaGrammar } from './schema-grammar.ts';

/** Masks of one schema that are kept: each has a byte for each token, so 5 MB for 49,152. */
const MOST_MASKS = 96;

/** What a text may go on with, token by token. */
export interface Constraint {
  /**
   * Makes the logits of all tokens that may not come negative infinity.
   * @throws ChorusError `E_AGENT_INPUT` if no token may come, or the schema leads to too many ways
   */
  apply(logits: Float32Array): void;
  /** Goes on with a token that may come. */
  accept(id: number): void;
}

/** The tokens of a model, arranged for constraints. Made once for a model, when it is needed. */
export class ConstraintTokens {
  readonly #tokenizer: Tokenizer;
  /** By id; none for tokens that end an answer. */
  readonly #bytes: readonly Uint8Array[];
  /** Tokens by their bytes: those that are whole letters of a string and no escape, and all others. */
  readonly #plain: readonly number[];
  readonly #others: number[];
  readonly #all: number[];
  /** Letters of the longest plain one. */
  readonly #longest: number;

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
    const bytes = Array.from({ length: tokenizer.size }, (_, id) =>
      tokenizer.ends.has(id) ? new Uint8Array() : spelledBytes(tokenizer, id),
    );
    this.#bytes = bytes;
    this.#all = [...bytes.keys()]
      .filter((id) => bytes[id]!.length > 0)
      .sort((a, b) => Buffer.compare(bytes[a]!, bytes[b]!));
    const isPlain = (id: number) => isPlainText(bytes[id]!);
    this.#plain = this.#all.filter(isPlain);
    this.#others = this.#all.filter((id) => !isPlain(id));
    this.#longest = this.#plain.reduce((most, id) => Math.max(most, bytes[id]!.length), 0);
  }

  /**
   * A constraint to what a JSON Schema describes; several texts may have it, each by `begin`.
   * @throws ChorusError `E_AGENT_INPUT` if the schema cannot be kept
   */
  schema(text: string): SharedConstraint {
    return this.grammar(schemaGrammar(text));
  }

  /** A constraint to the texts of a grammar. @throws ChorusError `E_AGENT_INPUT` if it cannot be followed */
  grammar(grammar: Part): SharedConstraint {
    return new SharedConstraint(grammar, this);
  }

  get tokenizer(): Tokenizer {
    return this.#tokenizer;
  }

  /** What a token stands for in a grammar: a control token for its spelling. */
  bytes(id: number): Uint8Array {
    return this.#bytes[id] ?? new Uint8Array();
  }

  /** 1 for each token that may come in this state. */
  mask(machine: Machine, state: State): Uint8Array {
    const mask = new Uint8Array(this.#tokenizer.size);
    const inString = state.stacks.some(
      ({ part }) => part.kind === 'bytes' && (part.room ?? 0) >= this.#longest,
    );
    if (inString) for (const id of this.#plain) mask[id] = 1;
    this.#walk(machine, inString ? this.#others : this.#all, mask, state);
    if (state.isComplete) for (const id of this.#tokenizer.ends) mask[id] = 1;
    return mask;
  }

  /** Marks tokens that the machine takes whole; they are sorted, so those that begin alike are followed together. */
  #walk(machine: Machine, ids: readonly number[], mask: Uint8Array, start: State): void {
    const follow = (from: number, to: number, depth: number, state: State): void => {
      let at = from;
      // Shorter ones come first.
      for (; at < to && this.#bytes[ids[at]!]!.length === depth; at++) mask[ids[at]!] = 1;
      while (at < to) {
        const byte = this.#bytes[ids[at]!]![depth]!;
        let end = at + 1;
        while (end < to && this.#bytes[ids[end]!]![depth] === byte) end++;
        const next = machine.step(state, byte);
        if (next) follow(at, end, depth + 1, next);
        at = end;
      }
    };
    follow(0, ids.length, 0, start);
  }
}

/** SharedConstraint of several texts to one grammar. They share what was found out of it. */
export class SharedConstraint {
  readonly #grammar: Part;
  readonly #tokens: ConstraintTokens;
  #machine: Machine;
  #masks = new Map<State, Uint8Array>();

  /** @throws ChorusError `E_AGENT_INPUT` if there are too many ways to begin */
  constructor(grammar: Part, tokens: ConstraintTokens) {
    [this.#grammar, this.#tokens] = [grammar, tokens];
    this.#machine = guarded(() => new Machine(grammar));
  }

  /** Of one text, from its beginning. */
  begin(): Constraint {
    if (this.#machine.isWorn) {
      this.#machine = guarded(() => new Machine(this.#grammar));
      this.#masks = new Map();
    }
    return new GrammarConstraint(this.#machine, this.#masks, this.#tokens);
  }
}

class GrammarConstraint implements Constraint {
  readonly #machine: Machine;
  readonly #masks: Map<State, Uint8Array>;
  readonly #tokens: ConstraintTokens;
  #state: State;

  constructor(machine: Machine, masks: Map<State, Uint8Array>, tokens: ConstraintTokens) {
    [this.#machine, this.#masks, this.#tokens, this.#state] = [machine, masks, tokens, machine.start];
  }

  apply(logits: Float32Array): void {
    const mask = this.#mask();
    let isPossible = false;
    for (let id = 0; id < logits.length; id++) {
      if (mask[id]) isPossible = true;
      else logits[id] = Number.NEGATIVE_INFINITY;
    }
    if (isPossible) return;
    throw new ChorusError('E_AGENT_INPUT', 'the schema describes nothing that could be written here', {
      hint: 'describe a value that exists',
    });
  }

  accept(id: number): void {
    const { tokenizer } = this.#tokens;
    if (tokenizer.ends.has(id)) return;
    guarded(() => {
      for (const byte of this.#tokens.bytes(id)) {
        const next = this.#machine.step(this.#state, byte);
        if (!next) throw new RangeError('the token may not come here');
        this.#state = next;
      }
    });
  }

  #mask(): Uint8Array {
    const known = this.#masks.get(this.#state);
    if (known) return known;
    const mask = guarded(() => this.#tokens.mask(this.#machine, this.#state));
    if (this.#masks.size >= MOST_MASKS) this.#masks.delete(this.#masks.keys().next().value!);
    this.#masks.set(this.#state, mask);
    return mask;
  }
}

/** Whether bytes are whole letters of a string in JSON, without quotes, escapes and control characters. */
function isPlainText(bytes: Uint8Array): boolean {
  if (bytes.some((byte) => byte < 0x20 || byte === 0x22 || byte === 0x5c || byte === 0x7f)) return false;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** A grammar with too many ways to read a text is a fault of the request. */
function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new ChorusError('E_AGENT_INPUT', `the schema cannot be kept: ${cause.message}`, {
      hint: 'make it simpler',
      cause,
    });
  }
}
