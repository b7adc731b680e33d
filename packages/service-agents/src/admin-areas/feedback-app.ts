import { feedbackRoutes } from '@chorus/admin-api/routes';
import type { AdminEnv } from '@chorus/node';
import { OpenAPIHono } from '@hono/zod-openapi';
import type { NodeReputation } from '../reputation/node-reputation.ts';

/** What of the reputation of agents the API shows and does. */
export type FeedbackSource = Pick<NodeReputation, 'of' | 'give' | 'revoke'>;

/** Reputations of the network's agents, and ratings by this node's wallet. */
export function feedbackApp(source: () => FeedbackSource): OpenAPIHono<AdminEnv> {
  return new OpenAPIHono<AdminEnv>()
    .openapi(feedbackRoutes.reputation, async (c) =>
      c.json(await source().of(BigInt(c.req.valid('param').agentId)), 200),
    )
    .openapi(feedbackRoutes.giveFeedback, async (c) =>
      c.json(await source().give(BigInt(c.req.valid('param').agentId), c.req.valid('json')), 200),
    )
    .openapi(feedbackRoutes.revokeFeedback, async (c) => {
      const { agentId, index } = c.req.valid('param');
      return c.json(await source().revoke(BigInt(agentId), BigInt(index)), 200);
    });
}
