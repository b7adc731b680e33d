import { expect, it } from 'vitest';
import { intentOf } from './intent.ts';

const AGENT = 'https://a.example/agents/digits/';
const message = (bytes: number[], text = 'read this') => ({
  text,
  data: [],
  files: [{ name: 'seven.png', mediaType: 'image/png', bytes: Uint8Array.from(bytes) }],
});

it('the same request of the same agent is one intent, and any other another', () => {
  const intent = intentOf(AGENT, message([1, 2]), ['context', null]);
  expect(intent).toMatch(/^[0-9a-f]{64}$/);
  expect(intentOf(AGENT, message([1, 2]), ['context', null])).toBe(intent);
  const others = [
    intentOf('https://b.example/', message([1, 2]), ['context', null]),
    intentOf(AGENT, message([1, 3]), ['context', null]),
    intentOf(AGENT, message([1, 2], 'read that'), ['context', null]),
    intentOf(AGENT, message([1, 2]), [null, 'context']),
    intentOf(AGENT, message([1, 2]), []),
  ];
  expect(new Set([intent, ...others]).size).toBe(6);
});
