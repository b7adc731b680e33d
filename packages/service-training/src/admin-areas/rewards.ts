import type { ClaimRequest, ClaimResult, Rewards } from '@chorus/admin-api';
import { rewardRoutes } from '@chorus/admin-api/routes';
import type { AdminEnv } from '@chorus/node';
import { OpenAPIHono } from '@hono/zod-openapi';

/** What a node's account has earned. Methods throw ChorusError. */
export interface RewardsSource {
  rewards(): Promise<Rewards>;
  claim(request: ClaimRequest): Promise<ClaimResult>;
}

/** Rewards: earned, claimable, staked; and claiming them. */
export function rewardsApp(source: RewardsSource): OpenAPIHono<AdminEnv> {
  return new OpenAPIHono<AdminEnv>()
    .openapi(rewardRoutes.rewards, async (c) => c.json(await source.rewards(), 200))
    .openapi(rewardRoutes.claim, async (c) => c.json(await source.claim(c.req.valid('json')), 200));
}
