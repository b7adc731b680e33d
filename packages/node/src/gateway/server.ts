import { ChorusError } from '@chorus/protocol';
import { listen, localUrl, stopListening } from '../http/listen.ts';
import { type GatewayAppOptions, gatewayApp } from './app.ts';

export interface GatewayServer {
  /** Address that others reach it by. */
  url: string;
  close(): Promise<void>;
}

/**
 * Serve the gateway over TCP: a server of its own, never the admin API's.
 * @throws ChorusError `E_GATEWAY_LISTEN` if the address is not available
 */
export async function startGateway(options: GatewayAppOptions): Promise<GatewayServer> {
  const { config } = options;
  const app = gatewayApp(options);
  const server = await listen(app.fetch, {
    host: config.host,
    port: config.port,
    maxConnections: config.maxConnections,
    headersMilliseconds: 10_000,
    requestMilliseconds: 60_000,
    idleMilliseconds: 15_000,
  }).catch((cause) => {
    throw new ChorusError('E_GATEWAY_LISTEN', 'the gateway cannot listen', {
      facts: { host: config.host, port: config.port },
      hint: 'choose another gateway.port, or 0 for a free one',
      cause,
    });
  });
  return {
    url: (config.url ?? localUrl(server, config.host)).replace(/\/$/, ''),
    close: () => stopListening(server),
  };
}
