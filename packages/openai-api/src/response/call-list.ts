import type { CallPart } from './agent-parts.ts';

/** A call that an agent wants its caller to make. */
export interface AskedCall {
  id: string;
  name: string;
  /** Its arguments, as JSON. */
  text: string;
  isWhole: boolean;
}

/** The calls of an answer, out of their parts. */
export class CallList {
  readonly #calls: AskedCall[] = [];

  /** @returns the call so far */
  add({ index, id, name, text, isLast }: CallPart): AskedCall {
    this.#calls[index] ??= { id, name, text: '', isWhole: false };
    const call = this.#calls[index];
    call.text += text;
    call.isWhole ||= isLast;
    return call;
  }

  /** Those that were not cut: the arguments of another one are not what the model meant. */
  get whole(): readonly AskedCall[] {
    return this.#calls.filter(({ isWhole }) => isWhole);
  }
}
