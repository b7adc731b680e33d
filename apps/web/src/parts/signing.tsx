import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Failure, toFailure } from '../api/failure.ts';
import { FailureNotice } from './notices.tsx';
import { Row } from './row.tsx';

/** A transaction that the node's wallet would send. */
export interface Transfer {
  title: string;
  /** Who gets what, by which contract, and why; each with its name. */
  rows: readonly (readonly [name: string, value: ComponentChildren])[];
  /** What the button says that sends it. */
  action: string;
  /** Sends it, and says what came of it. */
  send: () => Promise<string>;
}

type State =
  | { step: 'asked' }
  | { step: 'sending' }
  | { step: 'sent'; said: string }
  | { step: 'failed'; failure: Failure };

/** Asks for the user's word on a transaction, sends it once, and says what came of it. */
export function Signing({ of, onEnd }: { of: Transfer; onEnd: () => void }) {
  const [state, setState] = useState<State>({ step: 'asked' });
  const cancel = useRef<HTMLButtonElement>(null);
  // Not the one that sends: a key that was pressed for something else must not pay.
  useEffect(() => cancel.current?.focus(), []);
  const send = () => {
    setState({ step: 'sending' });
    of.send().then(
      (said) => setState({ step: 'sent', said }),
      (error: unknown) => setState({ step: 'failed', failure: toFailure(error) }),
    );
  };
  return (
    <div class="notice" role="alertdialog" aria-label={of.title}>
      <strong>{of.title}</strong>
      <dl>
        {of.rows.map(([name, value]) => (
          <Row key={name} name={name}>
            {value}
          </Row>
        ))}
      </dl>
      {state.step === 'sending' && <p role="status">Sent; waiting until it is mined.</p>}
      {state.step === 'sent' && <p role="status">{state.said}</p>}
      {state.step === 'failed' && <FailureNotice failure={state.failure} />}
      <div class="choice">
        {state.step === 'asked' && (
          <button type="button" onClick={send}>
            {of.action}
          </button>
        )}
        <button ref={cancel} type="button" class="plain" disabled={state.step === 'sending'} onClick={onEnd}>
          {state.step === 'asked' ? 'Do not' : 'Close'}
        </button>
      </div>
    </div>
  );
}
