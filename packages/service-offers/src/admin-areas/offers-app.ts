import { offerRoutes } from '@chorus/admin-api/routes';
import type { AdminEnv } from '@chorus/node';
import { OpenAPIHono } from '@hono/zod-openapi';
import type { OffersService } from '../service/offers-service.ts';

/** What of a node's offers the API shows and does. */
export type OffersSource = Pick<OffersService, 'offers' | 'ask' | 'hire' | 'orders' | 'order'>;

/** Standing offers; asks of the network; orders. */
export function offersApp(source: () => OffersSource): OpenAPIHono<AdminEnv> {
  return new OpenAPIHono<AdminEnv>()
    .openapi(offerRoutes.offers, async (c) => c.json(await source().offers(), 200))
    .openapi(offerRoutes.askMarket, async (c) => c.json(await source().ask(c.req.valid('json')), 200))
    .openapi(offerRoutes.hire, async (c) => {
      const { askId } = c.req.valid('param');
      return c.json(await source().hire(askId, c.req.valid('json')), 200);
    })
    .openapi(offerRoutes.orders, async (c) => c.json(await source().orders(), 200))
    .openapi(offerRoutes.order, async (c) => c.json(await source().order(c.req.valid('param').orderId), 200));
}
