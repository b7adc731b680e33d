import { useEffect, useRef, useState } from 'preact/hooks';
import type { Api } from '../api/api.ts';
import type { Chat } from '../state/chat.ts';
import type { Answer, Exchange } from '../state/exchange.ts';
import { Notice } from './notices.tsx';

/** Longest question, as the node takes it. */
const MOST_CHARACTERS = 12_000;

/** Questions and answers, and the next question. What it costs is agreed to before it is sent. */
export function Conversation({ api, chat, price }: { api: Api; chat: Chat; price: string | null }) {
  const [text, setText] = useState('');
  const [asking, setAsking] = useState<string | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const running = chat.running.value !== null;
  const send = (question: string, pay: string | null) => {
    setAsking(null);
    setText('');
    void chat.ask(api, question, pay);
    field.current?.focus();
  };
  const submit = () => {
    const question = text.trim();
    if (question === '' || running) return;
    if (price === null) send(question, null);
    else setAsking(question);
  };
  return (
    <>
      <ol class="talk" aria-live="polite">
        {chat.exchanges.value.map((exchange) => (
          <Turn
            key={exchange.request}
            of={exchange}
            again={running ? null : () => setText(exchange.question)}
          />
        ))}
      </ol>
      {asking !== null && price !== null && (
        <Approval price={price} onPay={() => send(asking, price)} onCancel={() => setAsking(null)} />
      )}
      <form
        class="ask"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <label>
          <span>Your question</span>
          <textarea
            ref={field}
            rows={3}
            maxLength={MOST_CHARACTERS}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
              event.preventDefault();
              submit();
            }}
          />
        </label>
        {running ? (
          <button type="button" onClick={() => chat.cancel()}>
            Cancel
          </button>
        ) : (
          <button type="submit" disabled={text.trim() === '' || asking !== null}>
            {price === null ? 'Ask' : `Ask for ${price}`}
          </button>
        )}
      </form>
    </>
  );
}

function Approval({ price, onPay, onCancel }: { price: string; onPay: () => void; onCancel: () => void }) {
  const pay = useRef<HTMLButtonElement>(null);
  useEffect(() => pay.current?.focus(), []);
  return (
    <div class="notice" role="alertdialog" aria-label="Payment">
      <strong>This question costs {price}.</strong>
      <p>The wallet of this node pays it, at most once, within the limits in agents.spend.</p>
      <div class="choice">
        <button ref={pay} type="button" onClick={onPay}>
          Pay {price} and ask
        </button>
        <button type="button" class="plain" onClick={onCancel}>
          Do not ask
        </button>
      </div>
    </div>
  );
}

function Turn({ of, again }: { of: Exchange; again: (() => void) | null }) {
  const { question, paid, answer } = of;
  return (
    <li>
      <p class="said you">
        <span class="quiet">You{paid !== null && `, for at most ${paid}`}</span>
        <span>{question}</span>
      </p>
      <div class="said">
        <span class="quiet">The agent</span>
        {answer.notes.map((note) => (
          <small key={note}>{note}</small>
        ))}
        {answer.text !== '' && <span>{answer.text}</span>}
        {answer.citations.map(({ number, source, place, quote }) => (
          <small key={number}>
            [{number}] {source}
            {place && `, ${place}`}: “{quote}”
          </small>
        ))}
        <Ending of={answer} again={again} />
      </div>
    </li>
  );
}

function Ending({ of: { end }, again }: { of: Answer; again: (() => void) | null }) {
  switch (end?.type) {
    case undefined:
      return <span class="quiet">...</span>;
    case 'completed':
      return null;
    case 'cancelled':
      return <small class="quiet">cancelled</small>;
    case 'input-required':
      return <span>{end.question}</span>;
    case 'problem':
      return (
        <Notice message={end.message} code={end.code} hint={end.hint}>
          {again && (
            <p>
              <button type="button" class="plain" onClick={again}>
                Ask again
              </button>{' '}
              <small class="quiet">What was paid for is not paid twice.</small>
            </p>
          )}
        </Notice>
      );
    default:
      return (
        <Notice
          message={end?.type === 'rejected' ? 'The agent refuses.' : 'The agent failed.'}
          hint={end?.reason ?? null}
        />
      );
  }
}
