import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { eventStream } from './event-stream.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('an answer that takes long begins with comments, and its failure is an event', async () => {
  const { promise, reject } = Promise.withResolvers<object>();
  const values = (async function* () {
    yield await promise;
  })();
  let left = 0;
  const begun = eventStream(values, {
    isNamed: false,
    toError: () => ({ error: 'broken' }),
    onLeave: () => left++,
  });
  await vi.advanceTimersByTimeAsync(15_000);
  const response = await begun;
  await vi.advanceTimersByTimeAsync(30_000);
  reject(new Error('inside'));
  const comment = ': the agent is at work\n\n';
  expect(await response.text()).toBe(`${comment}${comment}event: error\ndata: {"error":"broken"}\n\n`);
  expect(left).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

it('a stream that its client left has no timers', async () => {
  const values = (async function* () {
    yield {};
    await new Promise(() => {});
  })();
  let left = 0;
  const response = await eventStream(values, { isNamed: false, toError: () => ({}), onLeave: () => left++ });
  await response.body!.cancel();
  expect(left).toBe(1);
  expect(vi.getTimerCount()).toBe(0);
});
