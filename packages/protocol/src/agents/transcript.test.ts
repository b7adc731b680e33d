import { describe, expect, it } from 'vitest';
import { hasCode } from '../errors.ts';
import { decodeTranscript, encodeTranscript, type Transcript, transcriptDigest } from './transcript.ts';

const listed = { ids: [1, 2, 3, 4, 5, 6, 7, 8], below: [0, 10, 20, 30, 40, 50, 60, 70] };
const transcript: Transcript = {
  format: 'chorus-transcript/1',
  salt: '00112233445566778899aabbccddeeff',
  model: { base: `sha256:${'a'.repeat(64)}`, adapter: null, weights: 'int8' },
  prompt: [5, 6],
  answer: [1, 9],
  sampling: {
    temperature: 0.7,
    topK: 0,
    topP: 0.95,
    minP: 0,
    repetitionPenalty: 1,
    presencePenalty: 0,
    frequencyPenalty: 0,
    logitBias: [[3, -1.5]],
    seed: 2 ** 50,
  },
  schema: null,
  stop: ['END'],
  most: 2,
  context: 100,
  reason: 'length',
  likeliest: [listed, listed],
};

describe('a transcript', () => {
  it('is read as it was written, and has one digest however it is spaced', () => {
    const bytes = encodeTranscript(transcript);
    expect(decodeTranscript(bytes)).toEqual(transcript);
    const spaced = new TextEncoder().encode(JSON.stringify(transcript, null, 2));
    expect(encodeTranscript(decodeTranscript(spaced))).toEqual(bytes);
    expect(transcriptDigest(bytes)).toMatch(/^sha256:[0-9a-f]{64}$/);
    const other = encodeTranscript({ ...transcript, salt: '0'.repeat(32) });
    expect(transcriptDigest(other)).not.toBe(transcriptDigest(bytes));
  });

  it.each<[string, unknown]>([
    ['no JSON', '{'],
    ['no object', 7],
    ['another format', { ...transcript, format: 'chorus-transcript/2' }],
    ['a field that is not known', { ...transcript, more: 1 }],
    ['no prompt', { ...transcript, prompt: [] }],
    ['no answer', { ...transcript, answer: [], likeliest: [] }],
    ['a token that is not one', { ...transcript, answer: [1, -9] }],
    ['more tokens than a model takes', { ...transcript, prompt: Array(200_000).fill(1) }],
    ['a place without its likeliest tokens', { ...transcript, likeliest: [listed] }],
    ['a place with too few of them', { ...transcript, likeliest: [listed, { ids: [1], below: [0] }] }],
    [
      'a distance without end',
      { ...transcript, likeliest: [listed, { ...listed, below: [0, 1, 2, 3, 4, 5, 6, 1e300] }] },
    ],
    [
      'a temperature beyond bounds',
      { ...transcript, sampling: { ...transcript.sampling, temperature: 1e9 } },
    ],
    ['a digest that is not one', { ...transcript, model: { ...transcript.model, base: 'sha256:abc' } }],
  ])('with %s is refused', (_, json) => {
    const bytes = new TextEncoder().encode(typeof json === 'string' ? json : JSON.stringify(json));
    expect(() => decodeTranscript(bytes)).toThrow(
      expect.toSatisfy((error: unknown) => hasCode(error, 'E_AGENT_TRANSCRIPT')),
    );
  });

  it('that is too long is refused before it is read', () => {
    expect(() => decodeTranscript(new Uint8Array(21 * 1024 * 1024))).toThrow('not the transcript');
  });
});
