import type {
  AgentDocument,
  AgentList,
  AgentLogDocument,
  AgentLogQuery,
  AgentMemory,
  AgentStartRequest,
  Forgotten,
  MemoryQuery,
} from '../documents/agents.ts';
import type { AskedEvent, AskRequest } from '../documents/asked.ts';
import type {
  HireRequest,
  MarketAsk,
  MarketAskRequest,
  OrderDocument,
  OrderList,
} from '../documents/asks.ts';
import type {
  AddCreditRequest,
  CreditDocument,
  CreditList,
  CreditsClaimed,
  OpenCreditRequest,
} from '../documents/credits.ts';
import type {
  AgentIdentityDocument,
  DirectoryList,
  DirectoryQuery,
  RegistrationDocument,
  RegistrationRequest,
} from '../documents/directory.ts';
import type { LooseEvent, StreamedEvent } from '../documents/events.ts';
import type {
  FeedbackGiven,
  FeedbackRequest,
  FeedbackRevoked,
  ReputationDocument,
} from '../documents/feedback.ts';
import type {
  DelegateRequest,
  DelegateResult,
  GovernanceDocument,
  ParametersDocument,
  ParametersQuery,
} from '../documents/governance.ts';
import type { Readiness } from '../documents/health.ts';
import type {
  JOB_FILES,
  JobAction,
  JobDocument,
  JobFile,
  JobList,
  JobRequest,
  MarketDocument,
  MarketQuery,
  MarketWithdrawn,
  SeatRequest,
} from '../documents/market.ts';
import type { BanList, BannedPeer, BanRequest, PeerList } from '../documents/network.ts';
import type { OfferList } from '../documents/offers.ts';
import type {
  EndedPayment,
  EndPaymentRequest,
  PaidDocument,
  PaymentList,
  PaymentsQuery,
  PayRequest,
  ResumedPayment,
  ResumePaymentRequest,
} from '../documents/payments.ts';
import type {
  ProposalDetail,
  ProposalList,
  ProposalsQuery,
  ProposeRequest,
  ProposeResult,
  StepRequest,
  StepResult,
  VoteRequest,
  VoteResult,
} from '../documents/proposals.ts';
import type { PublicationDocument, PublicationRequest, StoredModel } from '../documents/publications.ts';
import type {
  CollectionDocument,
  RevenueClaimed,
  RevenueClaimRequest,
  RevenueDocument,
  RevenueQuery,
  TillDocument,
} from '../documents/revenue.ts';
import type { ClaimRequest, ClaimResult, Rewards } from '../documents/rewards.ts';
import type { RoundProof } from '../documents/round-proof.ts';
import type { RoundList, RoundsQuery, SettledRounds } from '../documents/rounds.ts';
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
} from '../documents/stakes.ts';
import type { Status } from '../documents/status.ts';
import type {
  JoinResult,
  LeaveResult,
  RefundRequest,
  RefundResult,
  TaskDetail,
  TaskList,
} from '../documents/tasks.ts';
import type {
  UnitLaunchRequest,
  UnitsDocument,
  UnitsQuery,
  UnitTraded,
  UnitTradeRequest,
} from '../documents/units.ts';
import type { Accepted } from '../documents/values.ts';

export interface CallOptions {
  signal?: AbortSignal;
}

export interface EventsOptions extends CallOptions {
  /** Only events of this task, and node-wide events. */
  task?: string;
  /** Resume after the event with this id. */
  lastEventId?: string;
  /** Reconnect when the connection breaks; true by default. The first connection is tried only once. */
  reconnect?: boolean;
}

/**
 * A node's admin API. Every method throws ChorusError: `E_ADMIN_UNREACHABLE` if nothing answers, `E_ADMIN_RESPONSE`
 * if this version does not expect the answer, else the node's own code.
 *
 * `E`: the events that the caller knows; by default only their `type` is.
 */
