import { type Address, ChorusError, decodeTerms, type Terms } from '@chorus/protocol';
import { EventRing } from '../admin/event-ring.ts';
import { factsOf } from '../admin/problem.ts';
import type { BanList, BannedPeer, BanRequest, PeerList } from '../admin/schema/network.ts';
import type { CheckedPublication, PublicationDocument, StoredModel } from '../admin/schema/publications.ts';
import type { ClaimResult, Earnings, Rewards, RoundList, RoundSummary } from '../admin/schema/rounds.ts';
import type { ClaimRequest, RoundsQuery } from '../admin/schema/routes.ts';
import type { Readiness, Status, Warning } from '../admin/schema/status.ts';
import type { JoinResult, LeaveResult, RefundResult, TaskDetail, TaskList, TaskSummary } from '../admin/schema/tasks.ts';
import type { Notice, TokenAmount } from '../admin/schema/values.ts';
import type { AdminSource } from '../admin/source.ts';
import type { ChorusNode } from '../chorus-node.ts';
import type { NodeConfig } from '../config.ts';
import type { NodeEvent } from '../events.ts';
import { didOfPeerId } from '../identity/did.ts';
import type { RoundRecord } from '../journal/records.ts';
import { missedRoundBps } from '../limits/consider-task.ts';
import type { Metrics, Readings } from '../metrics/metrics.ts';
import type { PublicationState } from '../publications.ts';
import { ActivityBook } from './activity-book.ts';
import { type ChainView, ChainWatch } from './chain-watch.ts';
import { conditions } from './conditions.ts';
import { limitsView } from './limits-view.ts';
import type { Machine } from './machine.ts';
import { detailsOf, type NetworkDetails } from './network-details.ts';
import { rolesIn, taskDetail, taskSummary } from './task-view.ts';
import { WarningBook } from './warning-book.ts';

/** Rounds on the status screen. */
const STATUS_ROUNDS = 10;

/** Tokens whose balances are asked for; a node earns in one or two. */
const MAX_TOKENS = 20;

/** Balances are asked for at most so often, milliseconds. */
const BALANCES_FRESH = 5_000;

/** Between two events of progress in the stream. */
const PROGRESS_MILLISECONDS = 500;

/** A store that could not be written within this time is not well. */
const STORE_TROUBLE_MILLISECONDS = 60_000;

/** A loop that is behind by more does not answer peers in time. */
const MAX_LAG_MILLISECONDS = 2_000;

export interface NodeAdminOptions {
  config: NodeConfig;
  version: string;
  machine: Machine;
  metrics: Metrics;
  /** Begins to end the process. */
  onShutdown: () => void;
}

/**
 * A node as its admin API shows it: what its events told, what its journal holds and what the chain says, put into
 * the API's documents. It is made before the node, whose events it has to see from the first on.
 */
export class NodeAdmin implements AdminSource {
  readonly version: string;
  readonly events = new EventRing();
  readonly #options: NodeAdminOptions;
  readonly #warnings = new WarningBook();
  readonly #activities = new ActivityBook();
  readonly #startedAt = new Date();
  #node: ChorusNode | null = null;
  #chain: ChainWatch | null = null;
  #state: 'starting' | 'ready' = 'starting';
  /** What was told last of each task's progress. */
  readonly #progress = new Map<bigint, { step: string; at: number }>();
  #claimable: { at: number; amounts: Promise<TokenAmount[]> } | null = null;

  constructor(options: NodeAdminOptions) {
    this.#options = options;
    this.version = options.version;
  }

  /** The node, as soon as there is one. */
  attach(node: ChorusNode): void {
    this.#node = node;
    this.#chain = new ChainWatch(node.ports.chain);
  }

