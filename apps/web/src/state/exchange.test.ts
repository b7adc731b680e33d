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

it('an answer that breaks off keeps its text, and an unknown part changes nothing', () => {
  const problem = { type: 'problem', code: 'E_X', message: 'broke off', hint: null } as const;
  const unknown = { type: 'of.tomorrow' } as unknown as AskedEvent;
  expect(after({ type: 'text', text: 'half' }, unknown, problem)).toMatchObject({
    text: 'half',
    end: problem,
  });
});
