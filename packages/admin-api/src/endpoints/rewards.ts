import { claimRequestSchema, claimResultSchema, rewardsSchema } from '../documents/rewards.ts';
import { answers, type Endpoint, jsonBody, slow, TOKEN } from './endpoint.ts';

export const rewardEndpoints = {
  rewards: {
    operationId: 'rewards',
    method: 'get',
    path: '/v1/rewards',
    summary: 'Amounts earned, claimable and staked',
    security: TOKEN,
    responses: answers(rewardsSchema),
  },
  claim: slow({
    operationId: 'claim',
    method: 'post',
    path: '/v1/rewards/claim',
    summary: 'Claim rewards on chain; answers when the transactions are mined',
    security: TOKEN,
    request: { body: jsonBody(claimRequestSchema) },
    responses: answers(claimResultSchema),
  }),
} satisfies Record<string, Endpoint>;
