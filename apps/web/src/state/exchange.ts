import type { AskedEvent } from '@chorus/admin-api';
import type { Attachment } from './attachment.ts';
import { type Classification, classificationOf } from './classification.ts';

type End = Extract<
  AskedEvent,
  { type: 'completed' | 'input-required' | 'rejected' | 'failed' | 'cancelled' | 'problem' }
>;

/** What an agent has answered so far. */
export interface Answer {
  text: string;
  /** Tools that it called, and files and data that it sent, in a few words each. */
  notes: readonly string[];
  classifications: readonly Classification[];
  citations: readonly { number: number; source: string; place: string | null; quote: string }[];
  taskId: string | null;
  contextId: string | null;
  /** Null while it goes on. */
  end: End | null;
}

/** A question and its answer. */
export interface Exchange {
  question: string;
  files: readonly Attachment[];
  request: string;
  /** What the user agreed to pay; null: nothing. */
  paid: string | null;
  answer: Answer;
}

export const BEGUN: Answer = {
  text: '',
  notes: [],
  classifications: [],
  citations: [],
  taskId: null,
  contextId: null,
  end: null,
};

/** Characters of an answer that the page shows: a browser lays out no novel at once. */
const MOST_CHARACTERS = 200_000;
const CUT = 'The answer is longer than this page shows.';

function withText(answer: Answer, more: string): Answer {
  const room = MOST_CHARACTERS - answer.text.length;
  if (more.length <= room) return { ...answer, text: answer.text + more };
  const notes = answer.notes.includes(CUT) ? answer.notes : [...answer.notes, CUT];
  return { ...answer, text: answer.text + more.slice(0, room), notes };
}

/** The answer with one more part. Types that this version does not know are left out. */
export function answerAfter(answer: Answer, event: AskedEvent): Answer {
  const noted = (note: string) => ({ ...answer, notes: [...answer.notes, note] });
  switch (event.type) {
    case 'task':
      return { ...answer, taskId: event.taskId, contextId: event.contextId };
    case 'text':
      return withText(answer, event.text);
    case 'citations':
      return { ...answer, citations: [...answer.citations, ...event.citations] };
    case 'tool':
      return noted(`tool ${event.name} ${event.state}${event.detail ? `: ${event.detail}` : ''}`);
    case 'file':
      return noted(`file ${event.name ?? '(no name)'}, ${event.mediaType}, ${event.bytes} bytes`);
    case 'data': {
      const found = classificationOf(event.value);
      if (!found) return noted(`${event.name}: ${JSON.stringify(event.value)}`);
      return { ...answer, classifications: [...answer.classifications, found] };
    }
    case 'completed':
    case 'input-required':
    case 'rejected':
    case 'failed':
    case 'cancelled':
    case 'problem':
      return { ...answer, end: event };
    default:
      return answer;
  }
}
