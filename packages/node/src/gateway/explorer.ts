import { EXPLORER_ENDPOINTS, EXPLORER_PATH } from '@chorus/admin-api/explorer';
import { ChorusError } from '@chorus/protocol';
import type { OpenAPIHono, RouteConfig } from '@hono/zod-openapi';
import { Hono } from 'hono';
import type { AdminEnv } from '../admin/env.ts';
import { isOfPage, pageApp } from '../admin/page.ts';
import { timeLimit } from '../admin/time-limit.ts';
import type { GatewayEnv } from './env.ts';
import { SharedAnswers } from './shared-answers.ts';

export interface ExplorerOptions {
  /** Of the admin API: those that hold the endpoints of the explorer, and perhaps others. */
  areas: readonly OpenAPIHono<AdminEnv>[];
  /** Folder of the built page; without one only its API is served. */
  page?: string | undefined;
}

const below = (path: string): string => path.slice(EXPLORER_PATH.length);

/** Whether a path belongs to the page of the explorer. */
export const isOfExplorerPage = (path: string): boolean =>
  path === EXPLORER_PATH || (path.startsWith(`${EXPLORER_PATH}/`) && isOfPage(below(path)));

/** The parameters of an endpoint's path match one part each. */
const patternOf = (path: string) => new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`);

/** Names of the parameters of an endpoint's query. */
const parametersOf = ({ request }: Pick<RouteConfig, 'request'>): string[] =>
  Object.keys((request?.query as { shape?: object } | undefined)?.shape ?? {}).sort();

/**
 * The page of a node for everyone, to be read only, and the answers that it needs: those of the admin API that
 * `EXPLORER_ENDPOINTS` lists, without what they say of this node. No other path and no other method reaches an area. An
 * answer is read once for all who ask within seconds, and few are read at the same time, and in a minute: each costs the
 * node requests to its chain.
 */
export function explorerApp({ areas, page }: ExplorerOptions): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>();
  // The page names its files by their place below it. (`req.path` has no slash at its end.)
  app.get(EXPLORER_PATH, (c, next) =>
    new URL(c.req.url).pathname === EXPLORER_PATH ? c.redirect(`${EXPLORER_PATH}/`) : next(),
  );
  if (page !== undefined) app.route(EXPLORER_PATH, pageApp(page));
  const answers = new SharedAnswers();
  for (const { endpoint, redact } of EXPLORER_ENDPOINTS) {
    const path = `${EXPLORER_PATH}${endpoint.path.replace(/\{(\w+)\}/g, ':$1')}`;
    const shared = { kind: endpoint.operationId, parameters: parametersOf(endpoint) };
    app.get(
      path,
      answers.share({ ...shared, redact: redact as (document: object) => object }),
      timeLimit(endpoint),
    );
  }
  const listed = EXPLORER_ENDPOINTS.map(({ endpoint }) => patternOf(endpoint.path));
  app.use(`${EXPLORER_PATH}/*`, async (c, next) => {
    const isListed = c.req.method === 'GET' && listed.some((pattern) => pattern.test(below(c.req.path)));
    if (!isListed) throw new ChorusError('E_GATEWAY_UNKNOWN_PATH', 'the explorer has nothing here');
    await next();
  });
  for (const area of areas) app.route(EXPLORER_PATH, area);
  return app;
}
