import type { Server } from 'node:http';
import { serve } from '@hono/node-server';

export interface ListenOptions {
  host: string;
  /** 0: a free one. */
  port: number;
  /** Most sockets open at the same time, event streams included. */
  maxConnections: number;
  /** Milliseconds for the headers, and for all of a request, to arrive; and for an idle connection to be kept. */
  headersMilliseconds: number;
  requestMilliseconds: number;
  idleMilliseconds: number;
}

/**
 * Serve an app over HTTP, with bounds on what a connection may cost before the app sees a request.
 * @throws the error of the socket, such as `EADDRINUSE`
 */
export function listen(fetch: Parameters<typeof serve>[0]['fetch'], options: ListenOptions): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = serve(
      {
        fetch,
        hostname: options.host,
        port: options.port,
        serverOptions: {
          headersTimeout: options.headersMilliseconds,
          requestTimeout: options.requestMilliseconds,
          keepAliveTimeout: options.idleMilliseconds,
          connectionsCheckingInterval: 2_000,
          maxHeaderSize: 8 * 1024,
        },
      },
      () => {
        server.removeListener('error', reject);
        resolve(server);
      },
    ) as Server;
    server.maxConnections = options.maxConnections;
    server.once('error', reject);
  });
}

/** The URL at which a server can be reached from this machine. */
export function localUrl(server: Server, host: string): string {
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const name = ['0.0.0.0', '::'].includes(host) ? '127.0.0.1' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

/** Stop a server, and end what it still answers. */
export function stopListening(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
