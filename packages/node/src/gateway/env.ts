import type { HttpBindings } from '@hono/node-server';

/** What the handlers of the gateway find in a request's context. */
export interface GatewayEnv {
  Bindings: HttpBindings;
}
