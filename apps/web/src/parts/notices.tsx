import type { ComponentChildren } from 'preact';
import type { Failure } from '../api/failure.ts';

/** What is wrong, and what to do about it. */
export function Notice({
  message,
  code,
  hint,
  children,
}: {
  message: string;
  code?: string;
  hint?: string | null;
  children?: ComponentChildren;
}) {
  return (
    <div class="notice">
      <strong>{message}</strong> {code && <code>{code}</code>}
      {hint && <p>{hint}</p>}
      {children}
    </div>
  );
}

/** Why something could not be read. */
export function FailureNotice({ failure }: { failure: Failure | null }) {
  if (!failure) return null;
  return (
    <div role="alert">
      <Notice message={failure.message} code={failure.code} hint={failure.hint} />
    </div>
  );
}

/** A command to run in a terminal. */
export function Command({ line }: { line: string }) {
  return (
    <pre class="command">
      <code>{line}</code>
    </pre>
  );
}
