import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Stream } from '@libp2p/interface';
import { expect, test } from 'vitest';
import { abortStream } from './abort-stream.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

class FakeStream extends EventTarget {
  readonly id = 'a';
  /** Reading it through anything but the stream itself throws. */
  #status = 'open';

  get status(): string {
    return this.#status;
  }

  end(event: string): void {
    this.#status = 'closed';
    this.dispatchEvent(new Event(event));
  }
}

/** Memory of streams that only the wrappers of `abortStream` hold. */
async function collected(streams: WeakRef<FakeStream>[]): Promise<number> {
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  return streams.filter((stream) => stream.deref() === undefined).length;
}

function make(count: number, end: string | null) {
  const held: Stream[] = [];
  const streams: WeakRef<FakeStream>[] = [];
  for (let i = 0; i < count; i++) {
    const stream = new FakeStream();
    held.push(abortStream(stream as unknown as Stream));
    streams.push(new WeakRef(stream));
    if (end) stream.end(end);
  }
  return { held, streams };
}

test('a wrapper does not hold a closed stream, but holds an open or half-closed one', async () => {
  const closed = make(20, 'close');
  const half = make(20, 'remoteCloseWrite');
  const open = make(20, null);
  expect(await collected(closed.streams)).toBe(20);
  expect(await collected(half.streams)).toBe(0);
  expect(await collected(open.streams)).toBe(0);
  expect(closed.held.every((stream) => stream.status === 'closed')).toBe(true);
  expect(open.held.every((stream) => stream.status === 'open' && stream.id === 'a')).toBe(true);
});

test('a wrapper delivers all events, including the last; afterwards aborting and closing do nothing', async () => {
  const real = new FakeStream();
  const stream = abortStream(real as unknown as Stream);
  const heard: string[] = [];
  for (const type of ['message', 'close'] as const) stream.addEventListener(type, () => heard.push(type));
  real.dispatchEvent(new Event('message'));
  real.end('close');
  expect(heard).toEqual(['message', 'close']);
  await new Promise((resolve) => setImmediate(resolve));
  stream.abort(new Error('late'));
  await stream.close();
  expect(stream.status).toBe('closed');
});
