import { expect, it } from 'vitest';
import { belowBase, receiptUrl } from './binding.ts';

it.each([
  ['https://h/agents/guide/a2a', 'https://h/agents/guide'],
  ['https://h/agents/guide/rest', 'https://h/agents/guide'],
  ['https://h/agents/guide/rest/', 'https://h/agents/guide'],
  ['https://h/agents/guide/rest/message:send', 'https://h/agents/guide'],
  ['https://h/agents/guide/', 'https://h/agents/guide'],
  ['https://h/agents/rest/a2a', 'https://h/agents/rest'],
  ['https://h/agents/rest/rest/message:send', 'https://h/agents/rest'],
  ['https://h/agents/restaurant/a2a', 'https://h/agents/restaurant'],
  ['libp2p://k51/agents/restaurant/rest/tasks/1', 'libp2p://k51/agents/restaurant'],
])('receipts and transcripts of %s are below %s', (url, base) => {
  expect(receiptUrl('0x1', url)).toBe(`${base}/receipts/0x1`);
  expect(belowBase('transcripts/1', url)).toBe(`${base}/transcripts/1`);
});
