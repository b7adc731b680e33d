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
 * `code` is stable and meant for programs (`E_...`), `message` for people, `facts` for both, and `hint`
 * says what to do next. The cause chain is kept.
 *
 * @example
 * throw new ChorusError('E_DATA_UNREADABLE', 'cannot read the data folder', {
 *   facts: { path }, hint: 'check that the folder exists and is readable', cause,
 * });
 */
export class ChorusError extends Error {
  readonly code: string;
  readonly facts: Facts;
  readonly hint: string | undefined;

  constructor(code: string, message: string, init: ErrorInit = {}) {
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

/** True where `error` or one of its causes carries `code`. */
export function hasCode(error: unknown, code: string): boolean {
  for (let e: unknown = error, depth = 0; e instanceof Error && depth < 16; e = e.cause, depth++) {
    if (e instanceof ChorusError && e.code === code) return true;
  }
  return false;
}

/**
 * One line for a log or a terminal: code, message, facts, hint and why the root cause says so. Without the secrets
 * that this process knows of, and without the dumps of libraries: see {@link reasonOf}.
 */
export function describeError(error: unknown): string {
  if (!(error instanceof ChorusError)) return reasonOf(error);
  const facts = Object.entries(error.facts)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(' ');
  const root = error.chain().at(-1);
  const reason = root && root !== error ? reasonOf(root) : '';
  const said = `${error.message} ${facts}`;
  return withoutSecrets(
    [
      `${error.code}: ${error.message}`,
      facts && `(${facts})`,
      reason && !said.includes(reason) && `[${reason}]`,
      error.hint && `- ${error.hint}`,
    ]
      .filter(Boolean)
      .join(' '),
  );
}
