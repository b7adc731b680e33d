import { afterEach, describe, expect, it, vi } from 'vitest';
import { eventStream, patientJson } from './event-stream.ts';

afterEach(() => vi.useRealTimers());

/** Values up to a count, and how many were taken. */
function values(count: number) {
  const state = { taken: 0, returned: false };
  async function* generate() {
    try {
      while (state.taken < count) yield ++state.taken;
    } finally {
      state.returned = true;
    }
  }
  return { state, generator: generate() };
}
const options = (more = {}) => ({
  toText: (n: number) => 'x'.repeat(n > 0 ? 100 : 0),
  toError: () => ({ failed: true }),
  maxBehindBytes: 1_000_000,
  drain: false,
  onEnd: vi.fn(),
  closing: new AbortController().signal,
  ...more,
});

describe('an event stream', () => {
  it('ends with its values, and gives back its place once', async () => {
    const how = options();
    const response = await eventStream(values(3).generator, how);
    expect((await response.text()).match(/^data: /gm)).toHaveLength(3);
    expect(how.onEnd).toHaveBeenCalledTimes(1);
  });

  it('that fails at once is an error, and later one says so in its last event', async () => {
    async function* failing(after: number) {
      for (let i = 0; i < after; i++) yield i;
      throw new Error('broken');
    }
    const how = options();
    await expect(eventStream(failing(0), how)).rejects.toThrow('broken');
    expect(how.onEnd).toHaveBeenCalledTimes(1);
    const text = await (await eventStream(failing(1), options())).text();
    expect(text).toContain('event: error\ndata: {"failed":true}');
  });

  it('a reader that is too far behind is cut off, while what it would have read goes on', async () => {
    const { state, generator } = values(10_000);
    const how = options({ maxBehindBytes: 10_000, drain: true });
    const response = await eventStream(generator, how);
    await vi.waitFor(() => expect(state.returned).toBe(true), 60_000);
    expect(how.onEnd).toHaveBeenCalledTimes(1);
    expect(state.taken).toBe(10_000);
    expect((await response.text()).length).toBeLessThan(11_000);
  });

  it('whose reader leaves ends its generator, unless others need it', async () => {
    for (const drain of [false, true]) {
      const { state, generator } = values(2_000);
      const response = await eventStream(generator, options({ drain }));
      await response.body!.cancel();
      await vi.waitFor(() => expect(state.returned).toBe(true), 60_000);
      expect(state.taken === 2_000).toBe(drain);
    }
  });

  it('sends a comment while nothing else is said', async () => {
    vi.useFakeTimers();
    async function* silent() {
      yield 1;
      await new Promise(() => undefined);
    }
    const response = await eventStream(silent(), options());
    const reader = response.body!.getReader();
    await reader.read();
    const next = reader.read();
    await vi.advanceTimersByTimeAsync(15_000);
    expect(new TextDecoder().decode((await next).value)).toMatch(/^: /);
  });
});

describe('JSON that takes long', () => {
  it('an answer in time is itself, and a late one is begun with spaces', async () => {
    const headers = { 'content-type': 'application/json' };
    const problem = Response.json({ a: 1 }, { status: 418 });
    expect((await patientJson(Promise.resolve(problem), headers)).status).toBe(418);
    vi.useFakeTimers();
    let answer = (_: Response) => {};
    const response = patientJson(new Promise<Response>((resolve) => (answer = resolve)), headers);
    await vi.advanceTimersByTimeAsync(45_000);
    answer(Response.json({ a: 1 }));
    const text = await (await response).text();
    expect(text).toMatch(/^ {2}\{/);
    expect(JSON.parse(text)).toEqual({ a: 1 });
  });
});
