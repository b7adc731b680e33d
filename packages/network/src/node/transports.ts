import { tcp } from '@libp2p/tcp';
import type { NetworkOptions } from './options.ts';

type Transports = NonNullable<NonNullable<Parameters<typeof import('libp2p').createLibp2p>[0]>['transports']>;

/** Whether one of the addresses has this protocol, for example `ws`. */
export function names(addresses: readonly string[], protocol: string): boolean {
  return addresses.some((address) => address.split('/').includes(protocol));
}

/**
 * TCP always; the others if an option asks for them, or a listen address needs them. Each is loaded only then:
 * WebSockets costs 10 MB, QUIC a native library of its own.
 */
export async function transportsOf(options: NetworkOptions, listen: readonly string[]): Promise<Transports> {
  const transports: Transports = [tcp()];
  if (options.webSockets || names(listen, 'ws')) {
    const { webSockets } = await import('@libp2p/websockets');
    transports.push(webSockets());
  }
  if (options.quic || names(listen, 'quic-v1')) {
    const { quic } = await import('@chainsafe/libp2p-quic');
    transports.push(quic());
  }
  if (options.relayClient) {
    const { circuitRelayTransport } = await import('@libp2p/circuit-relay-v2');
    transports.push(circuitRelayTransport());
  }
  return transports;
}
