import {
  memberRecordQuerySchema,
  memberRecordSchema,
  stakeDepositRequestSchema,
  stakeDepositResultSchema,
  stakesQuerySchema,
  stakesSchema,
  stakeUnbondRequestSchema,
  stakeUnbondResultSchema,
  stakeWithdrawRequestSchema,
  stakeWithdrawResultSchema,
} from '../documents/stakes.ts';
import { answers, type Endpoint, jsonBody, slow, TOKEN } from './endpoint.ts';

export const stakeEndpoints = {
  stakes: slow({
    operationId: 'stakes',
    method: 'get',
    path: '/v1/stake',
    summary: 'What an account has staked, what is unbonding, and what others have staked on its identity',
    security: TOKEN,
    request: { query: stakesQuerySchema },
    responses: answers(stakesSchema),
  }),
  memberRecord: slow({
    operationId: 'memberRecord',
    method: 'get',
    path: '/v1/stake/record',
    summary:
      'Duties that an identity missed, disputes it lost, and what that cost it, from the events of the chain',
    security: TOKEN,
    request: { query: memberRecordQuerySchema },
    responses: answers(memberRecordSchema),
  }),
  depositStake: slow({
    operationId: 'depositStake',
    method: 'post',
    path: '/v1/stake/deposit',
    summary: "Stake on this wallet's identity, or on another wallet's; answers when mined",
    security: TOKEN,
    request: { body: jsonBody(stakeDepositRequestSchema) },
    responses: answers(stakeDepositResultSchema),
  }),
  unbondStake: slow({
    operationId: 'unbondStake',
    method: 'post',
    path: '/v1/stake/unbond',
    summary: 'Request stake back: it can be withdrawn after the unbonding period; answers when mined',
    security: TOKEN,
    request: { body: jsonBody(stakeUnbondRequestSchema) },
    responses: answers(stakeUnbondResultSchema),
  }),
  withdrawStake: slow({
    operationId: 'withdrawStake',
    method: 'post',
    path: '/v1/stake/withdraw',
    summary: 'Withdraw all stake whose unbonding period is over to the wallet; answers when mined',
    security: TOKEN,
    request: { body: jsonBody(stakeWithdrawRequestSchema) },
    responses: answers(stakeWithdrawResultSchema),
  }),
} satisfies Record<string, Endpoint>;
