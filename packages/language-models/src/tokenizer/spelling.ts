import type { Tokenizer } from './tokenizer.ts';

/** A byte that no text in UTF-8 has. */
const CONTROL = 0xff;

/** How a control token is spelled where a grammar, or a reader of answers, has to tell it from its own name as text. */
export const controlBytes = (name: string): Uint8Array =>
  Uint8Array.from([CONTROL, ...new TextEncoder().encode(name)]);

/** The bytes of a token; those of a control token are its spelling. */
export function spelledBytes(tokenizer: Pick<Tokenizer, 'bytes' | 'controlName'>, id: number): Uint8Array {
  const name = tokenizer.controlName(id);
  return name === null ? tokenizer.bytes(id) : controlBytes(name);
}
