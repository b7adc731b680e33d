import type { Libp2pEvents, Listener, Startable, TypedEventTarget } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';

/** The parts of libp2p used here. */
export interface AddressComponents {
  events: TypedEventTarget<Libp2pEvents>;
  addressManager: { confirmObservedAddr(address: Multiaddr, options: { type: 'transport' }): void };
}

/**
 * Makes libp2p announce the public addresses of this machine's own interfaces. By default it withholds them until
 * peers have dialled them (AutoNAT), so a hosted node without such peers announces no address at all. If AutoNAT is
 * on and finds a firewall in between, they are withdrawn.
 */
export function ownAddresses() {
  return ({ events, addressManager }: AddressComponents): Startable => {
    const onListening = ({ detail }: CustomEvent<Listener>) => {
      for (const address of detail.getAddrs()) {
        // Relays themselves confirm the addresses of relays.
        if (address.toString().includes('/p2p-circuit')) continue;
        addressManager.confirmObservedAddr(address, { type: 'transport' });
      }
    };
    events.addEventListener('transport:listening', onListening);
    return {
      start: () => {},
      stop: () => events.removeEventListener('transport:listening', onListening),
    };
  };
}
