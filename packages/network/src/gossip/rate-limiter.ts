import type { GossipSubComponents } from '@libp2p/gossipsub';
import type { Stream, StreamHandler } from '@libp2p/interface';
import { RateLimiter } from '@libp2p/utils';
import { MAX_GOSSIP_BYTES_PER_WINDOW, RATE_WINDOW_S } from '../core/limits.ts';

/**
 * Count what each peer sends over gossip streams, and cut the stream of one that sends too much.
 *
 * Gossipsub scores what it can attribute to a topic; duplicates, forged signatures and control messages cost
 * their sender nothing there. Bytes bound all of them.
 */
export function limitGossip(
  components: GossipSubComponents,
  onFlood: (peer: string) => void,
): GossipSubComponents {
  const bytes = new RateLimiter({
    points: MAX_GOSSIP_BYTES_PER_WINDOW,
    duration: RATE_WINDOW_S,
    keyPrefix: '',
  });
  const metered =
    (handler: StreamHandler): StreamHandler =>
    async (stream, connection) => {
      const peer = connection.remotePeer.toString();
      stream.addEventListener('message', ({ data }) => {
        try {
          bytes.consume(peer, data.byteLength);
        } catch {
          cut(stream);
          onFlood(peer);
        }
      });
      await handler(stream, connection);
    };
  const registrar = new Proxy(components.registrar, {
    get(target, name) {
      if (name === 'handle') {
        return (protocol: string, handler: StreamHandler, options?: object) =>
          target.handle(protocol, metered(handler), options);
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return new Proxy(components, {
    get: (target, name) => (name === 'registrar' ? registrar : Reflect.get(target, name, target)),
  });
}

function cut(stream: Stream): void {
  if (stream.status === 'open') stream.abort(new Error('too much gossip'));
}
