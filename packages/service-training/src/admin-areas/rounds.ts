import type { RoundList, RoundsQuery } from '@chorus/admin-api';
import { roundRoutes } from '@chorus/admin-api/routes';
import type { AdminEnv } from '@chorus/node';
import { OpenAPIHono } from '@hono/zod-openapi';

/** The rounds that a node has seen. Methods throw ChorusError. */
export interface RoundsSource {
  rounds(query: RoundsQuery): Promise<RoundList>;
}

/** Past rounds. */
export function roundsApp(source: RoundsSource): OpenAPIHono<AdminEnv> {
  return new OpenAPIHono<AdminEnv>().openapi(roundRoutes.rounds, async (c) =>
    c.json(await source.rounds(c.req.valid('query')), 200),
  );
}
