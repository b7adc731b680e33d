import type { BanList, BannedPeer, BanRequest, PeerList } from '@chorus/admin-api';
import { networkRoutes } from '@chorus/admin-api/routes';
import { OpenAPIHono } from '@hono/zod-openapi';
import type { AdminEnv } from '../env.ts';

/** The peers of a node. Methods throw ChorusError. */
export interface NetworkSource {
  peers(): Promise<PeerList>;
  bans(): Promise<BanList>;
  ban(request: BanRequest): Promise<BannedPeer>;
  unban(peerId: string): Promise<void>;
}

/** Peers and bans. */
export function networkApp(source: NetworkSource): OpenAPIHono<AdminEnv> {
  return new OpenAPIHono<AdminEnv>()
    .openapi(networkRoutes.peers, async (c) => c.json(await source.peers(), 200))
    .openapi(networkRoutes.bans, async (c) => c.json(await source.bans(), 200))
    .openapi(networkRoutes.ban, async (c) => c.json(await source.ban(c.req.valid('json')), 200))
    .openapi(networkRoutes.unban, async (c) => {
      await source.unban(c.req.valid('param').peer);
      return c.json({ accepted: true as const }, 200);
    });
}