  /** Every event of the node comes by here. */
  observe(event: NodeEvent): void {
    if (event.type === 'ready') this.#state = 'ready';
    this.#warnings.observe(event);
    this.#activities.observe(event);
    this.#options.metrics.observe(event);
    if (event.type === 'task-ended') this.#progress.delete(event.taskId);
    if (event.type !== 'progress' || this.#isNews(event)) this.events.add(event);
  }

  get #phase(): 'starting' | 'ready' | 'stopping' {
    return this.#node?.closing.aborted ? 'stopping' : this.#state;
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
    const chain = await this.#chain?.view();
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
    return { contentType: metrics.contentType, text: await metrics.text(await this.#readings()) };
  }

  async #readings(): Promise<Readings> {
    const node = this.#running();
    const [chain, details, claimable] = await Promise.all([
      this.#chain!.view(),
      this.#network()?.stats() ?? null,
      this.#claimables().catch(() => []),
    ]);
    const followed = node.followed();
    const statuses = followed.map(({ task }) => task?.status ?? 'unknown');
    const amounts = (rows: TokenAmount[]) =>
      rows.map(({ token, amount }) => ({ token, amount: Number(amount) }));
    return {
      peers: node.ports.network.peers().length,
      banned: details?.bans.length ?? 0,
      gossip: (details?.topics ?? []).flatMap(({ topic, accepted, ignored, rejected, published }) =>
        Object.entries({ accepted, ignored, rejected, published }).map(([verdict, count]) => ({
          // The kind alone: the rest of the name is the same for all.
          topic: topic.split('/').at(-1) ?? topic,
          verdict,
          count,
        })),
      ),
      bytes: details?.bytes ?? null,
      requests: Object.entries(details?.requests ?? {}).map(([outcome, count]) => ({ outcome, count })),
      queue: followed.reduce((sum, { active, waiting }) => sum + active.length + waiting, 0),
      tasks: [...new Set(statuses)].map((status) => ({
        status,
        count: statuses.filter((s) => s === status).length,
      })),
      chain: { height: chain.height, lagSeconds: chain.time === null ? null : lagOf(chain.time) },
      earned: node.journal.totals().flatMap(({ token, rewards, fees }) => [
        { token, kind: 'reward' as const, amount: Number(rewards) },
        { token, kind: 'fee' as const, amount: Number(fees) },
      ]),
      claimable: amounts(claimable),
      staked: amounts(this.#staked()),
      diskBytes: node.gate.disk.usedBytes,
      paused: node.gate.pauses().length > 0,
    };
  }

  // ---- what the node is and does ----

  async status(): Promise<Status> {
    const node = this.#running();
    const { config, machine, version } = this.#options;
    const { chain, network } = node.ports;
    const [head, claimable] = await Promise.all([this.#chain!.view(), this.#claimables().catch(() => [])]);
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
        lagSeconds: head.time === null ? null : lagOf(head.time),
        gasBalance: head.gasBalance?.toString() ?? null,
      },
      tasks: this.#summaries(),
      refused: this.#activities.refusals(),
      rounds: this.#rounds({ limit: STATUS_ROUNDS }),
      earned: this.#earned(),
      claimable,
      staked: this.#staked(),
      resources: {
        cpuPercent: machine.cpuPercent,
        rssBytes: memory.rss,
        heapBytes: memory.heapUsed,
        eventLoopLagMs: machine.lagMs,
        disk: { usedBytes: node.gate.disk.usedBytes, freeBytes: node.gate.disk.freeBytes },
      },
      limits: limitsView(config, node.gate.withinHours()),
      warnings: [
        ...this.#conditions(head),
        // What holds is told above, with the time it was last looked at.
        ...this.#warnings.list(),
      ].filter(({ code }, i, all) => all.findIndex((other) => other.code === code) === i),
    };
  }

  async tasks(): Promise<TaskList> {
    this.#running();
    return { tasks: this.#summaries(), refused: this.#activities.refusals() };
  }

  async task(id: bigint): Promise<TaskDetail> {
    const node = this.#running();
    const { chain } = node.ports;
    const followed = node.followed().find(({ taskId }) => taskId === id);
    const task = followed?.task ?? (await chain.task(id));
    const known = followed ?? {
      taskId: id,
      terms: this.#termsOf(node, id),
      context: null,
      active: [],
      waiting: 0,
      settledThrough: null,
      left: node.gate.isLeft(id),
      hasDone: () => false,
      stake: 0n,
    };
    return taskDetail(chain.account, { ...known, task }, this.#activities.of(id));
  }

  async rounds({ task, limit }: RoundsQuery): Promise<RoundList> {
    this.#running();
    return { rounds: this.#rounds({ limit, ...(task === undefined ? {} : { taskId: BigInt(task) }) }) };
  }

  async rewards(): Promise<Rewards> {
    this.#running();
    return { earned: this.#earned(), claimable: await this.#claimables(), staked: this.#staked() };
  }

  async peers(): Promise<PeerList> {
    const node = this.#running();
    const stats = await this.#network()?.stats();
    const followed = node.followed();
    const tasksOf = (peer: string) =>
      followed.flatMap(({ taskId, context }) =>
        context?.members.some((m) => m.peerId === peer) ? [taskId.toString()] : [],
      );
    if (!stats) {
      const none = { addresses: [], direction: null, since: null, latencyMs: null, score: null, blame: null };
      return {
        peers: node.ports.network.peers().map((peerId) => ({ peerId, ...none, tasks: tasksOf(peerId) })),
      };
    }
    return {
      peers: stats.peers.map(({ peer, connections, score, blame }) => ({
        peerId: peer,
        addresses: connections.map(({ address }) => address),
        direction: connections[0]?.direction ?? null,
        since: connections[0] ? new Date(Math.min(...connections.map((c) => c.since))).toISOString() : null,
        latencyMs: connections.find((c) => c.latencyMs !== null)?.latencyMs ?? null,
        score,
        blame,
        tasks: tasksOf(peer),
      })),
    };
  }

  // ---- what it is told to do ----

  async join(id: bigint): Promise<JoinResult> {
    const result = await this.#running().join(id);
    const taskId = id.toString();
    if (result.outcome !== 'refused') return { taskId, outcome: result.outcome, reason: null };
    const { code, message, hint = null } = result.error;
    return { taskId, outcome: 'refused', reason: { code, message, hint } };
  }

  async leave(id: bigint): Promise<LeaveResult> {
    const node = this.#running();
    const task = node.followed().find(({ taskId }) => taskId === id)?.task;
    const { member, stake } = await node.leave(id);
    const cost = task ? missedRoundBps(task.slashing, rolesIn(node.ports.chain.account, task)) : 0;
    return {
      taskId: id.toString(),
      member,
      stakeLocked: stake.toString(),
      missedRoundBps: member ? cost : 0,
      stakeReturnsAfter: member
        ? 'the task has ended on chain, by its last round or its deadlines; this node takes the stake back then'
        : 'nothing is at stake',
      message: member
        ? `No more work is done for the task. What was committed in the round under way is still provided. No transaction ends a membership early: until the task ends the stake stays locked, and each round missed costs ${cost / 100} % of it.`
        : 'The task will not be joined.',
    };
  }

  async refund(id: bigint, cancel: boolean): Promise<RefundResult> {
    const { token, amount, transaction } = await this.#running().refund(id, { cancel });
    return { taskId: id.toString(), token, amount: amount.toString(), transaction };
  }

  async storeModel(model: Uint8Array): Promise<StoredModel> {
    const { storage } = this.#running().ports;
    return { cid: await storage.put(model), bytes: model.length };
  }

  async publish(id: string, request: CheckedPublication): Promise<PublicationDocument> {
    return toPublication(this.#running().publications.begin(id, request));
  }

  async publication(id: string): Promise<PublicationDocument> {
    return toPublication(this.#running().publications.find(id));
  }

  async claim({ token }: ClaimRequest): Promise<ClaimResult> {
    const node = this.#running();
    const wanted = token === undefined ? await this.#claimables(true) : [{ token, amount: '1' }];
    const claimed: ClaimResult['claimed'] = [];
    for (const { token: each, amount } of wanted) {
      if (amount === '0') continue;
      const receipt = await node.claim(each as Address);
      claimed.push({ token: each, amount: receipt.amount.toString(), transaction: receipt.transaction });
    }
    this.#claimable = null;
    return { claimed };
  }

  async bans(): Promise<BanList> {
    const bans = this.#network()?.bans() ?? [];
    return { bans: bans.map(toBan) };
  }

  async ban({ peerId, seconds, reason }: BanRequest): Promise<BannedPeer> {
    const network = this.#network();
    network?.ban(peerId, {
      ...(seconds === undefined ? {} : { ms: 1000 * seconds }),
      ...(reason === undefined ? {} : { reason }),
    });
    const banned = network?.bans().find(({ peer }) => peer === peerId);
    if (!banned) throw new ChorusError('E_ADMIN_NOT_READY', 'this network keeps no bans');
    return toBan(banned);
  }

  async unban(peerId: string): Promise<void> {
    this.#network()?.unban(peerId);
  }

  shutdown(): void {
    this.#options.onShutdown();
  }

  // ---- parts ----

  #running(): ChorusNode {
    if (this.#node) return this.#node;
    throw new ChorusError('E_ADMIN_NOT_READY', 'the node is still starting', {
      hint: 'ask again in a moment',
    });
  }

  #network(): NetworkDetails | null {
    return this.#node && detailsOf(this.#node.ports.network);
  }

  #pauses(): Notice[] {
    return this.#running()
      .gate.pauses()
      .map(({ code, reason, change }) => ({ code, message: reason, hint: change }));
  }

  #conditions(chain: ChainView): Warning[] {
    const node = this.#running();
    const at = new Date().toISOString();
    return conditions({
      uptimeSeconds: (Date.now() - this.#startedAt.getTime()) / 1000,
      chainId: node.ports.chain.chainId,
      wallet: node.ports.chain.account,
      chain,
      lagSeconds: chain.time === null ? null : lagOf(chain.time),
      peers: node.ports.network.peers().length,
      diskFreeBytes: node.gate.disk.freeBytes,
    }).map((notice) => ({ ...notice, count: 1, firstAt: at, lastAt: at }));
  }

  #summaries(): TaskSummary[] {
    const node = this.#running();
    return node.followed().flatMap((followed) => {
      const activity = this.#activities.of(followed.taskId);
      return taskSummary(node.ports.chain.account, followed, activity) ?? [];
    });
  }

  #termsOf(node: ChorusNode, id: bigint): Terms | null {
    const bytes = node.announcedTerms(id);
    return bytes && decodeTerms(bytes);
  }

  #rounds(query: { limit: number; taskId?: bigint }): RoundSummary[] {
    return this.#running()
      .journal.rounds(query)
      .map((record) => this.#round(record));
  }

  #round({ taskId, round, outcome, at, trainer, weight, share, ...record }: RoundRecord): RoundSummary {
    const { token, reward, fee, reason, transaction } = record;
    const trained = trainer !== null && outcome === 'settled';
    return {
      taskId: taskId.toString(),
      round,
      outcome,
      endedAt: new Date(at).toISOString(),
      trainer,
      weight: trained ? weight : null,
      share: trained ? share : null,
      token,
      reward: reward.toString(),
      fee: fee.toString(),
      reason,
      transaction,
      stageSeconds: this.#activities.stageSeconds(taskId, round),
    };
  }

  #earned(): Earnings[] {
    return this.#running()
      .journal.totals()
      .map(({ token, rewards, fees, claimed, ...rounds }) => ({
        token,
        amount: (rewards + fees).toString(),
        rewards: rewards.toString(),
        fees: fees.toString(),
        claimed: claimed.toString(),
        ...rounds,
      }));
  }

  #staked(): TokenAmount[] {
    return [...this.#running().gate.staked()].map(([token, amount]) => ({
      token,
      amount: amount.toString(),
    }));
  }

  /** Balances on chain, of the tokens this node has to do with. */
  #claimables(fresh = false): Promise<TokenAmount[]> {
    const node = this.#running();
    if (fresh || !this.#claimable || Date.now() - this.#claimable.at > BALANCES_FRESH) {
      const { chain } = node.ports;
      const tokens = new Set([
        ...node.followed().flatMap(({ task }) => (task ? [task.token.toLowerCase()] : [])),
        ...node.journal.totals().map(({ token }) => token.toLowerCase()),
      ]);
      const amounts = Promise.all(
        [...tokens].slice(0, MAX_TOKENS).map(async (token) => ({
          token,
          amount: (
            await chain.claimable(token as Address, chain.account, node.tasksPaying(token as Address))
          ).toString(),
        })),
      );
      this.#claimable = { at: Date.now(), amounts };
      amounts.catch(() => {
        this.#claimable = null;
      });
    }
    return this.#claimable.amounts;
  }
}

const lagOf = (time: number) => Math.max(0, Math.round(Date.now() / 1000 - time));

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

function toBan({ peer, until, reason }: { peer: string; until: number; reason: string }): BannedPeer {
  return { peerId: peer, reason, until: Number.isFinite(until) ? new Date(until).toISOString() : null };
}
