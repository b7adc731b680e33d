/**
 * Messages between two processes over Node's IPC channel. Large arrays are sent in parts before the message that
 * names them: nothing is serialised as a whole, so the channel never holds more than a few parts.
 */

const ARRAYS = { Uint8Array, Int32Array, Float32Array, Float64Array, BigInt64Array } as const;
type ArrayName = keyof typeof ARRAYS;
type AnyArray = InstanceType<(typeof ARRAYS)[ArrayName]>;

/** Arrays up to this size travel inside their message. */
const PART_BYTES = 2 ** 22;

/** Most bytes that one array may announce: a data set's bound, or parameters of a model trained by itself. */
const MAX_ARRAY_BYTES = 2 ** 32;

/** Stands for the array that was sent in parts. */
interface Placeholder {
  $array: number;
}

type Packet =
  | { kind: 'array'; type: ArrayName; length: number }
  | { kind: 'part'; bytes: Uint8Array }
  | { kind: 'message'; message: unknown };

/** One end of a channel: a child process, or `process` in the child. */
export interface Channel {
  connected: boolean;
  send?(
    message: unknown,
    handle: undefined,
    options: undefined,
    callback: (error: Error | null) => void,
  ): boolean;
  on(event: 'message', listener: (packet: unknown) => void): unknown;
}

/**
 * A function that sends messages in order. Their arrays must not change until it resolves. A message that cannot be
 * sent because the other process is gone is dropped: the process reports its end, not the channel.
 */
export function sender<Message>(channel: Channel): (message: Message) => Promise<void> {
  let queue: Promise<void> = Promise.resolve();
  const post = (packet: Packet) =>
    new Promise<void>((resolve) => {
      if (channel.connected) channel.send!(packet, undefined, undefined, () => resolve());
      else resolve();
    });
  return (message) => {
    queue = queue.then(async () => {
      const arrays: AnyArray[] = [];
      const packed = replace(message, (value) => {
        if (!isArray(value)) return undefined;
        // A data set's shared memory ends at the process: the message carries a copy.
        if (value.byteLength <= PART_BYTES) return value.slice();
        return { $array: arrays.push(value) - 1 } satisfies Placeholder;
      });
      for (const array of arrays) {
        await post({ kind: 'array', type: nameOf(array), length: array.length });
        const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
        for (let at = 0; at < bytes.length; at += PART_BYTES) {
          await post({ kind: 'part', bytes: bytes.slice(at, at + PART_BYTES) });
        }
      }
      await post({ kind: 'message', message: packed });
    });
    return queue;
  };
}

/**
 * Calls back with each message that arrives, its arrays put together.
 * @param corrupt called if the other process breaks the protocol; nothing is received after that
 */
export function receive<Message>(
  channel: Channel,
  deliver: (message: Message) => void,
  corrupt: () => void,
): void {
  let arrays: AnyArray[] = [];
  let filled = 0;
  let broken = false;
  const take = (packet: Packet): Message | null => {
    if (packet.kind === 'array') {
      const { type, length } = packet;
      const make = Object.hasOwn(ARRAYS, type) ? ARRAYS[type] : undefined;
      const complete = arrays.length === 0 || filled === arrays.at(-1)!.byteLength;
      const fits = Number.isSafeInteger(length) && length >= 0;
      if (!make || !complete || !fits || length * make.BYTES_PER_ELEMENT > MAX_ARRAY_BYTES) throw new Error();
      arrays.push(new make(length));
      filled = 0;
    } else if (packet.kind === 'part') {
      const array = arrays.at(-1)!;
      new Uint8Array(array.buffer).set(packet.bytes, filled);
      filled += packet.bytes.length;
    } else {
      if (arrays.length > 0 && filled !== arrays.at(-1)!.byteLength) throw new Error();
      const whole = arrays;
      arrays = [];
      const message = replace(packet.message, (value) => {
        const at = isPlain(value) && typeof value.$array === 'number' ? value.$array : undefined;
        return at === undefined ? undefined : whole[at];
      });
      return message as Message;
    }
    return null;
  };
  channel.on('message', (packet) => {
    if (broken) return;
    let message: Message | null = null;
    try {
      message = take(packet as Packet);
    } catch {
      broken = true;
      corrupt();
    }
    if (message !== null) deliver(message);
  });
}

/** A copy of a value of plain objects in which `swap` replaces what it does not answer undefined to. */
function replace(value: unknown, swap: (value: unknown) => unknown): unknown {
  const swapped = swap(value);
  if (swapped !== undefined) return swapped;
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, replace(inner, swap)]));
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype;
}

/** Of a Buffer, the array that it is. */
function nameOf(array: AnyArray): ArrayName {
  const [name] = Object.entries(ARRAYS).find(([, type]) => array instanceof type)!;
  return name as ArrayName;
}

function isArray(value: unknown): value is AnyArray {
  return Object.values(ARRAYS).some((type) => value instanceof type);
}
