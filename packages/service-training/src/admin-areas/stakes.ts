import type {
  MemberRecordDocument,
  MemberRecordQuery,
  StakeDepositRequest,
  StakeDepositResult,
  StakesDocument,
  StakesQuery,
  StakeUnbondRequest,
  StakeUnbondResult,
  StakeWithdrawRequest,
  StakeWithdrawResult,
} from '@chorus/admin-api';
import { stakeRoutes } from '@chorus/admin-api/routes';
import type { AdminEnv } from '@chorus/node';
import { OpenAPIHono } from '@hono/zod-openapi';

/** The stake of a node's account. Methods throw ChorusError. */
export interface StakesSource {
  stakes(query: StakesQuery): Promise<StakesDocument>;
  memberRecord(query: MemberRecordQuery): Promise<MemberRecordDocument>;
  /** `to`: delegate to the identity of that wallet. */
  depositStake(request: StakeDepositRequest): Promise<StakeDepositResult>;
  unbondStake(request: StakeUnbondRequest): Promise<StakeUnbondResult>;
  withdrawStake(request: StakeWithdrawRequest): Promise<StakeWithdrawResult>;
}

/** Stake in pools: shown, deposited, unbonded, withdrawn. */
export function stakesApp(source: StakesSource): OpenAPIHono<AdminEnv> {
  return new OpenAPIHono<AdminEnv>()
    .openapi(stakeRoutes.stakes, async (c) => c.json(await source.stakes(c.req.valid('query')), 200))
    .openapi(stakeRoutes.memberRecord, async (c) =>
      c.json(await source.memberRecord(c.req.valid('query')), 200),
    )
    .openapi(stakeRoutes.depositStake, async (c) =>
      c.json(await source.depositStake(c.req.valid('json')), 200),
    )
    .openapi(stakeRoutes.unbondStake, async (c) => c.json(await source.unbondStake(c.req.valid('json')), 200))
    .openapi(stakeRoutes.withdrawStake, async (c) =>
      c.json(await source.withdrawStake(c.req.valid('json')), 200),
    );
}
