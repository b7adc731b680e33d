import { nodeRoutes } from '@chorus/admin-api/routes';
import { ChorusError, faultOf } from '@chorus/protocol';
import { type Hook, OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { AdminConfig } from '../config/admin-config.ts';
import { admission, authorization, browserProtection, headers } from './access.ts';
import type { AdminEnv } from './env.ts';
import { jsonRequests } from './json-requests.ts';
import { describeApi } from './openapi.ts';
import { pageApp } from './page.ts';
import { problemFor, RETRY_SECONDS } from './problem.ts';
import { timeLimit } from './time-limit.ts';

export interface HostOptions {
  config: AdminConfig;
  token: string;
  /** Version of the node. */
  version: string;
  /** What the API consists of: a sub-app for each area. Their routes need the token, unless the host knows better. */
  areas: readonly OpenAPIHono<AdminEnv>[];
  /** Folder of a web page that is served at `/`; by default nothing is. */
  page?: string | undefined;
  /** Called with errors that the caller must not see. */
  onError: (error: unknown) => void;
}

/**
 * The admin API as a function of requests; `startAdmin` puts it behind a socket. The host knows no area: it guards all
 * requests, mounts the sub-apps, and describes what they declare.
 */
export function adminHost(options: HostOptions): OpenAPIHono<AdminEnv> {
  const { config, token, version, areas, page, onError } = options;
  const hasPage = page !== undefined;
  const app = new OpenAPIHono<AdminEnv>({ defaultHook: refuseInvalid });
  app.onError((error, c) => answerProblem(c, error, onError));
  app.notFound((c) => {
    const problem = new ChorusError('E_ADMIN_UNKNOWN_PATH', 'no such path', {
      hint: 'GET /openapi.json lists all paths',
    });
    return answerProblem(c, problem, onError);
  });

  app.use(headers(hasPage), browserProtection(config), admission(token), authorization(config, hasPage));
  if (hasPage) app.route('/', pageApp(page));
  for (const area of [openApiArea(app, version), ...areas]) mount(app, area);
  // After all areas: two of them may serve one path.
  for (const { path } of routesOf(app)) {
    app.all(toPattern(path), () => {
      throw new ChorusError('E_ADMIN_METHOD', 'this path does not allow the method');
    });
  }
  return app;
}

/**
 * Serve a sub-app, within the limits that follow from what its routes declare.
 * @throws TypeError if they do not declare whole paths, so that the limits would miss them
 */
function mount(app: OpenAPIHono<AdminEnv>, area: OpenAPIHono<AdminEnv>): void {
  const served = new Set(area.routes.map(({ method, path }) => `${method} ${path}`));
  for (const route of routesOf(area)) {
    const method = route.method.toUpperCase();
    const pattern = toPattern(route.path);
    if (!served.has(`${method} ${pattern}`)) throw new TypeError(`${route.path} is below a base path`);
    app.on(method, pattern, timeLimit(route), jsonRequests(route));
  }
  app.route('/', area);
}

/** The description of the API, which is made when it is first asked for. */
function openApiArea(app: OpenAPIHono<AdminEnv>, version: string): OpenAPIHono<AdminEnv> {
  let document: ReturnType<typeof describeApi> | undefined;
  return new OpenAPIHono<AdminEnv>().openapi(nodeRoutes.openapi, (c) => {
    document ??= describeApi(app, version);
    return c.json(document, 200);
  });
}

const routesOf = (app: OpenAPIHono<AdminEnv>) =>
  app.openAPIRegistry.definitions.flatMap((definition) =>
    definition.type === 'route' ? [definition.route] : [],
  );

const toPattern = (path: string) => path.replace(/\{(\w+)\}/g, ':$1');

/** Parameters and bodies that their schemas refuse. */
const refuseInvalid: Hook<unknown, AdminEnv, string, void> = (result) => {
  if (result.success) return;
  const [issue] = result.error.issues;
  const place = { param: 'path', json: 'body' }[result.target as string] ?? result.target;
  throw new ChorusError('E_ADMIN_BAD_REQUEST', faultOf(issue), {
    facts: { place, field: issue?.path.join('.') ?? '' },
    hint: 'correct this value',
    cause: result.error,
  });
};

function answerProblem(c: Context, error: unknown, onError: (error: unknown) => void): Response {
  const problem = problemFor(error);
  // Busy and not ready are known states; only failures are logged.
  if (problem.status === 500 || problem.status === 504) onError(error);
  if (problem.status === 429) c.header('retry-after', String(RETRY_SECONDS));
  return c.body(JSON.stringify(problem), problem.status as 500, {
    'content-type': 'application/problem+json',
  });
}
