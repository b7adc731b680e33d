import { createAdminClient, type StreamedEvent } from '@chorus/admin-api';
import { describe, expect, it, vi } from 'vitest';
import { EventRing } from '../events/event-ring.ts';
import { eventStream } from './event-stream.ts';

/** Events as a service may have them. */
type EventJson = { type: 'joined'; taskId: string } | { type: 'warning'; code: string };

const joined = (taskId: bigint) => ({ type: 'joined', taskId }) as const;

/** A client whose requests for events are answered by a stream. */
const clientOf = (open: (lastEventId: string | undefined) => ReadableStream<Uint8Array>) =>
  createAdminClient<EventJson>({
    url: 'http://127.0.0.1',
    token: 'x',
    fetch: async (_, init) =>
      new Response(open(new Headers(init?.headers).get('last-event-id') ?? undefined)),
  });

const taskOf = ({ event }: StreamedEvent<EventJson>) => ('taskId' in event ? event.taskId : event.type);

/** The events of a stream until `count` of them have come. */
async function take(ring: EventRing, count: number, request: { task?: string; lastEventId?: string } = {}) {
  const taken: StreamedEvent<EventJson>[] = [];
  const end = new AbortController();
  const client = clientOf((lastEventId) =>
    eventStream({ ring, task: request.task, lastEventId, drop: () => {}, onClose: () => {} }),
  );
  const { lastEventId } = request;
  const events = client.events({ signal: end.signal, ...(lastEventId === undefined ? {} : { lastEventId }) });
  for await (const event of events) {
    taken.push(event);
    if (taken.length >= count) break;
  }
  end.abort();
  return taken;
}

describe('the ring of events', () => {
  it('the event ring resumes after an event, without a gap and without repeating it', async () => {
    const ring = new EventRing();
    for (const id of [1n, 2n, 3n, 4n]) ring.add(joined(id));
    const { events, gap } = ring.after(ring.after('').events[1]!.id);
    expect(gap).toBeNull();
    expect(events.map(({ taskId }) => taskId)).toEqual(['3', '4']);
  });

  it('the event ring reports a gap after an id of another run, or an old id', () => {
    const ring = new EventRing();
    ring.add(joined(1n));
    const first = ring.after('').events[0]!.id;
    for (const id of ['', 'x', 'another-1', `${first.split('-')[0]}-999`, `${first.split('-')[0]}--1`]) {
      expect(ring.after(id).gap, id).not.toBeNull();
    }
    for (let i = 0; i < 2_001; i++) ring.add(joined(2n));
    const { events, gap } = ring.after(first);
    expect(events).toHaveLength(2_000);
    expect(gap).not.toBeNull();
    // A reader that resumes after the gap's own id has seen all that is left.
    expect(ring.after(gap!)).toMatchObject({ gap: null, events });
  });

  it('the event ring remembers a bounded number of bytes', () => {
    const ring = new EventRing();
    for (let i = 0; i < 100; i++)
      ring.add({ type: 'warning', code: 'E_X', message: 'x'.repeat(50_000), hint: null });
    expect(ring.after('').events.length).toBeLessThan(25);
  });
});

describe('a stream of events', () => {
  it('an event stream carries big numbers as text, with the time', async () => {
    const ring = new EventRing();
    ring.add(joined(2n ** 63n), 1234);
    const [gap, first] = await take(ring, 2, { lastEventId: 'x' });
    expect(gap!.event).toEqual({ type: 'gap' });
    expect(first).toMatchObject({ at: 1234, event: { type: 'joined', taskId: '9223372036854775808' } });
  });

  it('an event stream of one task carries its events and node-wide ones', async () => {
    const ring = new EventRing();
    const events = take(ring, 2, { task: '7' });
    await vi.waitFor(() => expect(ring.listeners).toBe(1));
    ring.add(joined(8n));
    ring.add(joined(7n));
    ring.add({ type: 'warning', code: 'E_X', message: 'x', hint: null });
    expect((await events).map(taskOf)).toEqual(['7', 'warning']);
  });

  it('an event stream stops when its reader disconnects', async () => {
    const ring = new EventRing();
    let closed = 0;
    const stream = eventStream({ ring, drop: () => {}, onClose: () => closed++ });
    expect(ring.listeners).toBe(1);
    await stream.cancel();
    expect([ring.listeners, closed]).toEqual([0, 1]);
  });

  it('an event stream is closed if its reader leaves megabytes unread', async () => {
    const ring = new EventRing();
    let closed = 0;
    let dropped = 0;
    const stream = eventStream({ ring, drop: () => dropped++, onClose: () => closed++ });
    for (let i = 0; i < 100; i++)
      ring.add({ type: 'warning', code: 'E_X', message: 'x'.repeat(50_000), hint: null });
    expect([ring.listeners, closed, dropped]).toEqual([0, 1, 1]);
    await stream.cancel();
    expect(closed).toBe(1);
  });
});

describe('a reader', () => {
  it('an event stream reconnects after a break, and misses nothing', async () => {
    const ring = new EventRing();
    const asked: (string | undefined)[] = [];
    const end = new AbortController();
    const client = clientOf((lastEventId) => {
      asked.push(lastEventId);
      const body = eventStream({ ring, lastEventId, drop: () => {}, onClose: () => {} });
      if (asked.length > 1) return body;
      // The first connection breaks after two events.
      let chunks = 0;
      const breaking = new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          controller.enqueue(chunk);
          if (++chunks === 3) controller.terminate();
        },
      });
      return body.pipeThrough(breaking);
    });
    const events = client.events({ signal: end.signal });
    const seen: unknown[] = [];
    setTimeout(() => {
      for (const id of [1n, 2n, 3n, 4n]) ring.add(joined(id));
    }, 20);
    for await (const event of events) {
      seen.push(taskOf(event));
      if (seen.length === 4) break;
    }
    end.abort();
    expect(seen).toEqual(['1', '2', '3', '4']);
    expect(asked).toHaveLength(2);
    expect(asked[1]).toMatch(/-2$/);
  });
});
