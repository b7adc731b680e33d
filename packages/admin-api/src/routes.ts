/**
 * The routes of the admin API for a server on `@hono/zod-openapi`, a group per area.
 *
 * @example
 * import { rewardRoutes } from '@chorus/admin-api/routes';
 *
 * const app = new OpenAPIHono();
 * app.openapi(rewardRoutes.rewards, async (c) => c.json(await source.rewards(), 200));
 *
 * @packageDocumentation
 */
import { createRoute } from '@hono/zod-openapi';
import { agentEndpoints } from './endpoints/agents.ts';
import { creditEndpoints } from './endpoints/credits.ts';
import type { Endpoint } from './endpoints/endpoint.ts';
import { eventEndpoints } from './endpoints/events.ts';
import { feedbackEndpoints } from './endpoints/feedback.ts';
import { governanceEndpoints } from './endpoints/governance.ts';
import { healthEndpoints } from './endpoints/health.ts';
import { marketEndpoints } from './endpoints/market.ts';
import { networkEndpoints } from './endpoints/network.ts';
import { nodeEndpoints } from './endpoints/node.ts';
import { offerEndpoints } from './endpoints/offers.ts';
import { paymentEndpoints } from './endpoints/payments.ts';
import { publicationEndpoints } from './endpoints/publications.ts';
import { revenueEndpoints } from './endpoints/revenue.ts';
import { rewardEndpoints } from './endpoints/rewards.ts';
import { roundEndpoints } from './endpoints/rounds.ts';
import { stakeEndpoints } from './endpoints/stakes.ts';
import { taskEndpoints } from './endpoints/tasks.ts';

export { PROBLEM_STATUSES, problemSchema } from './documents/problem.ts';
export { bodyBytesOf, isSlow, slow } from './endpoints/endpoint.ts';

type Routes<T> = { [K in keyof T]: T[K] & { getRoutingPath(): string } };

function toRoutes<T extends Record<string, Endpoint>>(endpoints: T): Routes<T> {
  const routes = Object.entries(endpoints).map(([name, endpoint]) => [name, createRoute(endpoint)]);
  return Object.fromEntries(routes) as Routes<T>;
}

export const healthRoutes = toRoutes(healthEndpoints);
export const nodeRoutes = toRoutes(nodeEndpoints);
export const networkRoutes = toRoutes(networkEndpoints);
export const eventRoutes = toRoutes(eventEndpoints);
export const taskRoutes = toRoutes(taskEndpoints);
export const publicationRoutes = toRoutes(publicationEndpoints);
export const roundRoutes = toRoutes(roundEndpoints);
export const rewardRoutes = toRoutes(rewardEndpoints);
export const stakeRoutes = toRoutes(stakeEndpoints);
export const agentRoutes = toRoutes(agentEndpoints);
export const feedbackRoutes = toRoutes(feedbackEndpoints);
export const paymentRoutes = toRoutes(paymentEndpoints);
export const creditRoutes = toRoutes(creditEndpoints);
export const marketRoutes = toRoutes(marketEndpoints);
export const offerRoutes = toRoutes(offerEndpoints);
export const revenueRoutes = toRoutes(revenueEndpoints);
export const governanceRoutes = toRoutes(governanceEndpoints);
