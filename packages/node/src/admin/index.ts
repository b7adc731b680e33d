/**
 * The admin API for callers: its documents, the address of a running node, and a typed client. Light to import: it
 * loads nothing of the node itself.
 *
 * @example
 * import { createAdminClient, readAdmin } from '@chorus/node/admin';
 *
 * const node = createAdminClient(await readAdmin(dataDir));
 * const { tasks, earned, warnings } = await node.status();
 *
 * @packageDocumentation
 */

export type { EventJson, Gap, Jsonified, StreamedEvent } from '../events/event-schema.ts';
export {
  type Level,
  type LogMessage,
  type LogMessageOptions,
  logMessageOf,
} from '../logging/log-messages.ts';
export { ADMIN_FILE, type AdminAccess, readAdmin } from './admin-file.ts';
export {
  type AdminClient,
  type AdminClientOptions,
  type CallOptions,
  createAdminClient,
  type EventsOptions,
} from './client.ts';
export type { BanList, BannedPeer, BanRequest, Peer, PeerList } from './schema/network.ts';
export type { Problem } from './schema/problem.ts';
export type { PublicationDocument, PublicationRequest, StoredModel } from './schema/publications.ts';
export type { ClaimResult, Earnings, Rewards, RoundList, RoundSummary } from './schema/rounds.ts';
export { type ClaimRequest, ROUTES, type RoundsQuery, type Route, type RouteName } from './schema/routes.ts';
export type {
  StakeDepositRequest,
  StakeDepositResult,
  StakePositionDocument,
  StakesDocument,
  StakesQuery,
  StakeToken,
  StakeUnbondRequest,
  StakeUnbondResult,
  StakeWithdrawRequest,
  StakeWithdrawResult,
} from './schema/stakes.ts';
export {
  type LimitsView,
  type PrivacyView,
  type Readiness,
  type Status,
  statusSchema,
  type Warning,
} from './schema/status.ts';
export type {
  JoinResult,
  LeaveResult,
  RefundRequest,
  RefundResult,
  Refusal,
  TaskDetail,
  TaskList,
  TaskSummary,
} from './schema/tasks.ts';
export type { Notice, TokenAmount } from './schema/values.ts';
