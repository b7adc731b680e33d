import { governanceRoutes } from '@chorus/admin-api/routes';
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Governance } from '../../governance/index.ts';
import type { AdminEnv } from '../env.ts';

/** What of governance the API shows and does. Methods throw ChorusError. */
export type GovernanceSource = Pick<Governance, keyof Governance>;

/** Votes on the parameters of the network: shown, proposed, cast, carried out. */
export function governanceApp(source: () => GovernanceSource): OpenAPIHono<AdminEnv> {
  return new OpenAPIHono<AdminEnv>()
    .openapi(governanceRoutes.governance, async (c) => c.json(await source().governance(), 200))
    .openapi(governanceRoutes.parameters, async (c) =>
      c.json(await source().parameters(c.req.valid('query')), 200),
    )
    .openapi(governanceRoutes.proposals, async (c) =>
      c.json(await source().proposals(c.req.valid('query')), 200),
    )
    .openapi(governanceRoutes.proposal, async (c) =>
      c.json(await source().proposal(c.req.valid('param').proposal), 200),
    )
    .openapi(governanceRoutes.propose, async (c) => c.json(await source().propose(c.req.valid('json')), 200))
    .openapi(governanceRoutes.vote, async (c) =>
      c.json(await source().vote(c.req.valid('param').proposal, c.req.valid('json')), 200),
    )
    .openapi(governanceRoutes.queueProposal, async (c) =>
      c.json(await source().queueProposal(c.req.valid('param').proposal, c.req.valid('json')), 200),
    )
    .openapi(governanceRoutes.executeProposal, async (c) =>
      c.json(await source().executeProposal(c.req.valid('param').proposal, c.req.valid('json')), 200),
    )
    .openapi(governanceRoutes.delegateVotes, async (c) =>
      c.json(await source().delegateVotes(c.req.valid('json')), 200),
    );
}
