import { describe, expect, it } from 'vitest';
import { captured } from '../../testing/captured.ts';
import type { Answer } from './answer.ts';
import { answerDocument, failureOf, showRest, showSigner } from './view.ts';

const streams = captured();

const answer = (change: Partial<Answer> = {}): Answer => ({
  taskId: 'task-1',
  contextId: 'context-1',
  state: 'completed',
  text: 'Hello.',
  data: [],
  files: [],
  citations: [],
  reason: null,
  usage: null,
  receipt: null,
  ...change,
});

const connected = (name: string, did: string | null) =>
  ({ agent: { card: { name }, signer: did === null ? null : { did } }, url: 'https://a.example/' }) as never;

describe('the answer of an agent', () => {
  it('for a program names the agent, and the key that signed its card if one did', () => {
    expect(answerDocument(answer(), connected('guide', 'did:key:z6'))).toMatchObject({
      text: 'Hello.',
      card: { name: 'guide', did: 'did:key:z6', url: 'https://a.example/' },
    });
    expect(answerDocument(answer(), connected('guide', null)).card.did).toBeNull();
  });

  it('is preceded by who gives it, on standard error, without control characters of its name', () => {
    showSigner(connected('gui\u009bde', 'did:key:z6'));
    showSigner(connected('guide', null));
    expect(streams.err).toContain('agent: gui\ufffdde, signed by did:key:z6');
    expect(streams.err).toContain('agent: guide, which is not signed by anyone');
    expect(streams.out).toBe('');
  });

  it('has its data on standard output only if there was no text', () => {
    const data = [{ name: 'labels', value: { cat: 0.9 } }];
    showRest(answer({ data }));
    expect(streams.out).toBe('');
    showRest(answer({ data, text: '' }));
    expect(streams.out).toBe('{"cat":0.9}\n');
  });

  it('says how to go on: with the context when it is complete, with the task when the agent asks', () => {
    showRest(answer());
    expect(streams.err).toBe('go on with --context context-1\n');
    streams.err = '';
    showRest(answer({ state: 'input-required', reason: 'Which harbour?', taskId: "a'b" }));
    expect(streams.out).toContain('Which harbour?');
    expect(streams.err).toBe("go on with --context context-1 --task 'a'\\''b'\n");
  });

  it('says nothing of going on after a refusal, or without a context', () => {
    showRest(answer({ state: 'rejected' }));
    showRest(answer({ contextId: null }));
    expect(streams.err).toBe('');
  });

  it('counts files that are not saved', () => {
    const files = [{ name: null, mediaType: 'image/png', bytes: 12_345 }];
    showRest(answer({ files, contextId: null }));
    expect(streams.err).toContain('file, not saved: without a name (image/png, 12,345 bytes)');
  });
});

describe('a refusal or failure', () => {
  it.each([
    ['rejected', 'E_A2A_REFUSED'],
    ['failed', 'E_A2A_TASK_FAILED'],
    ['cancelled', 'E_A2A_TASK_FAILED'],
  ] as const)('is the failure of a task that was %s', (state, code) => {
    const failure = failureOf(answer({ state, reason: `no\u001b[2J${'x'.repeat(600)}` }));
    expect(failure).toMatchObject({ code, facts: { task: 'task-1' } });
    const { says } = failure!.facts as { says: string };
    expect(says).toHaveLength(500);
    expect(says).not.toContain('\u001b');
  });

  it('is no failure if the agent asks or has done it', () => {
    expect(failureOf(answer())).toBeNull();
    expect(failureOf(answer({ state: 'input-required' }))).toBeNull();
  });
});
