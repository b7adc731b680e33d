import type { ChainPort } from '@chorus/protocol';
import { ChorusError } from '@chorus/protocol';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { HostEvent } from '../events/events.ts';
import { chainInTime } from './open-chain.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const port = {} as ChainPort;
const began = (events: HostEvent[]) => events.filter(({ type }) => type === 'condition-began');

it('a node whose endpoint accepts requests and does not answer says within ten seconds that it waits, and once', async () => {
  const events: HostEvent[] = [];
  const first = Promise.withResolvers<ChainPort>();
  const second = Promise.withResolvers<ChainPort>();
  const attempts = [first, second];
  const chain = chainInTime(
    () => attempts.shift()!.promise,
    (event) => events.push(event),
    new AbortController().signal,
  );
  await vi.advanceTimersByTimeAsync(10_000);
  expect(began(events)).toEqual([
    expect.objectContaining({ code: 'E_CHAIN_UNREACHABLE', hint: expect.stringContaining('the node waits') }),
  ]);
  first.reject(new ChorusError('E_CHAIN_UNREACHABLE', 'no chain answers: no answer in time'));
  await vi.advanceTimersByTimeAsync(30_000);
  expect(began(events)).toHaveLength(1);
  second.resolve(port);
  expect(await chain).toBe(port);
  expect(events.at(-1)).toMatchObject({ type: 'condition-ended', code: 'E_CHAIN_UNREACHABLE', seconds: 40 });
});

it('a node whose chain answers in time says nothing of it', async () => {
  const events: HostEvent[] = [];
  await chainInTime(
    async () => port,
    (event) => events.push(event),
    new AbortController().signal,
  );
  await vi.advanceTimersByTimeAsync(60_000);
  expect(events).toEqual([]);
});
