import { type ErrorClass, type ErrorCode, errorClass } from './error-codes.ts';
import { reasonOf } from './reason.ts';
import { withoutSecrets } from './scrub.ts';

/** Anything an error wants to state: shown to people, written to logs, compared in tests. */
export type Facts = Record<string, string | number | bigint | boolean | null | undefined>;

export interface ErrorInit {
  /** What the user can do next; one sentence. */
  hint?: string;
  facts?: Facts;
  cause?: unknown;
}

/**
 * The base of every error Chorus throws on purpose.
 *
 * `code` is stable and meant for programs (`E_...`; see `error-codes.ts`), `message` for people, `facts` for both, and `hint`
 * says what to do next. The cause chain is kept.
 *
 * @example
 * throw new ChorusError('E_DATA_UNREADABLE', 'cannot read the data folder', {
 *   facts: { path }, hint: 'check that the folder exists and is readable', cause,
 * });
 */
export class ChorusError extends Error {
  readonly code: ErrorCode;
  readonly facts: Facts;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, init: ErrorInit = {}) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = new.target.name;
    this.code = code;
    this.facts = init.facts ?? {};
    this.hint = init.hint;
  }

  /** The error and its causes, outermost first. */
  chain(): Error[] {
    const errors: Error[] = [];
    for (let e: unknown = this; e instanceof Error && errors.length < 16; e = e.cause) errors.push(e);
    return errors;
  }
}

/** An error and its causes, outermost first, as far as Chorus threw them. */
function* causes(error: unknown): Generator<ChorusError> {
  for (let e: unknown = error, depth = 0; e instanceof Error && depth < 16; e = e.cause, depth++) {
    if (e instanceof ChorusError) yield e;
  }
}

const some = (error: unknown, holds: (is: ErrorClass) => unknown): boolean =>
  [...causes(error)].some(({ code }) => holds(errorClass(code)));

/** True if `error` or one of its causes carries `code`. */
export function hasCode(error: unknown, code: ErrorCode): boolean {
  return [...causes(error)].some((e) => e.code === code);
}

/** Whether what failed may go well when it is attempted again. */
export function isRetryable(error: unknown): boolean {
  return some(error, ({ retryable }) => retryable);
}

/** Whether somebody else was quicker, or the phase of the round moved on. */
export function isOvertaken(error: unknown): boolean {
  return some(error, ({ category }) => category === 'overtaken');
}

/** Whether it is not known if a transaction took place. */
export function isOutcomeUnknown(error: unknown): boolean {
  return some(error, ({ unsent }) => unsent === 'unknown');
}

/** Whether a transaction failed for reasons that say nothing of what it carries: it can be sent again as it is. */
export function mayBeSentAgain(error: unknown): boolean {
  return some(error, ({ category, retryable, unsent }) => category === 'overtaken' || retryable || unsent);
}

/** Whether the author of what was fetched, or a model, is at fault. */
export function blames(error: unknown, whom: NonNullable<ErrorClass['blames']>): boolean {
  return some(error, (is) => is.blames === whom);
}

/** Whether the author of what was fetched is at fault, and stays so: the bytes follow from what it committed to. */
export function blamesAuthorForGood(error: unknown): boolean {
  return some(error, (is) => is.blames === 'author' && !is.retryable);
}

/** What went wrong and what to do next, as data: what shows it puts it together. */
export interface Explanation {
  code: string;
  /** What is wrong, with the facts and what the root cause says. */
  message: string;
  /** What to do next; null if there is nothing to say. */
  hint: string | null;
}

/**
 * Any error as data, without the secrets that this process knows of, and without the dumps of libraries: see
 * {@link reasonOf}. What Chorus did not throw on purpose is `E_UNEXPECTED`.
 */
export function explain(error: unknown): Explanation {
  if (!(error instanceof ChorusError)) return { code: 'E_UNEXPECTED', message: reasonOf(error), hint: null };
  const facts = Object.entries(error.facts)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(' ');
  const root = error.chain().at(-1);
  const reason = root && root !== error ? reasonOf(root) : '';
  const said = `${error.message} ${facts}`;
  const message = [error.message, facts && `(${facts})`, reason && !said.includes(reason) && `[${reason}]`];
  return {
    code: error.code,
    message: withoutSecrets(message.filter(Boolean).join(' ')),
    hint: error.hint ? withoutSecrets(error.hint) : null,
  };
}

/** One line for a log or a terminal: code, message, facts, what the root cause says, and the hint. See {@link explain}. */
export function describeError(error: unknown): string {
  const { code, message, hint } = explain(error);
  return error instanceof ChorusError ? `${code}: ${message}${hint === null ? '' : ` - ${hint}`}` : message;
}
