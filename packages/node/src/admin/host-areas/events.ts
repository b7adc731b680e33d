import { eventRoutes } from '@chorus/admin-api/routes';
import { ChorusError } from '@chorus/protocol';
import { OpenAPIHono } from '@hono/zod-openapi';
import type { EventRing } from '../../events/event-ring.ts';
import type { AdminEnv } from '../env.ts';
import { eventStream, MAX_STREAMS } from '../event-stream.ts';

/** What the node reports, as server-sent events. */
export function eventsApp(ring: EventRing): OpenAPIHono<AdminEnv> {
  let streams = 0;
  return new OpenAPIHono<AdminEnv>().openapi(eventRoutes.events, (c) => {
    // The body of an answer to HEAD is dropped unread: a stream would never learn that it has no reader.
    if (c.req.method === 'HEAD') return c.body(null, 200, { 'content-type': 'text/event-stream' });
    if (streams >= MAX_STREAMS) {
      throw new ChorusError('E_ADMIN_BUSY', 'too many event streams are open', {
        facts: { limit: MAX_STREAMS },
      });
    }
    streams++;
    const stream = eventStream({
      ring,
      task: c.req.valid('query').task,
      lastEventId: c.req.header('last-event-id'),
      drop: () => c.env.outgoing?.destroy(),
      onClose: () => {
        streams--;
      },
    });
    return c.body(stream, 200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
  });
}
