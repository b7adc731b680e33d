import { ChorusError, type ToolDescription } from '@chorus/protocol';
import { unsupported } from '../gguf/faults.ts';
import type { Gguf } from '../gguf/model.ts';
import { type CallFormat, callFormatOf } from './call-format.ts';
import { templateConversation } from './conversation.ts';
import { guardFor } from './guard.ts';
import { type ChatTemplate, readTemplate } from './template.ts';
import { readVocabulary, type Vocabulary } from './vocabulary.ts';
import { wordEncoder } from './words.ts';

/** A message of a conversation. */
export interface ChatMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
  /** Calls of tools that the assistant asked for after its text, with what they answered. */
  calls?: readonly { name: string; input: unknown; output: string }[];
}

/** How a conversation becomes tokens. */
export interface ChatOptions {
  /** Ends with the beginning of an answer of the assistant. Default false. */
  addGenerationPrompt?: boolean;
  /** Tools that the model is shown. Default: none. */
  tools?: readonly ToolDescription[];
  /** What templates that write a date take for the present time. Default: now. */
  now?: Date;
}

/** Turns text into a model's tokens, and back. */
export interface Tokenizer {
  /** Number of tokens. */
  readonly size: number;
  /** The token that a text begins with; null if the model has none. */
  readonly begin: number | null;
  /** The token that ends a text; null if the model has none. */
  readonly end: number | null;
  /** All tokens that end an answer. */
  readonly ends: ReadonlySet<number>;
  /** Bytes of the longest token: a text of more than this for each token of a context is too long. */
  readonly longest: number;
  /** Whether the model has a chat template. */
  readonly converses: boolean;
  /** How its answers ask for calls of tools. */
  readonly callFormat: CallFormat;
  /** Tokens of a text. The names of control tokens in it are text like any other; unpaired surrogates become U+FFFD. */
  encode(text: string): number[];
  /** Tokens of a text that the model is to write on from: with the token before them that its texts begin with, if it has one. */
  encodePrompt(text: string): number[];
  /**
   * Tokens of a conversation in the model's own chat template. The names of control tokens in messages are text; only
   * those of the template itself become control tokens.
   *
   * @throws ChorusError `E_MODEL_UNSUPPORTED` if the model has no template, or one that cannot be run; `E_MODEL_TIME` if
   * it runs too long; `E_AGENT_INPUT` if it refuses the conversation
   */
  encodeChat(messages: readonly ChatMessage[], options?: ChatOptions): number[];
  /** Text of tokens. Control tokens are left out; bytes that are not UTF-8 become U+FFFD. */
  decode(ids: readonly number[]): string;
  /** Bytes that a token stands for: none for a control token, perhaps a part of a letter. @throws RangeError */
  bytes(id: number): Uint8Array;
  /** Name of a control token; null for others. */
  controlName(id: number): string | null;
}

/**
 * The tokenizer of a model in a GGUF file.
 *
 * @param model a file that was read, or a decoder
 * @throws ChorusError `E_MODEL_UNSUPPORTED` if the vocabulary is of another kind than byte-level BPE, or text is split
 * in a way that is not known here; `E_MODEL_CORRUPT` if it contradicts itself
 */
export function createTokenizer({ metadata }: Pick<Gguf, 'metadata'>): Tokenizer {
  const vocabulary = readVocabulary(metadata);
  const encode = wordEncoder(vocabulary);
  const controls = new Set(vocabulary.control.values());
  const source = metadata.get('tokenizer.chat_template');
  const callFormat = callFormatOf(source?.type === 'string' ? source.value : null, (name) =>
    vocabulary.control.has(name),
  );
  let template: ChatTemplate | undefined;
  const bytes = (id: number): Uint8Array => {
    const found = vocabulary.bytes[id];
    if (!found) throw new RangeError(`the model has no token ${id}`);
    return found;
  };
  return {
    size: vocabulary.tokens.length,
    begin: vocabulary.begin?.id ?? null,
    end: vocabulary.end,
    ends: vocabulary.ends,
    longest: vocabulary.bytes.reduce((most, { length }) => Math.max(most, length), 0),
    converses: source?.type === 'string',
    callFormat,
    encode,
    encodePrompt: (text) => withBegin(vocabulary, encode(text)),
    bytes,
    controlName: (id) => (controls.has(id) ? (vocabulary.tokens[id] ?? null) : null),
    decode: (ids) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.concat(ids.map(bytes))),
    encodeChat(messages, options = {}) {
      if (source?.type !== 'string') {
        throw unsupported(
          'the model has no chat template',
          {},
          'use a model that was trained to converse, or give it plain text',
        );
      }
      template ??= readTemplate(source.value);
      const conversation = templateConversation(callFormat, messages, options.tools ?? []);
      return encodeChat(vocabulary, encode, template, conversation, options, source.value);
    },
  };
}

function encodeChat(
  vocabulary: Vocabulary,
  encode: (text: string) => number[],
  template: ChatTemplate,
  conversation: ReturnType<typeof templateConversation>,
  { addGenerationPrompt = false, now = new Date() }: ChatOptions,
  source: string,
): number[] {
  const { control, tokens, begin, end } = vocabulary;
  // A name of one letter could not be guarded.
  const names = [...control.keys()].filter((name) => name.length > 1).sort((a, b) => b.length - a.length);
  // In JSON these letters stand as they are.
  const guard = guardFor(names, [source, JSON.stringify(conversation)]);
  if (!guard) {
    throw new ChorusError('E_AGENT_INPUT', 'the conversation has every letter that no text may have', {
      hint: 'remove the code points U+FDD0 to U+FDEF',
    });
  }
  const text = template.fill(
    {
      messages: conversation.messages.map((message) => ({
        ...(guard.protectAll(message) as object),
        role: message.role,
      })),
      tools: guard.protectAll(conversation.tools),
      add_generation_prompt: addGenerationPrompt,
      bos_token: begin ? tokens[begin.id]! : '',
      eos_token: end === null ? '' : tokens[end]!,
    },
    now,
  );
  const parts = names.length === 0 ? [text] : text.split(new RegExp(`(${names.map(literal).join('|')})`));
  // With one group, every second part is a match.
  const ids = parts.flatMap((part, i) => (i % 2 === 1 ? [control.get(part)!] : encode(guard.remove(part))));
  return withBegin(vocabulary, ids);
}

/** The same tokens, after the one that each text of the model begins with. */
function withBegin({ begin }: Vocabulary, ids: number[]): number[] {
  return begin?.always && ids[0] !== begin.id ? [begin.id, ...ids] : ids;
}

const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
