/**
 * The admin API of a node for callers: its documents, the address of a running node, and a typed client. Light to
 * import: it loads nothing of the node, and no hono.
 *
 * @example
 * import { createAdminClient, readAdmin } from '@chorus/admin-api';
 *
 * const node = createAdminClient(await readAdmin(dataDir));
 * const { tasks, earned, warnings } = await node.status();
 *
 * @packageDocumentation
 */

export type { AdminClient, CallOptions, EventsOptions } from './client/admin-client.ts';
export { ADMIN_FILE, type AdminAccess, readAdmin } from './client/admin-file.ts';
export { createAdminClient } from './client/client.ts';
export type { AdminClientOptions } from './client/request.ts';
export type {
  AgentDocument,
  AgentList,
  AgentLogDocument,
  AgentLogQuery,
  AgentMemory,
  AgentStartRequest,
  Forgotten,
  MemoryQuery,
} from './documents/agents.ts';
export type { AskedEvent, AskRequest } from './documents/asked.ts';
export type {
  HireRequest,
  MarketAsk,
  MarketAskRequest,
  OrderDocument,
  OrderList,
  RankedAnswer,
} from './documents/asks.ts';
export type {
  AddCreditRequest,
  CreditDocument,
  CreditList,
  CreditsClaimed,
  HeldChannelDocument,
  OpenCreditRequest,
} from './documents/credits.ts';
export type {
  AgentIdentityDocument,
  DirectoryList,
  DirectoryQuery,
  RegistrationDocument,
  RegistrationRequest,
} from './documents/directory.ts';
export type { Gap, LooseEvent, StreamedEvent } from './documents/events.ts';
export type {
  FeedbackGiven,
  FeedbackRequest,
  FeedbackRevoked,
  ReputationDocument,
} from './documents/feedback.ts';
export type {
  DelegateRequest,
  DelegateResult,
  GovernanceDocument,
  ParameterDocument,
  ParametersDocument,
  ParametersQuery,
  VotingPowerDocument,
} from './documents/governance.ts';
export type { Readiness } from './documents/health.ts';
export {
  JOB_FILES,
  type JobAction,
  type JobDocument,
  type JobFile,
  type JobList,
  type JobRequest,
  MAX_JOB_FILE_BYTES,
  type MarketDocument,
  type MarketWithdrawn,
  type SeatRequest,
} from './documents/market.ts';
export type { BanList, BannedPeer, BanRequest, Peer, PeerList } from './documents/network.ts';
export type { OfferDocument, OfferList } from './documents/offers.ts';
export type {
  EndedPayment,
  EndPaymentRequest,
  PaidDocument,
  PaymentDocument,
  PaymentList,
  PaymentsQuery,
  PayRequest,
  ResumedPayment,
  ResumePaymentRequest,
} from './documents/payments.ts';
export type { Problem } from './documents/problem.ts';
export type {
  ProposalDetail,
  ProposalDocument,
  ProposalList,
  ProposalsQuery,
  ProposedCallDocument,
  ProposeRequest,
  ProposeResult,
  StepRequest,
  StepResult,
  VoteRequest,
  VoteResult,
} from './documents/proposals.ts';
export type {
  CheckedPublication,
  PublicationDocument,
  PublicationRequest,
  StoredModel,
} from './documents/publications.ts';
export type {
  CollectionDocument,
  RevenueClaimed,
  RevenueClaimRequest,
  RevenueDocument,
  RevenueQuery,
  TillDocument,
  TillTermsDocument,
} from './documents/revenue.ts';
export type { ClaimRequest, ClaimResult, Earnings, Rewards } from './documents/rewards.ts';
export type { RoundProof } from './documents/round-proof.ts';
export type {
  RoundList,
  RoundSummary,
  RoundsQuery,
  SettledRoundDocument,
  SettledRounds,
} from './documents/rounds.ts';
export type {
  MemberRecordDocument,
  MemberRecordQuery,
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
  Unbonding,
} from './documents/stakes.ts';
export {
  type LimitsView,
  type PrivacyView,
  type Status,
  statusSchema,
  type Warning,
} from './documents/status.ts';
export type {
  JoinResult,
  LeaveResult,
  RefundRequest,
  RefundResult,
  Refusal,
  TaskDetail,
  TaskList,
  TaskSummary,
} from './documents/tasks.ts';
export type {
  UnitLaunchRequest,
  UnitsDocument,
  UnitsQuery,
  UnitTraded,
  UnitTradeRequest,
} from './documents/units.ts';
export type { Accepted, Notice, TokenAmount } from './documents/values.ts';
export type { Endpoint } from './endpoints/endpoint.ts';
export { ENDPOINTS } from './endpoints/endpoints.ts';
