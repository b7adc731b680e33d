import type { EventRing, StoredEvent } from './event-ring.ts';

/** A comment this often keeps proxies and readers from taking a quiet stream for a dead one. */
const HEARTBEAT_MILLISECONDS = 15_000;

/** What may wait for a slow reader; beyond it the reader is dropped and may resume. */
const MAX_WAITING_BYTES = 2 * 1024 * 1024;

/** Streams open at a time. */
export const MAX_STREAMS = 32;

export interface StreamRequest {
  ring: EventRing;
  /** Only events of this task, and those of none. */
  task?: string | undefined;
  lastEventId?: string | undefined;
  /** The reader is too slow: end its connection, and with it what waits. */
  drop: () => void;
  onClose: () => void;
}

/**
 * Events as a stream of server-sent events (WHATWG HTML). The reader's pace is felt through the stream's queue:
 * a reader that lets more than a bound wait is cut off, so that it costs the node nothing more.
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
