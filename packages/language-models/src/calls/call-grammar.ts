import { ChorusError, type ToolChoice, type ToolDescription } from '@chorus/protocol';
import { refused } from '../constraint/faults.ts';
import {
  bytes,
  choice,
  literal,
  NOTHING,
  type Part,
  type Rule,
  sequence,
  upTo,
} from '../constraint/grammar.ts';
import { looseGrammar, type PartsLeft, schemaGrammar } from '../constraint/schema-grammar.ts';
import { type CallFormat, openingOf } from '../tokenizer/call-format.ts';
import { Finder } from './finder.ts';

/** Tools that a model may ask to call, and how. */
export interface CallRules {
  readonly tools: readonly ToolDescription[];
  readonly choice: ToolChoice;
  /** Whether one answer may ask for several calls, unless the choice names a tool. */
  readonly parallel: boolean;
}

/** What chat endpoints take as a name; none has a quote or a control token in it. */
const NAME = /^[A-Za-z0-9_-]{1,64}$/;
/** Bytes that a text has: all but the one that control tokens are spelled with. */
const LAST_BYTE = 0xfe;
/** Of all schemas together, beyond which arguments are any object: they are read before the first token, while others wait. */
const MOST_PARTS = 4_000;

/**
 * The grammar of answers of a model that may call tools: text without the mark of calls, or text and calls, whose arguments
 * are held to the schema of their tool: as it is for a tool that is `strict`, otherwise as far as a grammar can keep it.
 *
 * @param schema a JSON Schema, as JSON, that the text is held to; an answer is then one or the other; null: any text
 * @throws ChorusError `E_AGENT_INPUT` if a name or a schema is not possible, or the choice names no tool
 */
export function callGrammar(format: CallFormat, rules: CallRules, schema: string | null): Part {
  const offered = offeredOf(rules);
  const left = { parts: MOST_PARTS };
  const written = offered.map((tool) =>
    sequence(literal(tool.name), raw(format.middle), argumentsOf(tool, left)),
  );
  const call = (opening: Uint8Array): Part => sequence(raw(opening), choice(...written), raw(format.after));
  const more = call(Uint8Array.from([...format.separator, ...format.before]));
  // Who names a tool wants one call of it, as chat endpoints give it.
  const several = rules.parallel && typeof rules.choice === 'string' ? upTo(more, format.most - 1) : NOTHING;
  const { mark, rest } = openingOf(format);
  const calls = sequence(call(rest), several, raw(format.finish));
  if (rules.choice !== 'auto') return sequence(raw(mark), calls);
  if (schema === null) return textBefore(mark, format.isFirst, calls);
  if (!format.isFirst) return choice(sequence(raw(mark), calls), schemaGrammar(schema));
  throw new ChorusError('E_AGENT_INPUT', 'this model cannot choose between tools and a form of the answer', {
    hint: 'ask for tools, or for a schema, but not for both',
  });
}

function offeredOf({ tools, choice: chosen }: CallRules): readonly ToolDescription[] {
  const odd = tools.find(({ name }) => !NAME.test(name));
  if (odd) {
    throw new ChorusError('E_AGENT_INPUT', 'a tool has a name that a model cannot call', {
      facts: { name: odd.name.slice(0, 100) },
      hint: 'use letters, digits, _ and -, at most 64',
    });
  }
  const offered = typeof chosen === 'string' ? tools : tools.filter(({ name }) => name === chosen.name);
  if (offered.length > 0) return offered;
  throw new ChorusError('E_AGENT_INPUT', 'the tool that is to be called is not among the tools', {
    hint: 'send it with the others',
  });
}

function argumentsOf({ name, inputSchema, strict = false }: ToolDescription, left: PartsLeft): Part {
  if (!strict) return looseGrammar(inputSchema, left);
  try {
    // Without that they could be a number, which no call has.
    if (inputSchema.type !== 'object') throw refused('the schema is not of the type "object"', '#/type');
    return schemaGrammar(JSON.stringify(inputSchema), left);
  } catch (cause) {
    if (!(cause instanceof ChorusError)) throw cause;
    const { message, hint } = cause;
    throw new ChorusError(cause.code, `of the tool "${name}" ${message}`, {
      ...(hint ? { hint } : {}),
      cause,
    });
  }
}

/** Any text that does not have the mark, and may end anywhere; after the mark `calls` follow. */
function textBefore(mark: Uint8Array, isFirst: boolean, calls: Part): Part {
  const finder = new Finder(mark, isFirst);
  const after = new Map<number | null, Rule>();
  const rule = (found: number | null): Part => {
    if (found === mark.length) return calls;
    const known = after.get(found);
    if (known) return known;
    const made: Rule = { kind: 'rule', part: null };
    after.set(found, made);
    // A control token comes as a whole.
    if (found && mark[0]! > LAST_BYTE) {
      made.part = sequence(raw(mark.slice(found, found + 1)), rule(found + 1));
      return made;
    }
    const ways = new Map<number | null, [number, number][]>();
    for (let byte = 0; byte <= Math.max(LAST_BYTE, mark[0]!); byte++) {
      const next = finder.next(found, byte);
      ways.set(next, [...(ways.get(next) ?? []), [byte, byte]]);
    }
    made.part = choice(...[...ways].map(([next, of]) => sequence(bytes(...of), rule(next))), NOTHING);
    return made;
  };
  return rule(0);
}

/** Bytes as they are. */
const raw = (text: Uint8Array): Part => sequence(...Array.from(text, (byte) => bytes([byte, byte])));
