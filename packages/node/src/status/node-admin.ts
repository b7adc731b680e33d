import { type Address, type ChainPort, ChorusError, decodeTerms, type Terms } from '@chorus/protocol';
import { modelMemory } from '@chorus/training';
import { EventRing } from '../admin/event-ring.ts';
import { factsOf } from '../admin/problem.ts';
import type { BanList, BannedPeer, BanRequest, PeerList } from '../admin/schema/network.ts';
import type { CheckedPublication, PublicationDocument, StoredModel } from '../admin/schema/publications.ts';
import type { ClaimResult, Rewards, RoundList, RoundSummary } from '../admin/schema/rounds.ts';
import type { ClaimRequest, RoundsQuery } from '../admin/schema/routes.ts';
import type {
  StakeDepositRequest,
  StakeDepositResult,
  StakesDocument,
  StakesQuery,
  StakeUnbondRequest,
  StakeUnbondResult,
  StakeWithdrawRequest,
  StakeWithdrawResult,
} from '../admin/schema/stakes.ts';
import type { Readiness, Status } from '../admin/schema/status.ts';
import type {
  JoinResult,
  LeaveResult,
  RefundResult,
  TaskDetail,
  TaskList,
  TaskSummary,
} from '../admin/schema/tasks.ts';
import type { Notice, TokenAmount } from '../admin/schema/values.ts';
import type { AdminSource } from '../admin/source.ts';
import type { NodeConfig } from '../config/config.ts';
import type { NodeEvent } from '../events/events.ts';
import { didOfPeerId } from '../identity/did.ts';
import type { ChorusNode } from '../lifecycle/chorus-node.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { missedRoundBps } from '../policy/task-policy.ts';
import { Stakes } from '../stakes/stakes.ts';
import type { PublicationState } from '../tasks/publication-queue.ts';
import { decimalsOf, withDecimals } from '../utils/token-decimals.ts';
import { ActivityTracker } from './activity-tracker.ts';
import { lagSeconds } from './chain-watch.ts';
import type { HostInfo } from './host-info.ts';
import { limitsView } from './limits-view.ts';
import { metricValues } from './metric-values.ts';
import { MoneyView } from './money-view.ts';
import { detailsOf, type NetworkDetails } from './network-details.ts';
import type { NodeConditions } from './node-conditions.ts';
import { bannedPeer, peerList } from './peer-view.ts';
import { privacyView } from './privacy-view.ts';
import { RecentWarnings } from './recent-warnings.ts';
import { roundSummary } from './round-view.ts';
import { rolesIn, taskDetail, taskSummary } from './task-view.ts';

/** Rounds on the status screen. */
const STATUS_ROUNDS = 10;

/** Between two events of progress in the stream. */
const PROGRESS_MILLISECONDS = 500;

/** A store that could not be written within this time is not well. */
const STORE_TROUBLE_MILLISECONDS = 60_000;

/** A loop that is behind by more does not answer peers in time. */
const MAX_LAG_MILLISECONDS = 2_000;

export interface NodeAdminOptions {
  config: NodeConfig;
  version: string;
  machine: HostInfo;
  metrics: Metrics;
  /** Begins to end the process. */
  onShutdown: () => void;
}

/** A node that runs, and what is asked of its chain. */
interface Attached {
  node: ChorusNode;
  conditions: NodeConditions;
  money: MoneyView;
  stakes: Stakes;
}

/**
 * A node as its admin API shows it: what its events told, what its journal holds and what the chain says, put into
 * the API's documents. It is made before the node, whose events it has to see from the first on.
 */
export class NodeAdmin implements AdminSource {
  readonly version: string;
  readonly events = new EventRing();
  readonly #options: NodeAdminOptions;
  readonly #warnings = new RecentWarnings();
  readonly #activities = new ActivityTracker();
  readonly #startedAt = new Date();
  #attached: Attached | null = null;
  #state: 'starting' | 'ready' = 'starting';
  /** What keeps it from starting. */
  #waitsFor: Notice | null = null;
  /** What was told last of each task's progress. */
  readonly #progress = new Map<bigint, { step: string; at: number }>();

  constructor(options: NodeAdminOptions) {
    this.#options = options;
    this.version = options.version;
  }

  /** The node, as soon as there is one. */
  attach(node: ChorusNode, conditions: NodeConditions): void {
    const { chain, network } = node.ports;
    const stakes = new Stakes({ chain, peerId: () => network.peerId });
    this.#attached = { node, conditions, money: new MoneyView(node), stakes };
  }

