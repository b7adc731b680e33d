import type { Readiness } from '@chorus/admin-api';
import { healthRoutes } from '@chorus/admin-api/routes';
import { OpenAPIHono } from '@hono/zod-openapi';
import type { AdminEnv } from '../env.ts';

/** Whether a node is well. Methods throw ChorusError. */
export interface HealthSource {
  ready(): Promise<Readiness>;
  metrics(): Promise<{ contentType: string; text: string }>;
}

/** Health checks and metrics. */
export function healthApp(source: HealthSource): OpenAPIHono<AdminEnv> {
  return new OpenAPIHono<AdminEnv>()
    .openapi(healthRoutes.live, (c) => c.json({ status: 'ok' as const }, 200))
    .openapi(healthRoutes.ready, async (c) => {
      const ready = await source.ready();
      return c.json(ready, ready.status === 'ok' ? 200 : 503);
    })
    .openapi(healthRoutes.health, async (c) => {
      const ready = await source.ready();
      return c.json(ready, ready.status === 'ok' ? 200 : 503);
    })
    .openapi(healthRoutes.metrics, async (c) => {
      const { contentType, text } = await source.metrics();
      return c.text(text, 200, { 'content-type': contentType });
    });
}