export interface AdminClient<E extends LooseEvent = LooseEvent> {
  status(options?: CallOptions): Promise<Status>;
  /** Resolves with the checks whether the node is ready or not. */
  ready(options?: CallOptions): Promise<Readiness>;
  tasks(options?: CallOptions): Promise<TaskList>;
  task(id: string | bigint, options?: CallOptions): Promise<TaskDetail>;
  join(id: string | bigint, options?: CallOptions): Promise<JoinResult>;
  leave(id: string | bigint, options?: CallOptions): Promise<LeaveResult>;
  /** Get back what an ended task of this wallet did not pay. */
  refund(id: string | bigint, request?: RefundRequest, options?: CallOptions): Promise<RefundResult>;
  /** Upload an ONNX model of at most 256 MiB, to publish a task with it. */
  storeModel(model: Uint8Array, options?: CallOptions): Promise<StoredModel>;
  /**
   * Publish under an id that the caller chooses; the same id means the same publication. Answers before publishing
   * is done.
   */
  publish(id: string, request: PublicationRequest, options?: CallOptions): Promise<PublicationDocument>;
  publication(id: string, options?: CallOptions): Promise<PublicationDocument>;
  rounds(query?: Partial<RoundsQuery>, options?: CallOptions): Promise<RoundList>;
  /** The last settled rounds of any task, from the chain: 100 by default, at most 200. */
  settledRounds(
    id: string | bigint,
    query?: { last?: number },
    options?: CallOptions,
  ): Promise<SettledRounds>;
  /** What a settled round, of any task, is checked with. It may take as long as asking peers does. */
  roundProof(id: string | bigint, round: number, options?: CallOptions): Promise<RoundProof>;
  rewards(options?: CallOptions): Promise<Rewards>;
  claim(request?: ClaimRequest, options?: CallOptions): Promise<ClaimResult>;
  stakes(query?: Partial<StakesQuery>, options?: CallOptions): Promise<StakesDocument>;
  /** Duties that an identity missed, disputes it lost, and what that cost it. */
  memberRecord(query?: MemberRecordQuery, options?: CallOptions): Promise<MemberRecordDocument>;
  depositStake(request: StakeDepositRequest, options?: CallOptions): Promise<StakeDepositResult>;
  unbondStake(request: StakeUnbondRequest, options?: CallOptions): Promise<StakeUnbondResult>;
  withdrawStake(request?: StakeWithdrawRequest, options?: CallOptions): Promise<StakeWithdrawResult>;
  agents(options?: CallOptions): Promise<AgentList>;
  agent(name: string, options?: CallOptions): Promise<AgentDocument>;
  /** Serve the agent of a file, or open it again. Resolves when others can call it. */
  startAgent(request: AgentStartRequest, options?: CallOptions): Promise<AgentDocument>;
  /** What an agent did; also of one that was stopped. */
  agentLog(name: string, query?: Partial<AgentLogQuery>, options?: CallOptions): Promise<AgentLogDocument>;
  agentMemory(name: string, query?: MemoryQuery, options?: CallOptions): Promise<AgentMemory>;
  /** Without a caller, all that it has noted. */
  forgetAgentMemory(name: string, query?: MemoryQuery, options?: CallOptions): Promise<Forgotten>;
  stopAgent(name: string, options?: CallOptions): Promise<Accepted>;
  /** Give an agent of this node its identity on chain, or bring that up to date. */
  registerAgent(
    name: string,
    request?: RegistrationRequest,
    options?: CallOptions,
  ): Promise<RegistrationDocument>;
  retireAgent(name: string, options?: CallOptions): Promise<RegistrationDocument>;
  /** Ask an agent of this node or of the network; to stop reading cancels the question. */
  askAgent(request: AskRequest, options?: CallOptions): AsyncGenerator<AskedEvent>;
  /** Agents of the network that answer, the best first. */
  findAgents(query?: Partial<DirectoryQuery>, options?: CallOptions): Promise<DirectoryList>;
  /** An agent of the network, with every link from its identity on chain to the peer that answers. */
  inspectAgent(agentId: string | bigint, options?: CallOptions): Promise<AgentIdentityDocument>;
  /** What those who paid an agent say of it. */
  reputation(agentId: string | bigint, options?: CallOptions): Promise<ReputationDocument>;
  giveFeedback(
    agentId: string | bigint,
    request: FeedbackRequest,
    options?: CallOptions,
  ): Promise<FeedbackGiven>;
  revokeFeedback(
    agentId: string | bigint,
    index: string | bigint,
    options?: CallOptions,
  ): Promise<FeedbackRevoked>;
  /** Every sum that came in and went out for calls of agents, checked. */
  payments(query?: PaymentsQuery, options?: CallOptions): Promise<PaymentList>;
  resumePayment(request: ResumePaymentRequest, options?: CallOptions): Promise<ResumedPayment>;
  /** Sign a payment for a call of another's agent. */
  pay(request: PayRequest, options?: CallOptions): Promise<PaidDocument>;
  endPayment(id: string, request: EndPaymentRequest, options?: CallOptions): Promise<EndedPayment>;
  /** Prepaid channels, of this wallet and of callers. */
  credits(options?: CallOptions): Promise<CreditList>;
  openCredit(request: OpenCreditRequest, options?: CallOptions): Promise<CreditDocument>;
  addCredit(id: string, request: AddCreditRequest, options?: CallOptions): Promise<CreditDocument>;
  closeCredit(id: string, options?: CallOptions): Promise<CreditDocument>;
  claimCredits(options?: CallOptions): Promise<CreditsClaimed>;
  /** What agents, royalties and units have brought to the wallet. */
  revenue(query?: RevenueQuery, options?: CallOptions): Promise<RevenueDocument>;
  claimRevenue(request?: RevenueClaimRequest, options?: CallOptions): Promise<RevenueClaimed>;
  /** Where an agent is paid, and how its payments are divided. */
  till(agentId: string | bigint, options?: CallOptions): Promise<TillDocument>;
  collectTill(agentId: string | bigint, options?: CallOptions): Promise<CollectionDocument>;
  units(agentId: string | bigint, query?: UnitsQuery, options?: CallOptions): Promise<UnitsDocument>;
  launchUnits(
    agentId: string | bigint,
    request: UnitLaunchRequest,
    options?: CallOptions,
  ): Promise<UnitsDocument>;
  buyUnits(agentId: string | bigint, request: UnitTradeRequest, options?: CallOptions): Promise<UnitTraded>;
  sellUnits(agentId: string | bigint, request: UnitTradeRequest, options?: CallOptions): Promise<UnitTraded>;
  /** Who decides about the parameters of the network, by which rules, and the votes of the wallet. */
  governance(options?: CallOptions): Promise<GovernanceDocument>;
  parameters(query?: ParametersQuery, options?: CallOptions): Promise<ParametersDocument>;
  /** The newest proposals: 20 by default, at most 100. */
  proposals(query?: ProposalsQuery, options?: CallOptions): Promise<ProposalList>;
  /** A proposal by its number, its id, or the beginning of its id in hexadecimal. */
  proposal(proposal: string, options?: CallOptions): Promise<ProposalDetail>;
  propose(request: ProposeRequest, options?: CallOptions): Promise<ProposeResult>;
  vote(proposal: string, request: VoteRequest, options?: CallOptions): Promise<VoteResult>;
  queueProposal(proposal: string, request?: StepRequest, options?: CallOptions): Promise<StepResult>;
  executeProposal(proposal: string, request?: StepRequest, options?: CallOptions): Promise<StepResult>;
  delegateVotes(request: DelegateRequest, options?: CallOptions): Promise<DelegateResult>;
  /** What jobs go by on this network, and what this node has to do with them. */
  market(query?: MarketQuery, options?: CallOptions): Promise<MarketDocument>;
  jobs(options?: CallOptions): Promise<JobList>;
  job(jobId: string | bigint, options?: CallOptions): Promise<JobDocument>;
  createJob(request: JobRequest, options?: CallOptions): Promise<JobDocument>;
  actOnJob(jobId: string | bigint, action: JobAction, options?: CallOptions): Promise<JobDocument>;
  /** A file of a job: what was delivered, or said in a dispute. */
  jobFile(
    jobId: string | bigint,
    file: (typeof JOB_FILES)[number],
    options?: CallOptions,
  ): Promise<Uint8Array>;
  storeJobFile(name: string, file: Uint8Array, options?: CallOptions): Promise<JobFile>;
  seat(request: SeatRequest, options?: CallOptions): Promise<MarketDocument>;
  withdrawFromMarket(options?: CallOptions): Promise<MarketWithdrawn>;
  /** Standing offers of agents that this node has heard of. */
  offers(options?: CallOptions): Promise<OfferList>;
  /** Ask the network for an offer. Nothing is paid. */
  askMarket(request: MarketAskRequest, options?: CallOptions): Promise<MarketAsk>;
  /** Hire the best answer to an ask. */
  hire(askId: string, request: HireRequest, options?: CallOptions): Promise<OrderDocument>;
  orders(options?: CallOptions): Promise<OrderList>;
  order(orderId: string, options?: CallOptions): Promise<OrderDocument>;
  peers(options?: CallOptions): Promise<PeerList>;
  bans(options?: CallOptions): Promise<BanList>;
  ban(request: BanRequest, options?: CallOptions): Promise<BannedPeer>;
  unban(peerId: string, options?: CallOptions): Promise<Accepted>;
  /** The metrics in the text format of Prometheus. */
  metrics(options?: CallOptions): Promise<string>;
  shutdown(options?: CallOptions): Promise<Accepted>;
  /** What the node reports, from now or from `lastEventId` on, until the signal aborts. */
  events(options?: EventsOptions): AsyncGenerator<StreamedEvent<E>>;
}
