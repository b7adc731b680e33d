import type { Status } from '@chorus/admin-api';
import { nodeRoutes } from '@chorus/admin-api/routes';
import { OpenAPIHono } from '@hono/zod-openapi';
import type { AdminEnv } from '../env.ts';

/** Milliseconds between the answer to a shutdown and the shutdown: time for the answer to be sent. */
const SHUTDOWN_DELAY = 50;

/** A node as a whole. Methods throw ChorusError. */
export interface NodeSource {
  status(): Promise<Status>;
  /** Begin to end the process; returns at once. */
  shutdown(): void;
}

/** The status of the node, and its end. */
export function nodeApp(source: NodeSource): OpenAPIHono<AdminEnv> {
  return new OpenAPIHono<AdminEnv>()
    .openapi(nodeRoutes.status, async (c) => c.json(await source.status(), 200))
    .openapi(nodeRoutes.shutdown, (c) => {
      setTimeout(() => source.shutdown(), SHUTDOWN_DELAY);
      return c.json({ accepted: true as const }, 200);
    });
}
