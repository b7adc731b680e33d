import { ChorusError } from '@chorus/protocol';
import { expect, it } from 'vitest';
import { readEvents } from './event-reader.ts';

it('an event reader without reconnection reports a broken connection as an error of the node', async () => {
  const events = readEvents({
    reconnect: false,
    open: async () =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.error(new Error('the stream went silent')),
        }),
      ),
  });
  await expect(events.next()).rejects.toMatchObject({
    code: 'E_ADMIN_UNREACHABLE',
    hint: expect.any(String),
  });
});

it('an event reader ends at once if the node refuses, also when it connects again', async () => {
  let connections = 0;
  const events = readEvents({
    open: async () => {
      if (++connections === 1) return new Response('id: 1\ndata: {"at":1,"event":{"type":"x"}}\n\n');
      throw new ChorusError('E_ADMIN_UNAUTHORIZED', 'no');
    },
  });
  expect((await events.next()).value).toEqual({ id: '1', at: 1, event: { type: 'x' } });
  await expect(events.next()).rejects.toMatchObject({ code: 'E_ADMIN_UNAUTHORIZED' });
  expect(connections).toBe(2);
});

it('an event reader skips what is no event, and keeps fields that it does not know', async () => {
  const lines = [
    ': alive',
    'data: {"at":1,"event":{"type":"no id"}}',
    'id: 2\ndata: {"at":',
    'id: 3\ndata: {"event":{"type":"no time"}}',
    'id: 4\ndata: {"at":4,"event":{"type":"new","of":["later"]}}',
  ];
  const events = readEvents({
    reconnect: false,
    open: async () => new Response(`${lines.join('\n\n')}\n\n`),
  });
  const read = [];
  for await (const event of events) read.push(event);
  expect(read).toEqual([{ id: '4', at: 4, event: { type: 'new', of: ['later'] } }]);
});
