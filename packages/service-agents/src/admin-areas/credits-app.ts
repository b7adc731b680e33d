import { creditRoutes } from '@chorus/admin-api/routes';
import type { AdminEnv } from '@chorus/node';
import { OpenAPIHono } from '@hono/zod-openapi';
import type { CreditsSource } from '../payments/source.ts';

/** Prepaid channels: shown, opened, paid into, closed, claimed. */
export function creditsApp(source: () => Promise<CreditsSource>): OpenAPIHono<AdminEnv> {
  return new OpenAPIHono<AdminEnv>()
    .openapi(creditRoutes.credits, async (c) => c.json(await (await source()).list(), 200))
    .openapi(creditRoutes.openCredit, async (c) =>
      c.json(await (await source()).open(c.req.valid('json')), 200),
    )
    .openapi(creditRoutes.claimCredits, async (c) => c.json(await (await source()).claim(), 200))
    .openapi(creditRoutes.addCredit, async (c) =>
      c.json(await (await source()).add(c.req.valid('param').id, c.req.valid('json')), 200),
    )
    .openapi(creditRoutes.closeCredit, async (c) =>
      c.json(await (await source()).close(c.req.valid('param').id), 200),
    );
}
