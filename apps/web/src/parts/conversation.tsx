import { useEffect, useRef, useState } from 'preact/hooks';
import type { Api } from '../api/api.ts';
import { Markdown } from '../markdown/markdown.tsx';
import type { Chat } from '../state/chat.ts';
import type { Answer, Exchange } from '../state/exchange.ts';
import { Attachments } from './attachments.tsx';
import { Classified } from './classified.tsx';
import { Notice } from './notices.tsx';
import { type Question, QuestionForm, type Takes } from './question-form.tsx';

/**
 * Questions and answers, and the next question. What it costs is agreed to before it is sent.
 * @param takes what the agent takes besides text, as far as it is known
 */
export function Conversation({ api, chat, price, takes }: ConversationOptions) {
  const [next, setNext] = useState<Question>({ text: '', files: [] });
  const [asking, setAsking] = useState<Question | null>(null);
  const running = chat.running.value !== null;
  const send = ({ text, files }: Question, pay: string | null) => {
    setAsking(null);
    setNext({ text: '', files: [] });
    void chat.ask(api, text, files, pay);
  };
  return (
    <>
      <ol class="talk" aria-live="polite">
        {chat.exchanges.value.map((exchange) => (
          <Turn
            key={exchange.request}
            of={exchange}
            again={running ? null : () => setNext({ text: exchange.question, files: exchange.files })}
          />
        ))}
      </ol>
      {asking !== null && price !== null && (
        <Approval price={price} onPay={() => send(asking, price)} onCancel={() => setAsking(null)} />
      )}
      <QuestionForm
        {...{ next, setNext, takes, price }}
        onCancel={running ? () => chat.cancel() : null}
        isWaiting={asking !== null}
        onAsk={(question) => (price === null ? send(question, null) : setAsking(question))}
      />
    </>
  );
}

interface ConversationOptions {
  api: Api;
  chat: Chat;
  price: string | null;
  takes: Takes;
}

function Approval({ price, onPay, onCancel }: { price: string; onPay: () => void; onCancel: () => void }) {
  const cancel = useRef<HTMLButtonElement>(null);
  // Not the one that pays: the key that has sent the question must not pay as well.
  useEffect(() => cancel.current?.focus(), []);
  return (
    <div class="notice" role="alertdialog" aria-label="Payment">
      <strong>This question costs {price}.</strong>
      <p>The wallet of this node pays it, at most once, within the limits in agents.spend.</p>
      <div class="choice">
        <button type="button" onClick={onPay}>
          Pay {price} and ask
        </button>
        <button ref={cancel} type="button" class="plain" onClick={onCancel}>
          Do not ask
        </button>
      </div>
    </div>
  );
}

function Turn({ of, again }: { of: Exchange; again: (() => void) | null }) {
  const { question, files, paid, answer } = of;
  return (
    <li>
      <p class="said you">
        <span class="quiet">You{paid !== null && `, for at most ${paid}`}</span>
        {question !== '' && <span>{question}</span>}
      </p>
      <Attachments files={files} />
      <div class="said">
        <span class="quiet">The agent</span>
        {answer.notes.map((note, i) => (
          // A tool may be called twice.
          <small key={`${i} ${note}`}>{note}</small>
        ))}
        {answer.text !== '' &&
          // The whole text is parsed at its end: each part that arrives would have it parsed again.
          (answer.end === null ? <span>{answer.text}</span> : <Markdown text={answer.text} />)}
        {answer.classifications.map((found, i) => (
          <Classified key={`${i} ${found.label}`} of={found} isSaid={answer.text !== ''} />
        ))}
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
