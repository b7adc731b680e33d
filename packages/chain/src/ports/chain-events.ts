import type { EventChain } from '@chorus/protocol';
import { followEvents } from '../events/follow.ts';
import { read } from '../rpc/rpc.ts';
import type { ChainParts } from './parts.ts';

/** Events of the task contract. */
export function createEventChain({ connection, signal: closing }: ChainParts): EventChain {
  return {
    events: (options) => {
      const signal = AbortSignal.any([options.signal, closing]);
      // Read the head now, not when iteration begins: the caller expects events in between.
      const start =
        options.fromBlock === undefined
          ? read('read the head', () => connection.provider.getBlockNumber(), signal).then((b) => b + 1)
          : Promise.resolve(options.fromBlock);
      start.catch(() => undefined);
      return followEvents(connection, start, signal);
    },
  };
}
