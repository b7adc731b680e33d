import { MARKET_AGENTS } from '@chorus/market';
import type { Components, GatewayEnv, ServiceDefinition } from '@chorus/node';
import { openInferenceApp } from '@chorus/open-inference';
import { openAiApp } from '@chorus/openai-api';
import { Hono } from 'hono';
import { agentsApp } from './admin-areas/agents-app.ts';
import { creditsApp } from './admin-areas/credits-app.ts';
import { feedbackApp } from './admin-areas/feedback-app.ts';
import { paymentsApp } from './admin-areas/payments-app.ts';
import { revenueApp } from './admin-areas/revenue-app.ts';
import { AGENTS_SECTION, type AgentsNodeConfig } from './config/agents-config.ts';
import type { AgentsEvent } from './events/agent-events.ts';
import { AGENTS_EVENTS } from './events/agents-catalogue.ts';
import { agentsMetrics } from './metrics/agents-metrics.ts';
import { AgentsService } from './service/agents-service.ts';
import { AGENTS_MIGRATIONS } from './store/agent-records.ts';

/** Agents as a service of a node. */
export type Agents = ServiceDefinition<
  'agents',
  typeof AGENTS_SECTION.schema,
  AgentsService,
  AgentsEvent,
  undefined
>;

/**
 * Agents as a service of a node: the owner starts them by the admin API, and others call them over A2A, on libp2p and,
 * if the gateway is switched on, by HTTP, where clients of the OpenAI API can call them as well.
 *
 * @example
 * const node = await createNode({ config, services: { training: training(), agents: agents() } });
 * await node.services.agents.startAgent({ file: '/home/me/harbour.yaml' });
 */
export function agents(): Agents {
  return {
    config: AGENTS_SECTION,
    migrations: AGENTS_MIGRATIONS,
    events: AGENTS_EVENTS,
    provides: [MARKET_AGENTS],
    create: (components: Components<AgentsNodeConfig>) => {
      const service = new AgentsService(components);
      if (components.meter) agentsMetrics(components.meter, service);
      return service;
    },
    admin: (running) => [
      agentsApp(running),
      feedbackApp(() => running().reputation),
      paymentsApp(() => running().payments()),
      creditsApp(async () => (await running().payments()).credits),
      revenueApp(() => running().revenue()),
    ],
    gateway: (running) => {
      const openAi = openAiApp({ agents: () => running().callable() });
      const openInference = openInferenceApp({ agents: () => running().callable() });
      const answer = (request: Request) => running().answer(request);
      return (
        new Hono<GatewayEnv>()
          .get('/.well-known/ai-catalog.json', async (c) => {
            const body = JSON.stringify(await running().aiCatalog());
            return c.body(body, 200, { 'content-type': 'application/ai-catalog+json' });
          })
          .get('/.well-known/agent-registration.json', async (c) =>
            c.json(await running().agentRegistration()),
          )
          .all('/agents', (c) => answer(c.req.raw))
          .all('/agents/:name/*', (c) => answer(c.req.raw))
          // What is posted may have to be paid.
          .post('/v1/*', (c) =>
            running().paid(c.req.raw, 'anonymous', async (request) => openAi.fetch(request)),
          )
          .post('/v2/*', (c) =>
            running().paid(c.req.raw, 'anonymous', async (request) => openInference.fetch(request)),
          )
          .route('/', openAi)
          .route('/', openInference)
      );
    },
  };
}
