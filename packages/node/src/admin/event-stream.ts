import type { EventRing, StoredEvent } from '../events/event-ring.ts';

/** Interval of comments, so that proxies and readers do not consider a quiet stream dead. */
const HEARTBEAT_MILLISECONDS = 15_000;

/** Most bytes queued for a slow reader; a slower reader is disconnected and may resume. */
const MAX_WAITING_BYTES = 2 * 1024 * 1024;

/** Most streams open at the same time. */
export const MAX_STREAMS = 32;

export interface StreamRequest {
  ring: EventRing;
  /** Only events of this task, and node-wide events. */
  task?: string | undefined;
  lastEventId?: string | undefined;
  /** The reader is too slow: end its connection and drop the queue. */
  drop: () => void;
  onClose: () => void;
}

/**
 * Events as a stream of server-sent events (WHATWG HTML). The stream's queue shows the reader's pace: a reader that
 * leaves more than a bound in the queue is disconnected, so that it costs the node nothing more.
 */
export function eventStream({
  ring,
  task,
  lastEventId,
  drop,
  onClose,
}: StreamRequest): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let end = () => {};
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let open = true;
        const send = (text: string) => {
          if (!open) return;
          if ((controller.desiredSize ?? 0) <= 0) {
            end();
            drop();
            return;
          }
          controller.enqueue(encoder.encode(text));
        };
        const sendEvent = (event: StoredEvent) => {
          if (task !== undefined && event.taskId !== null && event.taskId !== task) return;
          send(`id: ${event.id}\nevent: ${event.type}\ndata: ${event.data}\n\n`);
        };
        const unlisten = ring.listen(sendEvent);
        const heartbeat = setInterval(() => send(': alive\n\n'), HEARTBEAT_MILLISECONDS);
        heartbeat.unref();
        end = () => {
          if (!open) return;
          open = false;
          unlisten();
          clearInterval(heartbeat);
          onClose();
        };
        send('retry: 1000\n\n');
        if (lastEventId === undefined) return;
        const { events, gap } = ring.after(lastEventId);
        if (gap !== null) {
          const data = JSON.stringify({ at: Date.now(), event: { type: 'gap' } });
          send(`id: ${gap}\nevent: gap\ndata: ${data}\n\n`);
        }
        for (const event of events) sendEvent(event);
      },
      cancel() {
        end();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: MAX_WAITING_BYTES }),
  );
}
