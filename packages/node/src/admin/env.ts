import type { HttpBindings } from '@hono/node-server';

/** What the handlers of the admin API find in a request's context, in a sub-app as well. */
export interface AdminEnv {
  Bindings: HttpBindings;
  Variables: {
    /** Whether the request carries the token. */
    authorized: boolean;
  };
}
