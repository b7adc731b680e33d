import { createContext, Script } from 'node:vm';
import { ChorusError } from '@chorus/protocol';
import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja';
import { unsupported } from '../gguf/faults.ts';
import { formatDate } from './format-date.ts';

/** Bounds on running a template, which is a stranger's program. */
const LIMITS = {
  /** Longest template, in UTF-16 units; those of models with tools have up to 10,000. */
  template: 65_536,
  /** Milliseconds to read or fill it. */
  time: 1000,
  /** Longest result, in UTF-16 units: a context of a million tokens has about 4 million. */
  result: 2 ** 24,
  /** Most numbers of a range. */
  range: 10_000,
} as const;

/** A chat template that was read. */
export interface ChatTemplate {
  /**
   * Fills the template.
   *
   * @param now what it takes for the present time
   * @throws ChorusError `E_AGENT_INPUT` if the template refuses the conversation; `E_MODEL_UNSUPPORTED` if it cannot be
   * run; `E_MODEL_TIME` if it takes too long
   */
  fill(values: Readonly<Record<string, unknown>>, now: Date): string;
}

/**
 * Reads a chat template in Jinja's language, as Hugging Face's models have. Templates have no access to files or the
 * network, but loops: time and result are bounded.
 *
 * @throws ChorusError `E_MODEL_UNSUPPORTED` if it is not understood; `E_MODEL_TIME` if reading it takes too long
 */
export function readTemplate(template: string): ChatTemplate {
  if (template.length > LIMITS.template) {
    throw unsupported(
      'the chat template of the model is too long',
      { length: template.length, limit: LIMITS.template },
      'use a model with a shorter template',
    );
  }
  // The settings of Hugging Face's apply_chat_template.
  const program = guarded(() => parse(tokenize(template, { lstrip_blocks: true, trim_blocks: true })));
  return {
    fill(values, now) {
      const result = guarded(() => {
        const environment = new Environment();
        for (const [name, value] of Object.entries({ ...globals(now), ...values }))
          environment.set(name, value);
        return (new Interpreter(environment).run(program) as { value: string }).value;
      });
      if (result.length <= LIMITS.result) return result;
      throw unsupported(
        'the chat template makes a text that is too long',
        { length: result.length, limit: LIMITS.result },
        'send a shorter conversation, or use another model',
      );
    },
  };
}

/** Names that every template may use. */
const globals = (now: Date): Record<string, unknown> => ({
  true: true,
  false: false,
  none: null,
  True: true,
  False: false,
  None: null,
  raise_exception: (message: unknown) => {
    throw new TemplateRefusal(String(message).slice(0, 300));
  },
  strftime_now: (format: unknown) => formatDate(now, String(format)),
  range: (...args: number[]) => {
    const [from, to, step] = args.length === 1 ? [0, args[0]!, 1] : [args[0]!, args[1]!, args[2] ?? 1];
    const length = Math.max(0, Math.ceil((to - from) / step));
    if (!(length <= LIMITS.range)) throw new RangeError(`range() of ${length} numbers`);
    return Array.from({ length }, (_, i) => from + i * step);
  },
});

/** A conversation that the template's author does not want. */
class TemplateRefusal extends Error {}

const box = createContext({ run: undefined as (() => unknown) | undefined });
const script = new Script('run()');

/** Runs at most for the allowed time, and gives every failure a code. */
function guarded<T>(run: () => T): T {
  try {
    box.run = run;
    // The only way to end synchronous JavaScript: the engine stops whatever runs, also outside the context.
    return script.runInContext(box, { timeout: LIMITS.time }) as T;
  } catch (cause) {
    if (cause instanceof TemplateRefusal) {
      throw new ChorusError('E_AGENT_INPUT', `the model refuses the conversation: ${cause.message}`, {
        hint: 'change the order or the roles of the messages as its message says',
        cause,
      });
    }
    if ((cause as { code?: unknown }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
      throw new ChorusError('E_MODEL_TIME', 'the chat template of the model runs too long', {
        facts: { milliseconds: LIMITS.time },
        hint: 'use a model with another template',
        cause,
      });
    }
    throw unsupported(
      'the chat template of the model cannot be run',
      { reason: cause instanceof Error ? cause.message.slice(0, 300) : String(cause).slice(0, 300) },
      'use a model with another template',
      cause,
    );
  } finally {
    box.run = undefined;
  }
}
