import type { Part } from './grammar.ts';

/** What is still to come: a part, then the rest. Equal ones are one object. */
interface Stack {
  readonly id: number;
  readonly part: Part;
  readonly rest: Stack | null;
  readonly depth: number;
}

/** Where a text stands in a grammar. Equal states are one object. */
export interface State {
  readonly id: number;
  /** What may come next: each begins with a set of bytes. */
  readonly stacks: readonly Stack[];
  /** Whether the text may end here. */
  readonly isComplete: boolean;
  /** By byte, as far as they were asked for; null: the byte may not come. */
  readonly next: (State | null | undefined)[];
}

/** Values within values, counted in parts: a grammar that contains itself could go on without end. */
const MOST_DEPTH = 400;
/** Ways in which one text may be read. */
const MOST_STACKS = 2_000;
/** States that are kept, ways to go on in all of them together, and parts that are opened to find these: a third of a second. */
const MOST_STATES = 20_000;
const MOST_WAYS = 200_000;
const MOST_OPENED = 2_000_000;

/**
 * Follows texts through a grammar, byte by byte (the set of all ways in which the bytes so far can be read). What follows
 * a state is computed once.
 */
export class Machine {
  readonly start: State;
  /** Stacks by their rest and part. */
  readonly #stacks = new Map<Stack | null, Map<Part, Stack>>();
  readonly #states = new Map<string, State>();
  #count = 0;
  #ways = 0;
  #opened = 0;

  /** @throws RangeError if there are too many ways to read a text */
  constructor(grammar: Part) {
    this.start = this.#stateOf([this.#pushed(grammar, null)]);
  }

  /** Whether so much of what it may keep is used that a new one should take its place for further texts. */
  get isWorn(): boolean {
    return (
      this.#states.size > MOST_STATES / 2 || this.#ways > MOST_WAYS / 2 || this.#opened > MOST_OPENED / 2
    );
  }

  /**
   * The state after one more byte; null if the byte may not come.
   * @throws RangeError if there are too many ways to read the text
   */
  step(state: State, byte: number): State | null {
    const known = state.next[byte];
    if (known !== undefined) return known;
    const rests: (Stack | null)[] = [];
    for (const { part, rest } of state.stacks) if (part.kind === 'bytes' && part.set[byte]) rests.push(rest);
    const next = rests.length === 0 ? null : this.#stateOf(rests);
    state.next[byte] = next;
    return next;
  }

  /** The state of all that begins with one of these, their first parts opened until each begins with bytes. */
  #stateOf(from: readonly (Stack | null)[]): State {
    const seen = new Set<Stack>();
    const open = [...from];
    const ready: Stack[] = [];
    let isComplete = false;
    for (let stack = open.pop(); stack !== undefined; stack = open.pop()) {
      if (stack === null) isComplete = true;
      else if (!seen.has(stack)) {
        seen.add(stack);
        if (seen.size > MOST_STACKS) throw new RangeError('the grammar has too many ways to read a text');
        const { part, rest } = stack;
        if (part.kind === 'bytes') ready.push(stack);
        else if (part.kind === 'choice') open.push(...part.options.map((each) => this.#pushed(each, rest)));
        else if (part.kind === 'rule') open.push(this.#pushed(part.part!, rest));
        else if (part.kind === 'nothing') open.push(rest);
        else {
          const first = this.#pushed(part.first, this.#pushed(part.then, rest));
          // What is too deep is no way to read it.
          if (first.depth <= MOST_DEPTH) open.push(first);
        }
      }
    }
    this.#opened += seen.size;
    if (this.#opened > MOST_OPENED) throw new RangeError('the grammar has too many parts to follow');
    ready.sort((a, b) => a.id - b.id);
    const key = `${isComplete} ${ready.map(({ id }) => id).join(' ')}`;
    const known = this.#states.get(key);
    if (known) return known;
    this.#ways += ready.length;
    if (this.#states.size >= MOST_STATES || this.#ways > MOST_WAYS) {
      throw new RangeError('the grammar has too many states');
    }
    const state = { id: this.#count++, stacks: ready, isComplete, next: [] };
    this.#states.set(key, state);
    return state;
  }

  #pushed(part: Part, rest: Stack | null): Stack {
    let after = this.#stacks.get(rest);
    if (!after) {
      after = new Map();
      this.#stacks.set(rest, after);
    }
    const known = after.get(part);
    if (known) return known;
    const stack = { id: this.#count++, part, rest, depth: (rest?.depth ?? 0) + 1 };
    after.set(part, stack);
    return stack;
  }
}
