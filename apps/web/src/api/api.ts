import type {
  AgentIdentityDocument,
  AgentList,
  AskRequest,
  ClaimRequest,
  ClaimResult,
  CreditDocument,
  CreditList,
  DelegateRequest,
  DelegateResult,
  DirectoryList,
  FeedbackGiven,
  FeedbackRequest,
  FeedbackRevoked,
  GovernanceDocument,
  JobAction,
  JobDocument,
  JobFile,
  JobList,
  JobRequest,
  MarketDocument,
  MarketWithdrawn,
  ParametersDocument,
  PeerList,
  ProposalDetail,
  ProposalList,
  ProposeRequest,
  ProposeResult,
  ReputationDocument,
  RevenueClaimed,
  RevenueClaimRequest,
  RevenueDocument,
  Rewards,
  RoundList,
  RoundProof,
  SettledRounds,
  StakeDepositRequest,
  StakeDepositResult,
  StakesDocument,
  StakeUnbondRequest,
  StakeUnbondResult,
  StakeWithdrawRequest,
  StakeWithdrawResult,
  Status,
  StepResult,
  TaskDetail,
  TaskList,
  TillDocument,
  VoteRequest,
  VoteResult,
} from '@chorus/admin-api';
import { Failure, failureOf } from './failure.ts';

export interface ApiOptions {
  /** Null for everyone: the explorer needs none. */
  token: string | null;
  /** Before each path; the explorer's API lies below it. */
  base?: string;
  /** Default: the browser's. */
  fetch?: typeof fetch;
}

const JSON_TYPE = { 'content-type': 'application/json' };
const BYTES_TYPE = { 'content-type': 'application/octet-stream' };

type Query = Record<string, string | number | undefined>;

/**
 * The admin API as this page uses it. The node that answers is the one that served the page, of the same version: its
 * answers are not checked again, so that the page needs no schemas.
 */
export type Api = ReturnType<typeof createApi>;

