import { paymentRoutes } from '@chorus/admin-api/routes';
import type { AdminEnv } from '@chorus/node';
import { OpenAPIHono } from '@hono/zod-openapi';
import type { PaymentsSource } from '../payments/source.ts';

/** Payments of calls, both ways: shown, signed, ended. */
export function paymentsApp(source: () => Promise<PaymentsSource>): OpenAPIHono<AdminEnv> {
  return new OpenAPIHono<AdminEnv>()
    .openapi(paymentRoutes.payments, async (c) =>
      c.json(await (await source()).list(c.req.valid('query')), 200),
    )
    .openapi(paymentRoutes.resumePayment, async (c) =>
      c.json(await (await source()).resume(c.req.valid('json')), 200),
    )
    .openapi(paymentRoutes.pay, async (c) => c.json(await (await source()).pay(c.req.valid('json')), 200))
    .openapi(paymentRoutes.endPayment, async (c) => {
      const again = await (await source()).end(c.req.valid('param').id, c.req.valid('json'));
      return c.json({ accepted: true as const, again }, 200);
    });
}
