import type { RoundList, RoundProof, RoundsQuery, SettledRounds } from '@chorus/admin-api';
import { roundRoutes } from '@chorus/admin-api/routes';
import type { AdminEnv } from '@chorus/node';
import { OpenAPIHono } from '@hono/zod-openapi';

/** The rounds that a node has seen. Methods throw ChorusError. */
export interface RoundsSource {
  rounds(query: RoundsQuery): Promise<RoundList>;
  /** The last settled rounds of any task, as the chain has them. */
  settled(task: bigint, last: number): Promise<SettledRounds>;
  /** What a settled round is checked with. */
  proof(task: bigint, round: number): Promise<RoundProof>;
}

/** Past rounds, and what their proofs are checked with. */
export function roundsApp(source: RoundsSource): OpenAPIHono<AdminEnv> {
  return new OpenAPIHono<AdminEnv>()
    .openapi(roundRoutes.rounds, async (c) => c.json(await source.rounds(c.req.valid('query')), 200))
    .openapi(roundRoutes.settledRounds, async (c) => {
      const { last } = c.req.valid('query');
      return c.json(await source.settled(BigInt(c.req.valid('param').id), last), 200);
    })
    .openapi(roundRoutes.roundProof, async (c) => {
      const { id, round } = c.req.valid('param');
      return c.json(await source.proof(BigInt(id), round), 200);
    });
}
