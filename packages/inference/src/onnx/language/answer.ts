import { type CallPart, CallReader, spelledBytes, type Tokenizer } from '@chorus/language-models';
import { StopMatcher } from '../compute/stop-matcher.ts';

/** What of an answer can be shown. */
interface Shown {
  bytes: number[];
  calls: CallPart[];
}

/** What an answer is held to: a request, or a transcript. */
interface Held {
  stop: readonly string[];
  schema: string | null;
  /** Absent or null: it asks for no calls. */
  calls?: object | null | undefined;
}

/** An answer out of its tokens: its text up to a stop text, and the calls of tools that it asks for. */
export class Answer {
  readonly #tokenizer: Tokenizer;
  readonly #matcher: StopMatcher;
  readonly #reader: CallReader | null;

  constructor(tokenizer: Tokenizer, { stop, schema, calls }: Held) {
    this.#tokenizer = tokenizer;
    this.#matcher = new StopMatcher(stop);
    this.#reader = calls ? new CallReader(tokenizer.callFormat, schema === null) : null;
  }

  /** @param id a token that does not end the answer */
  push(id: number): Shown & { stopped: boolean } {
    const all = this.#reader ? spelledBytes(this.#tokenizer, id) : this.#tokenizer.bytes(id);
    const free: number[] = [];
    for (const byte of all) {
      const { bytes, stopped } = this.#matcher.push(byte);
      free.push(...bytes);
      if (stopped) return { ...this.#read(free), stopped };
    }
    return { ...this.#read(free), stopped: false };
  }

  /** What was held back. @param stopped a stop text came, which is not shown */
  rest(stopped: boolean): Shown {
    const { bytes, calls } = this.#read(stopped ? [] : this.#matcher.rest());
    return { bytes: [...bytes, ...(this.#reader?.rest() ?? [])], calls };
  }

  #read(bytes: number[]): Shown {
    if (!this.#reader) return { bytes, calls: [] };
    const { text, parts } = this.#reader.push(bytes);
    return { bytes: text, calls: parts };
  }
}
