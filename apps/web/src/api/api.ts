import type {
  AgentList,
  AskRequest,
  ClaimRequest,
  ClaimResult,
  DirectoryList,
  PeerList,
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
  TaskDetail,
  TaskList,
} from '@chorus/admin-api';
import { Failure, failureOf } from './failure.ts';

export interface ApiOptions {
  token: string;
  /** Default: the browser's. */
  fetch?: typeof fetch;
}

const JSON_TYPE = { 'content-type': 'application/json' };

type Query = Record<string, string | number | undefined>;

/**
 * The admin API as this page uses it. The node that answers is the one that served the page, of the same version: its
 * answers are not checked again, so that the page needs no schemas.
 */
export type Api = ReturnType<typeof createApi>;

export function createApi({ token, fetch: send = (url, init) => fetch(url, init) }: ApiOptions) {
  async function open(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { authorization: `Bearer ${token}`, ...init.headers };
    const response = await send(path, { ...init, headers }).catch((error: unknown) => {
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
  return {
    status: () => get<Status>('/v1/status'),
    tasks: () => get<TaskList>('/v1/tasks'),
    task: (id: string) => get<TaskDetail>(`/v1/tasks/${encodeURIComponent(id)}`),
    lastRounds: () => get<RoundList>('/v1/rounds', { limit: 1000 }),
    rounds: (task: string) => get<RoundList>('/v1/rounds', { task, limit: 1000 }),
    settledRounds: (task: string) => get<SettledRounds>(`/v1/tasks/${encodeURIComponent(task)}/rounds`),
    roundProof: (task: string, round: number, signal: AbortSignal) =>
      get<RoundProof>(`/v1/tasks/${encodeURIComponent(task)}/rounds/${round}/proof`, {}, signal),
    stakes: () => get<StakesDocument>('/v1/stake'),
    rewards: () => get<Rewards>('/v1/rewards'),
    claim: (request: ClaimRequest) => post<ClaimResult>('/v1/rewards/claim', request),
    deposit: (request: StakeDepositRequest) => post<StakeDepositResult>('/v1/stake/deposit', request),
    unbond: (request: StakeUnbondRequest) => post<StakeUnbondResult>('/v1/stake/unbond', request),
    withdraw: (request: StakeWithdrawRequest) => post<StakeWithdrawResult>('/v1/stake/withdraw', request),
    agents: () => get<AgentList>('/v1/agents'),
    findAgents: (text: string) => get<DirectoryList>('/v1/directory', { text, limit: 100 }),
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
