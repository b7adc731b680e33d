import { randomBytes } from 'node:crypto';
import { ChorusError, keepSecret } from '@chorus/protocol';
import { listen, localUrl, stopListening } from '../http/listen.ts';
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
  const server = await listen(app.fetch, {
    host: config.host,
    port: config.port,
    maxConnections: MAX_CONNECTIONS,
    headersMilliseconds: HEADERS_MILLISECONDS,
    requestMilliseconds: REQUEST_MILLISECONDS,
    idleMilliseconds: IDLE_MILLISECONDS,
  }).catch((cause) => {
    throw new ChorusError('E_ADMIN_LISTEN', 'the admin API cannot listen', {
      facts: { host: config.host, port: config.port },
      hint: 'choose another admin.port, or 0 for a free one',
      cause,
    });
  });
  const url = localUrl(server, config.host);
  const stop = async () => {
    await removeAdmin(dataDir, token).catch(() => {});
    await stopListening(server);
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
