import type { Libp2pEvents, Listener, Startable, TypedEventTarget } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';

/** The parts of libp2p used here. */
export interface AddressComponents {
  events: TypedEventTarget<Libp2pEvents>;
  addressManager: { confirmObservedAddr(address: Multiaddr, options: { type: 'transport' }): void };
}

/**
 * Has libp2p announce the public addresses that this machine itself has. By default it keeps them back until peers
 * have dialled them (AutoNAT), so that without peers that offer this a hosted node announces no address at all.
 * Where AutoNAT is on and finds that a firewall is in between, they are taken back.
 */
export function ownAddresses() {
  return ({ events, addressManager }: AddressComponents): Startable => {
    const onListening = ({ detail }: CustomEvent<Listener>) => {
      for (const address of detail.getAddrs()) {
        // Those of relays are the relays' word.
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