export function createApi({ token, base = '', fetch: send = (url, init) => fetch(url, init) }: ApiOptions) {
  async function open(path: string, init: RequestInit = {}): Promise<Response> {
    const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
    const headers = { ...authorization, ...init.headers };
    const response = await send(`${base}${path}`, { ...init, headers }).catch((error: unknown) => {
      if (init.signal?.aborted) throw error;
      throw new Failure(
        'E_ADMIN_UNREACHABLE',
        'the node does not answer',
        'check that it runs: chorus status. After a restart: chorus open',
      );
    });
    if (!response.ok) throw await failureOf(response);
    return response;
  }
  const get = async <T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> => {
    const given = Object.entries(query).flatMap(([name, value]) =>
      value === undefined || value === '' ? [] : [[name, String(value)]],
    );
    const text = new URLSearchParams(given).toString();
    const response = await open(text === '' ? path : `${path}?${text}`, signal ? { signal } : {});
    return (await response.json()) as T;
  };
  const post = async <T>(path: string, request: object): Promise<T> => {
    const init = { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(request) };
    return (await (await open(path, init)).json()) as T;
  };
  /** Numbers and names in a path are those of strangers. */
  const at = (...parts: string[]) => `/v1/${parts.map(encodeURIComponent).join('/')}`;
  return {
    status: () => get<Status>('/v1/status'),
    tasks: () => get<TaskList>('/v1/tasks'),
    task: (id: string) => get<TaskDetail>(at('tasks', id)),
    lastRounds: () => get<RoundList>('/v1/rounds', { limit: 1000 }),
    rounds: (task: string) => get<RoundList>('/v1/rounds', { task, limit: 1000 }),
    settledRounds: (task: string) => get<SettledRounds>(at('tasks', task, 'rounds')),
    roundProof: (task: string, round: number, signal: AbortSignal) =>
      get<RoundProof>(at('tasks', task, 'rounds', String(round), 'proof'), {}, signal),
    stakes: () => get<StakesDocument>('/v1/stake'),
    rewards: () => get<Rewards>('/v1/rewards'),
    claim: (request: ClaimRequest) => post<ClaimResult>('/v1/rewards/claim', request),
    deposit: (request: StakeDepositRequest) => post<StakeDepositResult>('/v1/stake/deposit', request),
    unbond: (request: StakeUnbondRequest) => post<StakeUnbondResult>('/v1/stake/unbond', request),
    withdraw: (request: StakeWithdrawRequest) => post<StakeWithdrawResult>('/v1/stake/withdraw', request),
    agents: () => get<AgentList>('/v1/agents'),
    findAgents: (text: string) => get<DirectoryList>('/v1/directory', { text, limit: 100 }),
    inspectAgent: (agent: string) => get<AgentIdentityDocument>(at('directory', agent)),
    reputation: (agent: string) => get<ReputationDocument>(at('directory', agent, 'feedback')),
    giveFeedback: (agent: string, request: FeedbackRequest) =>
      post<FeedbackGiven>(at('directory', agent, 'feedback'), request),
    revokeFeedback: async (agent: string, index: string) => {
      const response = await open(at('directory', agent, 'feedback', index), { method: 'DELETE' });
      return (await response.json()) as FeedbackRevoked;
    },
    revenue: (tasks: readonly string[]) => get<RevenueDocument>('/v1/revenue', { tasks: tasks.join(',') }),
    claimRevenue: (request: RevenueClaimRequest) => post<RevenueClaimed>('/v1/revenue/claim', request),
    credits: () => get<CreditList>('/v1/agents/credits/list'),
    closeCredit: (id: string) => post<CreditDocument>(at('agents', 'credits', id, 'close'), {}),
    till: (agent: string) => get<TillDocument>(at('tills', agent)),
    market: () => get<MarketDocument>('/v1/market'),
    jobs: () => get<JobList>('/v1/market/jobs'),
    job: (id: string) => get<JobDocument>(at('market', 'jobs', id)),
    createJob: (request: JobRequest) => post<JobDocument>('/v1/market/jobs', request),
    actOnJob: (id: string, action: JobAction) =>
      post<JobDocument>(at('market', 'jobs', id, 'actions'), action),
    /** The bytes of a file of a job, checked by the node against their digest on chain. */
    jobFile: async (id: string, file: string) => (await open(at('market', 'jobs', id, 'files', file))).blob(),
    storeJobFile: async (name: string, bytes: Blob) => {
      const init = { method: 'POST', headers: BYTES_TYPE, body: bytes };
      return (await (
        await open(`/v1/market/files?${new URLSearchParams({ name })}`, init)
      ).json()) as JobFile;
    },
    withdrawFromMarket: () => post<MarketWithdrawn>('/v1/market/withdraw', {}),
    governance: () => get<GovernanceDocument>('/v1/governance'),
    parameters: () => get<ParametersDocument>('/v1/governance/parameters'),
    proposals: () => get<ProposalList>('/v1/governance/proposals'),
    proposal: (number: string) => get<ProposalDetail>(at('governance', 'proposals', number)),
    propose: (request: ProposeRequest) => post<ProposeResult>('/v1/governance/proposals', request),
    vote: (proposal: string, request: VoteRequest) =>
      post<VoteResult>(at('governance', 'proposals', proposal, 'vote'), request),
    /** Queue a proposal that has passed, or carry it out. */
    takeFurther: (proposal: string, step: 'queue' | 'execute') =>
      post<StepResult>(at('governance', 'proposals', proposal, step), {}),
    delegateVotes: (request: DelegateRequest) => post<DelegateResult>('/v1/governance/delegate', request),
    peers: () => get<PeerList>('/v1/peers'),
    /** A stream of what the node reports, after the event with that id. */
    events: (after: string | null, signal: AbortSignal) =>
      open('/v1/events', { signal, headers: after === null ? {} : { 'last-event-id': after } }),
    /** A stream of an agent's answer. */
    ask: (request: AskRequest, signal: AbortSignal) =>
      open('/v1/agents/calls/ask', {
        method: 'POST',
        signal,
        headers: JSON_TYPE,
        body: JSON.stringify(request),
      }),
  };
}
