import { controlBytes } from './spelling.ts';

/**
 * How a model writes that it wants tools to be called. An answer is text, or text and then calls:
 * `start before NAME middle ARGUMENTS after`, more calls with `separator` between them, and `finish`.
 */
export interface CallFormat {
  /**
   * `hermes`: JSON in the tags `tool_call` (Hermes, Qwen). `llama`: JSON as the whole answer (Llama 3). `mistral`: a list
   * of JSON after a control token; `mistral-names`: name and JSON after control tokens. `text`: as `hermes`, in
   * words before the conversation, because the model's template knows no tools.
   */
  readonly family: 'hermes' | 'llama' | 'mistral' | 'mistral-names' | 'text';
  readonly start: Uint8Array;
  readonly before: Uint8Array;
  readonly middle: Uint8Array;
  readonly after: Uint8Array;
  readonly separator: Uint8Array;
  readonly finish: Uint8Array;
  /** As many bytes of `start` and `before` mark that calls begin: the text before has them nowhere. */
  readonly trigger: number;
  /** Calls stand at the beginning of an answer or nowhere. */
  readonly isFirst: boolean;
  /** Most calls of one answer. */
  readonly most: number;
  /** Whether the template takes messages of the system. */
  readonly hasSystem: boolean;
}

/** As many calls of one answer as agents make. */
const MOST_CALLS = 8;

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const NONE = new Uint8Array();
const TAG = '<tool_call>';

const TAGGED = {
  start: NONE,
  before: utf8(`${TAG}\n{"name": "`),
  middle: utf8('", "arguments": '),
  after: utf8('}\n</tool_call>'),
  separator: utf8('\n'),
  finish: NONE,
  trigger: TAG.length,
  isFirst: false,
  most: MOST_CALLS,
  hasSystem: true,
} as const;

const LLAMA: CallFormat = {
  ...TAGGED,
  family: 'llama',
  before: utf8('{"name": "'),
  middle: utf8('", "parameters": '),
  after: utf8('}'),
  separator: NONE,
  trigger: '{"name": "'.length,
  isFirst: true,
  most: 1,
};

const NAMES = { calls: '[TOOL_CALLS]', args: '[ARGS]' } as const;

/**
 * The format of a model, by its chat template: by the marks that its author wrote there.
 *
 * @param template null if it has none
 * @param isControl whether a token of that name is a control token of the model
 */
export function callFormatOf(template: string | null, isControl: (name: string) => boolean): CallFormat {
  const has = (...marks: string[]): boolean => marks.every((mark) => template?.includes(mark));
  if (has('tools', 'tool_calls', TAG, '"arguments"') && !has('<function='))
    return { ...TAGGED, family: 'hermes' };
  if (has('tools', 'tool_calls', '"parameters"') && (has('<|python_tag|>') || has('ipython'))) return LLAMA;
  if (has('tools', 'tool_calls', NAMES.calls)) {
    const mark = (name: string): Uint8Array => (isControl(name) ? controlBytes(name) : utf8(name));
    const calls = mark(NAMES.calls);
    const common = { ...TAGGED, trigger: calls.length };
    if (has(NAMES.args)) {
      const middle = mark(NAMES.args);
      return { ...common, family: 'mistral-names', before: calls, middle, after: NONE, separator: NONE };
    }
    return {
      ...common,
      family: 'mistral',
      start: Uint8Array.from([...calls, ...utf8('[')]),
      before: utf8('{"name": "'),
      after: utf8('}'),
      separator: utf8(', '),
      finish: utf8(']'),
    };
  }
  return { ...TAGGED, family: 'text', hasSystem: has('system') };
}

/** What marks that calls begin, and what follows it up to the name of the first one. */
export function openingOf({ start, before, trigger }: CallFormat): { mark: Uint8Array; rest: Uint8Array } {
  const all = Uint8Array.from([...start, ...before]);
  return { mark: all.slice(0, trigger), rest: all.slice(trigger) };
}
