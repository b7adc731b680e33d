import { revenueRoutes } from '@chorus/admin-api/routes';
import type { AdminEnv } from '@chorus/node';
import { OpenAPIHono } from '@hono/zod-openapi';
import type { NodeRevenue } from '../revenue/index.ts';

/** What of a node's revenue the API shows and does. */
export type RevenueSource = Pick<
  NodeRevenue,
  'overview' | 'claim' | 'till' | 'collect' | 'units' | 'launchUnits' | 'buyUnits' | 'sellUnits'
>;

/** Tills, royalties and units: shown, traded, collected, paid out. */
export function revenueApp(source: () => Promise<RevenueSource>): OpenAPIHono<AdminEnv> {
  return new OpenAPIHono<AdminEnv>()
    .openapi(revenueRoutes.revenue, async (c) =>
      c.json(await (await source()).overview(c.req.valid('query').tasks ?? []), 200),
    )
    .openapi(revenueRoutes.claimRevenue, async (c) =>
      c.json(await (await source()).claim(c.req.valid('json')), 200),
    )
    .openapi(revenueRoutes.till, async (c) =>
      c.json(await (await source()).till(BigInt(c.req.valid('param').agentId)), 200),
    )
    .openapi(revenueRoutes.collectTill, async (c) =>
      c.json(await (await source()).collect(BigInt(c.req.valid('param').agentId)), 200),
    )
    .openapi(revenueRoutes.units, async (c) => {
      const { amount } = c.req.valid('query');
      return c.json(await (await source()).units(BigInt(c.req.valid('param').agentId), BigInt(amount)), 200);
    })
    .openapi(revenueRoutes.launchUnits, async (c) => {
      const { agentId } = c.req.valid('param');
      return c.json(await (await source()).launchUnits(BigInt(agentId), c.req.valid('json')), 200);
    })
    .openapi(revenueRoutes.buyUnits, async (c) => {
      const { agentId } = c.req.valid('param');
      return c.json(await (await source()).buyUnits(BigInt(agentId), c.req.valid('json')), 200);
    })
    .openapi(revenueRoutes.sellUnits, async (c) => {
      const { agentId } = c.req.valid('param');
      return c.json(await (await source()).sellUnits(BigInt(agentId), c.req.valid('json')), 200);
    });
}
