import { corrupt, shown, unsupported } from '../gguf/faults.ts';
import type { Gguf } from '../gguf/model.ts';
import { byteLetters } from './byte-letters.ts';
import { splittingOf } from './splitting.ts';

/** Kinds of tokens (llama.h, `llama_token_type`). */
const KIND = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5 } as const;

/** Names by which files mark tokens that end an answer, besides those that their metadata names. */
const ENDS = [
  '<|im_end|>',
  '<|endoftext|>',
  '<|eot_id|>',
  '<|eom_id|>',
  '<|end_of_text|>',
  '<|end|>',
  '<end_of_turn>',
  '</s>',
];

/** Metadata keys of tokens that end an answer: of a text, of a turn, of a message. */
const END_KEYS = ['eos_token_id', 'eot_token_id', 'eom_token_id'];

/** A byte-level vocabulary out of a file's metadata. */
export interface Vocabulary {
  /** Tokens as they are written in the file, by id. */
  readonly tokens: readonly string[];
  /** Pairs that are joined, the first one first. */
  readonly merges: readonly (readonly [string, string])[];
  /** Ids of tokens that stand for no text, such as the ends of messages, by their names. */
  readonly control: ReadonlyMap<string, number>;
  /** Ids of tokens that are found in a text as a whole, before it is split into words. */
  readonly whole: ReadonlyMap<string, number>;
  /** Ids of all other tokens: what pairs are joined to. */
  readonly joined: ReadonlyMap<string, number>;
  /** How a text is split into words: the file's `tokenizer.ggml.pre`. */
  readonly splitting: string;
  /** The token a text begins with, and whether every text does; null if the model has no such token. */
  readonly begin: { readonly id: number; readonly always: boolean } | null;
  /** Tokens that end an answer. */
  readonly ends: ReadonlySet<number>;
  /** The token that ends a text; null if the model has no such token. */
  readonly end: number | null;
  /** The bytes that each token stands for; none for control tokens. */
  readonly bytes: readonly Uint8Array[];
}

/**
 * Reads a file's vocabulary.
 *
 * @throws ChorusError `E_MODEL_UNSUPPORTED` if it is not a byte-level one; `E_MODEL_CORRUPT` if it contradicts itself
 */
export function readVocabulary(metadata: Gguf['metadata']): Vocabulary {
  const kind = metadata.get('tokenizer.ggml.model');
  if (kind?.type !== 'string' || kind.value !== 'gpt2') {
    throw unsupported(
      'the vocabulary of the model is not one of bytes',
      { tokenizer: kind?.type === 'string' ? shown(kind.value) : undefined },
      'use a model whose tokenizer is byte-level BPE (gpt2)',
    );
  }
  const pre = metadata.get('tokenizer.ggml.pre');
  const splitting = pre?.type === 'string' ? pre.value : '';
  const tokens = texts(metadata, 'tokenizer.ggml.tokens');
  const types = metadata.get('tokenizer.ggml.token_type');
  const typeOf = (id: number): unknown => (types?.type === 'array' ? types.values[id] : KIND.normal);
  const groups = {
    control: new Map<string, number>(),
    whole: new Map<string, number>(),
    joined: new Map<string, number>(),
  };
  const letters = new Map(byteLetters().map((letter, byte) => [letter, byte]));
  const bytes = tokens.map((token, id) => {
    const type = typeOf(id);
    const hidden = type === KIND.control || type === KIND.unknown || type === KIND.unused;
    groups[hidden ? 'control' : type === KIND.userDefined ? 'whole' : 'joined'].set(token, id);
    return hidden ? new Uint8Array() : bytesOf(token, type === KIND.userDefined ? new Map() : letters);
  });
  const id = (key: string): number | null => tokenId(metadata, `tokenizer.ggml.${key}`, tokens.length);
  const ends = [...END_KEYS.map(id), ...ENDS.map((name) => groups.control.get(name))];
  const begin = id('bos_token_id');
  const asked = metadata.get('tokenizer.ggml.add_bos_token');
  const always = asked?.type === 'bool' ? asked.value : splittingOf(splitting)?.begins === true;
  return {
    ...groups,
    tokens,
    bytes,
    merges: texts(metadata, 'tokenizer.ggml.merges').map(pair),
    splitting,
    begin: begin === null ? null : { id: begin, always },
    ends: new Set(ends.filter((end) => end != null)),
    end: id('eos_token_id'),
  };
}

function texts(metadata: Gguf['metadata'], key: string): readonly string[] {
  const value = metadata.get(key);
  if (value?.type === 'array' && value.of === 'string') return value.values;
  throw corrupt('the metadata lacks a list of texts', { key });
}

function pair(merge: string, at: number): readonly [string, string] {
  const [left, right, ...more] = merge.split(' ');
  if (left && right && more.length === 0) return [left, right];
  throw corrupt('a pair of the vocabulary is not two parts', { at, pair: shown(merge) });
}

function tokenId(metadata: Gguf['metadata'], key: string, size: number): number | null {
  const value = metadata.get(key);
  if (value === undefined) return null;
  if (value.type === 'uint32' && value.value < size) return value.value;
  throw corrupt('the metadata names a token that does not exist', { key });
}

/** A token of letters that stand for bytes; one that has another letter stands for its own text. */
function bytesOf(token: string, letters: ReadonlyMap<string, number>): Uint8Array {
  const bytes = Array.from(token, (letter) => letters.get(letter));
  return bytes.every((byte) => byte !== undefined) ? Uint8Array.from(bytes) : new TextEncoder().encode(token);
}
