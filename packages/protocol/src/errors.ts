import { type ErrorClass, type ErrorCode, errorClass } from './error-codes.ts';
import { reasonOf } from './reason.ts';
import { withoutSecrets } from './redact.ts';

/** The facts that an error states: shown to users, logged, compared in tests. */
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
 * `code` is stable and meant for programs (`E_...`; see `error-codes.ts`), `message` for readers, `facts` for
 * both, and `hint` says what to do next. The cause chain is kept.
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

/** The HTTP status of the outermost cause that has one; 500 if none has. A busy agent is 429. */
export function httpStatusOf(error: unknown): number {
  for (const { code } of causes(error)) {
    if (code === 'E_AGENT_BUSY') return 429;
    const { status } = errorClass(code);
    if (status !== undefined) return status;
  }
  return 500;
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

/** Whether another attempt may succeed. */
export function isRetryable(error: unknown): boolean {
  return some(error, ({ retryable }) => retryable);
}

/** Whether another account was quicker, or the round moved to its next phase. */
export function isOvertaken(error: unknown): boolean {
  return some(error, ({ category }) => category === 'overtaken');
}

/** Whether the outcome of a transaction is unknown. */
export function isOutcomeUnknown(error: unknown): boolean {
  return some(error, ({ unsent }) => unsent === 'unknown');
}

/**
 * Whether a transaction failed for reasons that have nothing to do with its content: it can be sent again
 * unchanged.
 */
export function mayBeSentAgain(error: unknown): boolean {
  return some(error, ({ category, retryable, unsent }) => category === 'overtaken' || retryable || unsent);
}

/** Whether a call of an agent failed before anything was signed for it. */
export function isUnpaid(error: unknown): boolean {
  return some(error, ({ unpaid }) => unpaid);
}

/** Whether the author of the fetched data, or a model, is at fault. */
export function blames(error: unknown, whom: NonNullable<ErrorClass['blames']>): boolean {
  return some(error, (is) => is.blames === whom);
}

/**
 * Whether the author of the fetched data is at fault for good: the bytes follow from what it committed to.
 */
export function blamesAuthorForGood(error: unknown): boolean {
  return some(error, (is) => is.blames === 'author' && !is.retryable);
}

/** What went wrong and what to do next, as data for the caller to format. */
export interface Explanation {
  code: string;
  /** What is wrong, with the facts and the message of the root cause. */
  message: string;
  /** What to do next; null if there is no hint. */
  hint: string | null;
}

/**
 * Any error as data, without the secrets that this process knows, and without the dumps of libraries: see
 * {@link reasonOf}. An error that Chorus did not throw on purpose is `E_UNEXPECTED`.
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

/**
 * One line for a log or a terminal: code, message, facts, the message of the root cause, and the hint. See
 * {@link explain}.
 */
export function describeError(error: unknown): string {
  const { code, message, hint } = explain(error);
  return error instanceof ChorusError ? `${code}: ${message}${hint === null ? '' : ` - ${hint}`}` : message;
}
