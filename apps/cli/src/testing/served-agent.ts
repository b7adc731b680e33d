import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type A2aApp, type A2aBindings, type AgentPlaces, a2aApp, buildCard, signCard } from '@chorus/a2a';
import { createNetwork } from '@chorus/network';
import type { AgentExecutor } from '@chorus/protocol';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';

const PATH = '/agents/echo';
const MODES = ['text/plain', 'text/markdown'];

/** An agent that is served for a test. */
export interface ServedAgent {
  /** What `chorus agent call` is given. */
  target: string;
  peerId: string;
  close(): Promise<void>;
}

async function appOf(
  executor: AgentExecutor,
  places: AgentPlaces,
  seed: Uint8Array,
  unsigned = false,
): Promise<A2aApp> {
  const name = 'Echo \u001b[31m';
  const about = { name, description: 'Repeats', version: '1.0.0', skills: [], inputModes: MODES };
  const signed = await signCard(buildCard(about, places), seed);
  const { signatures, ...plain } = JSON.parse(new TextDecoder().decode(signed));
  return a2aApp({ card: unsigned ? new TextEncoder().encode(JSON.stringify(plain)) : signed, executor });
}

/** Serves an agent on a free port of this machine. */
export async function serveOverHttp(
  executor: AgentExecutor,
  { unsigned = false } = {},
): Promise<ServedAgent> {
  const outer = new Hono<{ Bindings: A2aBindings }>();
  const server = serve({ fetch: (request) => outer.fetch(request, {}), hostname: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const target = `http://127.0.0.1:${(server.address() as AddressInfo).port}${PATH}/`;
  const app = await appOf(executor, { http: target }, randomBytes(32), unsigned);
  outer.route(PATH, app.hono);
  const close = async () => {
    await app.close();
    (server as Server).closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { target, peerId: '', close };
}

/** Serves an agent on a libp2p node; `signer` signs the card instead of the node. */
export async function serveOverPeers(
  executor: AgentExecutor,
  options: { signer?: Uint8Array; bootstrap?: string[] } = {},
): Promise<ServedAgent> {
  const { signer, bootstrap = [] } = options;
  const seed = randomBytes(32);
  const node = await createNetwork({ privateKey: seed, dht: 'server', bootstrap });
  const places = signer ? { http: 'https://a.example/' } : { libp2p: { peerId: node.peerId, path: PATH } };
  const app = await appOf(executor, places, signer ?? seed);
  const outer = new Hono<{ Bindings: A2aBindings }>().route(PATH, app.hono);
  node.serve((request, peer) => outer.fetch(request, { peer }));
  const close = async () => {
    await app.close();
    await node.close();
  };
  return { target: `${node.multiaddrs()[0]}${PATH}/`, peerId: node.peerId, close };
}
