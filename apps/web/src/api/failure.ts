/** Why the node did not do what was asked. */
export class Failure extends Error {
  override readonly name = 'Failure';
  /** Stable code, `E_...`. */
  readonly code: string;
  /** What to do; null if the node does not say. */
  readonly hint: string | null;

  constructor(code: string, message: string, hint: string | null = null) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/** What was thrown, for the screen. */
export const toFailure = (thrown: unknown): Failure =>
  thrown instanceof Failure ? thrown : new Failure('E_PAGE', String(thrown));

/** The token is no longer good: it never will be again. */
export const isRefused = (failure: Failure | null): boolean => failure?.code === 'E_ADMIN_UNAUTHORIZED';

/** The problem document (RFC 9457) of an answer. */
export async function failureOf(response: Response): Promise<Failure> {
  const problem: unknown = await response.json().catch(() => null);
  const { code, title, detail, hint } = (problem ?? {}) as Record<string, unknown>;
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  return new Failure(
    text(code) ?? 'E_ADMIN_RESPONSE',
    text(detail) ?? text(title) ?? `the node answered with status ${response.status}`,
    text(hint),
  );
}
