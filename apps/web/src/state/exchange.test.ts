import type { AskedEvent } from '@chorus/admin-api';
import { expect, it } from 'vitest';
import { answerAfter, BEGUN } from './exchange.ts';

const after = (...events: AskedEvent[]) => events.reduce(answerAfter, BEGUN);

it('an answer is put together from its parts, and keeps where the conversation goes on', () => {
  const answer = after(
    { type: 'task', taskId: 't', contextId: 'c' },
    { type: 'tool', name: 'clock', state: 'called', detail: '' },
    { type: 'text', text: 'At ' },
    { type: 'text', text: 'nine [1].' },
    { type: 'citations', citations: [{ number: 1, source: 'a.md', place: null, quote: '9:00' }] },
    { type: 'file', name: null, mediaType: 'image/png', bytes: 3 },
    { type: 'completed', usage: { inputTokens: 1, outputTokens: 2 } },
  );
  expect(answer).toMatchObject({
    text: 'At nine [1].',
    notes: ['tool clock called', 'file (no name), image/png, 3 bytes'],
    taskId: 't',
    contextId: 'c',
    end: { type: 'completed' },
  });
  expect(answer.citations).toHaveLength(1);
});

it('an answer of ten megabytes is cut, and said to be, once', () => {
  const part: AskedEvent = { type: 'text', text: 'x'.repeat(1_000_000) };
  const answer = after(...Array(10).fill(part));
  expect(answer.text).toHaveLength(200_000);
  expect(answer.notes).toEqual([expect.stringContaining('longer')]);
});

it('what a classifier has found is shown as that, and other data as it is', () => {
  const value = { label: '7', confidence: 0.9, top: [] };
  const answer = after(
    { type: 'data', name: 'classification', value },
    { type: 'data', name: 'more', value: { a: 1 } },
  );
  expect(answer).toMatchObject({ classifications: [value], notes: ['more: {"a":1}'] });
});

it('an answer that breaks off keeps its text, and an unknown part changes nothing', () => {
  const problem = { type: 'problem', code: 'E_X', message: 'broke off', hint: null } as const;
  const unknown = { type: 'of.tomorrow' } as unknown as AskedEvent;
  expect(after({ type: 'text', text: 'half' }, unknown, problem)).toMatchObject({
    text: 'half',
    end: problem,
  });
});