  /** Every event of the node comes by here. */
  observe(event: NodeEvent): void {
    if (event.type === 'ready') this.#state = 'ready';
    if (event.type === 'condition-began') this.#waitsFor = event;
    if (event.type === 'condition-ended') this.#waitsFor = null;
    this.#warnings.observe(event);
    this.#activities.observe(event);
    this.#options.metrics.observe(event);
    if (event.type === 'task-ended') this.#progress.delete(event.taskId);
    if (event.type !== 'progress' || this.#isNews(event)) this.events.add(event);
  }

  get #phase(): 'starting' | 'ready' | 'stopping' {
    return this.#attached?.node.closing.aborted ? 'stopping' : this.#state;
  }

  /** Progress comes many times a second; a stream that tells all of it would remember nothing else. */
  #isNews({ taskId, round, stage, fraction }: Extract<NodeEvent, { type: 'progress' }>): boolean {
    const step = `${round}:${stage}`;
    const now = Date.now();
    const last = this.#progress.get(taskId);
    if (last?.step === step && now - last.at < PROGRESS_MILLISECONDS && fraction < 1) return false;
    this.#progress.set(taskId, { step, at: now });
    return true;
  }

  // ---- health and metrics ----

  async ready(): Promise<Readiness> {
    const { machine } = this.#options;
    const chain = await this.#attached?.conditions.chain.view();
    const checks = {
      started: this.#phase === 'ready',
      chain: chain?.reachable ?? false,
      store: Date.now() - this.#warnings.lastOf('E_STORE_') > STORE_TROUBLE_MILLISECONDS,
      loop: machine.lagMs < MAX_LAG_MILLISECONDS,
    };
    return { status: Object.values(checks).every(Boolean) ? 'ok' : 'unavailable', checks };
  }

  async metrics(): Promise<{ contentType: string; text: string }> {
    const { metrics } = this.#options;
    const { node, conditions, money } = this.#running();
    const [head, details, claimable] = await Promise.all([
      conditions.chain.view(),
      this.#network()?.stats() ?? null,
      money.claimable().catch(() => []),
    ]);
    const readings = metricValues({ node, head, details, staked: money.staked(), claimable });
    return { contentType: metrics.contentType, text: await metrics.text(readings) };
  }

  // ---- what the node is and does ----

  async status(): Promise<Status> {
    const { node, conditions, money } = this.#running();
    const { config, machine, version } = this.#options;
    const { chain, network } = node.ports;
    const [head, holding, claimable, tasks, rounds, earned, staked] = await Promise.all([
      conditions.chain.view(),
      conditions.warnings(),
      this.#claimable().catch(() => []),
      this.#summaries(),
      this.#rounds({ limit: STATUS_ROUNDS }),
      withDecimals(chain, money.earned()),
      withDecimals(chain, money.staked()),
    ]);
    const paused = this.#pauses();
    const details = this.#network();
    const bytes = details?.traffic();
    const memory = process.memoryUsage();
    return {
      time: new Date().toISOString(),
      state: this.#phase === 'ready' && paused.length > 0 ? 'paused' : this.#phase,
      paused,
      node: {
        version,
        protocol: 'chorus/1',
        runtime: process.version,
        platform: `${process.platform}-${process.arch}`,
        pid: process.pid,
        startedAt: this.#startedAt.toISOString(),
        uptimeSeconds: Math.round((Date.now() - this.#startedAt.getTime()) / 1000),
        roles: config.roles,
        dataFolder: config.dataDir,
      },
      identity: { peerId: network.peerId, did: didOrNull(network.peerId), wallet: chain.account },
      network: {
        peers: network.peers().length,
        addresses: network.multiaddrs(),
        bans: details?.bans().length ?? 0,
        bytesIn: bytes?.in ?? null,
        bytesOut: bytes?.out ?? null,
      },
      chain: {
        id: chain.chainId,
        contract: chain.contract,
        reachable: head.reachable,
        height: head.height,
        blockTime: head.time === null ? null : new Date(1000 * head.time).toISOString(),
        lagSeconds: lagSeconds(head),
        gasBalance: head.gasBalance?.toString() ?? null,
        requests: requestsOf(chain),
      },
      tasks,
      refused: this.#activities.refusals(),
      rounds,
      earned,
      claimable,
      staked,
      resources: {
        cpuPercent: machine.cpuPercent,
        rssBytes: memory.rss + modelMemory(),
        heapBytes: memory.heapUsed,
        eventLoopLagMs: machine.lagMs,
        disk: { usedBytes: node.resources.disk.usedBytes, freeBytes: node.resources.disk.freeBytes },
      },
      limits: limitsView(config, node.resources),
      privacy: privacyView(config.privacy, node.journal),
      warnings: [
        ...holding,
        // What holds is told above, with the time it was last looked at.
        ...this.#warnings.list(),
      ].filter(({ code }, i, all) => all.findIndex((other) => other.code === code) === i),
    };
  }

  async tasks(): Promise<TaskList> {
    this.#running();
    return { tasks: await this.#summaries(), refused: this.#activities.refusals() };
  }

  async task(id: bigint): Promise<TaskDetail> {
    const { node } = this.#running();
    const { chain } = node.ports;
    const followed = node.followed().find(({ taskId }) => taskId === id);
    const task = followed?.task && followed.task.status !== 'ended' ? followed.task : await chain.task(id);
    const known = followed ?? {
      taskId: id,
      terms: this.#termsOf(node, id),
      context: null,
      publicCids: [],
      active: [],
      waiting: 0,
      settledThrough: null,
      left: node.resources.isLeft(id),
      hasDone: () => false,
      stake: 0n,
    };
    const decimals = await decimalsOf(chain, task.token);
    return taskDetail(chain.account, { ...known, task }, this.#activities.of(id), decimals);
  }

  async rounds({ task, limit }: RoundsQuery): Promise<RoundList> {
    this.#running();
    const query = { limit, ...(task === undefined ? {} : { taskId: BigInt(task) }) };
    return { rounds: await this.#rounds(query) };
  }

  async rewards(): Promise<Rewards> {
    const { node, money } = this.#running();
    const [earned, claimable, staked] = await Promise.all([
      withDecimals(node.ports.chain, money.earned()),
      this.#claimable(),
      withDecimals(node.ports.chain, money.staked()),
    ]);
    return { earned, claimable, staked };
  }

  async peers(): Promise<PeerList> {
    const { node } = this.#running();
    return peerList(node, (await this.#network()?.stats()) ?? null);
  }

  // ---- what it is told to do ----

  async join(id: bigint): Promise<JoinResult> {
    const result = await this.#running().node.join(id);
    const taskId = id.toString();
    if (result.outcome !== 'refused') return { taskId, outcome: result.outcome, reason: null };
    const { code, message, hint = null } = result.error;
    return { taskId, outcome: 'refused', reason: { code, message, hint } };
  }

  async leave(id: bigint): Promise<LeaveResult> {
    const { node } = this.#running();
    const task = node.followed().find(({ taskId }) => taskId === id)?.task;
    const { member, stake } = await node.leave(id);
    const cost = task ? missedRoundBps(task.slashing, rolesIn(node.ports.chain.account, task)) : 0;
    return {
      taskId: id.toString(),
      member,
      decimals: task ? await decimalsOf(node.ports.chain, task.token) : null,
      stakeLocked: stake.toString(),
      missedRoundBps: member ? cost : 0,
      stakeReturnsAfter: member
        ? 'the round under way has ended on chain, by its members or its deadlines, and no case is open; a task that is joining has to start or end first; this node takes the stake back then'
        : 'nothing is at stake',
      message: member
        ? `No more work is done for the task. What was committed in the round under way is still provided. The round under way is the last: to miss it costs ${cost / 100} % of the stake, and then the stake is taken back.`
        : 'The task will not be joined.',
    };
  }

  async refund(id: bigint, cancel: boolean): Promise<RefundResult> {
    const { node } = this.#running();
    const { token, amount, transaction } = await node.refund(id, { cancel });
    const decimals = await decimalsOf(node.ports.chain, token);
    return { taskId: id.toString(), token, decimals, amount: amount.toString(), transaction };
  }

  async storeModel(model: Uint8Array): Promise<StoredModel> {
    const { storage } = this.#running().node.ports;
    return { cid: await storage.put(model), bytes: model.length };
  }

  async publish(id: string, request: CheckedPublication): Promise<PublicationDocument> {
    return toPublication(this.#running().node.publications.begin(id, request));
  }

  async publication(id: string): Promise<PublicationDocument> {
    return toPublication(this.#running().node.publications.find(id));
  }

  async claim({ token }: ClaimRequest): Promise<ClaimResult> {
    const { node, money } = this.#running();
    const wanted = token === undefined ? await money.claimable(true) : [{ token, amount: '1' }];
    const claimed: Omit<ClaimResult['claimed'][number], 'decimals'>[] = [];
    for (const { token: each, amount } of wanted) {
      if (amount === '0') continue;
      const receipt = await node.claim(each as Address);
      claimed.push({ token: each, amount: receipt.amount.toString(), transaction: receipt.transaction });
    }
    money.forget();
    return { claimed: await withDecimals(node.ports.chain, claimed) };
  }

  async stakes(query: StakesQuery): Promise<StakesDocument> {
    return this.#running().stakes.stakes(query);
  }

  async depositStake(request: StakeDepositRequest): Promise<StakeDepositResult> {
    return this.#running().stakes.depositStake(request);
  }

  async unbondStake(request: StakeUnbondRequest): Promise<StakeUnbondResult> {
    return this.#running().stakes.unbondStake(request);
  }

  async withdrawStake(request: StakeWithdrawRequest): Promise<StakeWithdrawResult> {
    return this.#running().stakes.withdrawStake(request);
  }

  async bans(): Promise<BanList> {
    const bans = this.#network()?.bans() ?? [];
    return { bans: bans.map(bannedPeer) };
  }

  async ban({ peerId, seconds, reason }: BanRequest): Promise<BannedPeer> {
    const network = this.#network();
    network?.ban(peerId, {
      ...(seconds === undefined ? {} : { ms: 1000 * seconds }),
      ...(reason === undefined ? {} : { reason }),
    });
    const banned = network?.bans().find(({ peer }) => peer === peerId);
    if (!banned) throw new ChorusError('E_ADMIN_NOT_READY', 'this network keeps no bans');
    return bannedPeer(banned);
  }

  async unban(peerId: string): Promise<void> {
    this.#network()?.unban(peerId);
  }

  shutdown(): void {
    this.#options.onShutdown();
  }

  // ---- parts ----

  #running(): Attached {
    if (this.#attached) return this.#attached;
    const waits = this.#waitsFor;
    throw new ChorusError(
      'E_ADMIN_NOT_READY',
      waits ? `the node is still starting: ${waits.message}` : 'the node is still starting',
      { hint: waits?.hint ?? 'ask again in a moment' },
    );
  }

  #network(): NetworkDetails | null {
    return this.#attached && detailsOf(this.#attached.node.ports.network);
  }

  #pauses(): Notice[] {
    return this.#running()
      .node.resources.pauses()
      .map(({ code, reason, change }) => ({ code, message: reason, hint: change }));
  }

  #summaries(): Promise<TaskSummary[]> {
    const { node } = this.#running();
    const { chain } = node.ports;
    const summaries = node.followed().flatMap((followed) => {
      const activity = this.#activities.of(followed.taskId);
      return taskSummary(chain.account, followed, activity) ?? [];
    });
    return withDecimals(chain, summaries);
  }

  async #claimable(): Promise<TokenAmount[]> {
    const { node, money } = this.#running();
    return withDecimals(node.ports.chain, await money.claimable());
  }

  #termsOf(node: ChorusNode, id: bigint): Terms | null {
    const bytes = node.announcedTerms(id);
    return bytes && decodeTerms(bytes);
  }

  #rounds(query: { limit: number; taskId?: bigint }): Promise<RoundSummary[]> {
    const { node } = this.#running();
    const summaries = node.journal
      .rounds(query)
      .map((record) => roundSummary(record, this.#activities.stageSeconds(record.taskId, record.round)));
    return withDecimals(node.ports.chain, summaries);
  }
}

function requestsOf(chain: ChainPort): Status['chain']['requests'] {
  const use = chain.requests?.();
  if (!use) return null;
  const { pausedUntil, ...counts } = use;
  return { ...counts, pausedUntil: pausedUntil === null ? null : new Date(pausedUntil).toISOString() };
}

function didOrNull(peerId: string): string | null {
  try {
    return didOfPeerId(peerId);
  } catch {
    return null;
  }
}

function toPublication({ id, state, taskId, error }: PublicationState): PublicationDocument {
  const problem = error && {
    code: error.code,
    message: error.message,
    hint: error.hint ?? null,
    facts: factsOf(error),
  };
  return { id, state, taskId: taskId?.toString() ?? null, problem };
}
