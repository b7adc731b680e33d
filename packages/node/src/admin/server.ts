import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ChorusError, keepSecret } from '@chorus/protocol';
import { serve } from '@hono/node-server';
import type { AdminConfig } from '../config/admin-config.ts';
import { removeAdmin, writeAdmin } from './admin-file.ts';
import { adminHost, type HostOptions } from './host.ts';

/** Most sockets open at the same time, event streams included. */
const MAX_CONNECTIONS = 128;

/** Milliseconds for the headers, and for all of a request, to arrive; and for an idle connection to be kept. */
const HEADERS_MILLISECONDS = 5_000;
const REQUEST_MILLISECONDS = 10_000;
const IDLE_MILLISECONDS = 5_000;

export interface AdminServer {
  url: string;
  token: string;
  close(): Promise<void>;
}

export interface AdminServerOptions extends Omit<HostOptions, 'token'> {
  dataDir: string;
}

/**
 * Serve a node's API, and write to `admin.json` how to reach it. Each start creates a new token.
 * @throws ChorusError `E_ADMIN_LISTEN` if the address is not available
 */
export async function startAdmin(options: AdminServerOptions): Promise<AdminServer> {
  const { config, dataDir } = options;
  const token = randomBytes(32).toString('base64url');
  keepSecret(token);
  const app = adminHost({ ...options, token });
  const server = await listen(app.fetch, config);
  const { port } = server.address() as AddressInfo;
  const host = ['0.0.0.0', '::'].includes(config.host) ? '127.0.0.1' : config.host;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const stop = async () => {
    await removeAdmin(dataDir, token).catch(() => {});
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  };
  try {
    await writeAdmin(dataDir, { url, token, pid: process.pid });
  } catch (error) {
    await stop();
    throw error;
  }
  let closing: Promise<void> | undefined;
  return {
    url,
    token,
    close: () => {
      closing ??= stop();
      return closing;
    },
  };
}

function listen(fetch: Parameters<typeof serve>[0]['fetch'], config: AdminConfig): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = serve(
      {
        fetch,
        hostname: config.host,
        port: config.port,
        serverOptions: {
          headersTimeout: HEADERS_MILLISECONDS,
          requestTimeout: REQUEST_MILLISECONDS,
          keepAliveTimeout: IDLE_MILLISECONDS,
          connectionsCheckingInterval: 2_000,
          maxHeaderSize: 8 * 1024,
        },
      },
      () => {
        server.removeListener('error', refuse);
        resolve(server);
      },
    ) as Server;
    server.maxConnections = MAX_CONNECTIONS;
    const refuse = (cause: Error) =>
      reject(
        new ChorusError('E_ADMIN_LISTEN', 'the admin API cannot listen', {
          facts: { host: config.host, port: config.port },
          hint: 'choose another admin.port, or 0 for a free one',
          cause,
        }),
      );
    server.once('error', refuse);
  });
}
