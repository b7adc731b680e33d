import { useRef, useState } from 'preact/hooks';
import { type Attachment, attachmentOf, faultOfFiles } from '../state/attachment.ts';
import { Attachments } from './attachments.tsx';
import { DrawPad } from './draw-pad.tsx';

/** Longest question, as the node takes it. */
const MOST_CHARACTERS = 12_000;

/** What an agent takes besides text. */
export interface Takes {
  files: boolean;
  pictures: boolean;
}

/** What is asked next. */
export interface Question {
  text: string;
  files: readonly Attachment[];
}

interface QuestionOptions {
  next: Question;
  setNext: (next: Question) => void;
  takes: Takes;
  price: string | null;
  /** Ends the answer that is being read; null if none is. */
  onCancel: (() => void) | null;
  /** For the user's word on the price. */
  isWaiting: boolean;
  onAsk: (question: Question) => void;
}

/** The next question: text, files, and pictures drawn here. */
export function QuestionForm({ next, setNext, takes, price, onCancel, isWaiting, onAsk }: QuestionOptions) {
  const [isDrawing, setDrawing] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const text = next.text.trim();
  const canAsk = (text !== '' || next.files.length > 0) && onCancel === null && !isWaiting;
  const submit = () => {
    if (!canAsk) return;
    onAsk({ ...next, text });
    field.current?.focus();
  };
  const add = (files: readonly Attachment[]) => {
    const all = [...next.files, ...files];
    const wrong = faultOfFiles(all);
    setFault(wrong);
    if (wrong === null) setNext({ ...next, files: all });
  };
  const addFiles = async (given: FileList | null) => {
    if (given && given.length > 0) add(await Promise.all(Array.from(given, attachmentOf)));
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
      onPaste={(event) => {
        if (takes.files) void addFiles(event.clipboardData?.files ?? null);
      }}
    >
      <Attachments
        files={next.files}
        onRemove={(file) => setNext({ ...next, files: next.files.filter((each) => each !== file) })}
      />
      {fault !== null && <p role="alert">{fault}</p>}
      {isDrawing && (
        <DrawPad
          onDone={(drawn) => {
            setDrawing(false);
            add([drawn]);
          }}
          onCancel={() => setDrawing(false)}
        />
      )}
      <div class="ask">
        <label>
          <span>Your question</span>
          <textarea
            ref={field}
            rows={takes.pictures ? 2 : 3}
            maxLength={MOST_CHARACTERS}
            value={next.text}
            onInput={(event) => setNext({ ...next, text: event.currentTarget.value })}
            onKeyDown={(event) => {
              if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
              event.preventDefault();
              submit();
            }}
          />
        </label>
        {onCancel ? (
          <button type="button" onClick={onCancel}>
            Cancel
          </button>
        ) : (
          <button type="submit" disabled={!canAsk}>
            {price === null ? 'Ask' : `Ask for ${price}`}
          </button>
        )}
      </div>
      <div class="choice">
        {takes.pictures && !isDrawing && (
          <button type="button" class="plain" onClick={() => setDrawing(true)}>
            Draw
          </button>
        )}
        {takes.files && (
          <label class="attach">
            Attach a file
            <input
              type="file"
              multiple
              onChange={(event) => {
                const { currentTarget: input } = event;
                void addFiles(input.files).then(() => {
                  input.value = '';
                });
              }}
            />
          </label>
        )}
      </div>
    </form>
  );
}
