import type { RoundSummary, Status, TaskSummary, TokenAmount } from '@chorus/admin-api';
import { withDecimals } from '@chorus/chain';
import type { TrainingSettings } from '../config/settings.ts';
import type { RoundQuery } from '../journal/history.ts';
import type { TrainingReadings } from '../metrics/training-metrics.ts';
import { ActivityTracker } from './activity-tracker.ts';
import type { Followed } from './followed.ts';
import { limitsView } from './limits-view.ts';
import { MoneyView, type TokenUnits } from './money-view.ts';
import { privacyView } from './privacy-view.ts';
import { roundSummary } from './round-view.ts';
import { taskSummary } from './task-view.ts';

/** Rounds on the status screen. */
const STATUS_ROUNDS = 10;

type TrainingStatus = Pick<
  Status,
  'tasks' | 'refused' | 'rounds' | 'earned' | 'claimable' | 'staked' | 'limits' | 'privacy'
> & { node: Pick<Status['node'], 'roles'> };

/** Training as the admin API and the metrics show it. */
export class StatusView {
  readonly activities = new ActivityTracker();
  readonly money: MoneyView;
  readonly #training: Followed;
  readonly #config: TrainingSettings;

  constructor(training: Followed, config: TrainingSettings) {
    this.#training = training;
    this.#config = config;
    this.money = new MoneyView(training);
  }

  /** Training's part of the status document. */
  async status(): Promise<TrainingStatus> {
    const { money } = this;
    const { journal, budget, ports } = this.#training;
    const [claimable, tasks, rounds, earned, staked] = await Promise.all([
      this.claimable().catch(() => []),
      this.tasks(),
      this.rounds({ limit: STATUS_ROUNDS }),
      withDecimals(ports.chain, money.earned()),
      withDecimals(ports.chain, money.staked()),
    ]);
    return {
      node: { roles: this.#config.roles },
      tasks,
      refused: this.activities.refusals(),
      rounds,
      earned,
      claimable,
      staked,
      limits: limitsView(this.#config, budget.machine),
      privacy: privacyView(this.#config.privacy, journal),
    };
  }

  /** The tasks that the node follows. */
  tasks(): Promise<TaskSummary[]> {
    const { chain } = this.#training.ports;
    const summaries = this.#training
      .followed()
      .flatMap((task) => taskSummary(chain.account, task, this.activities.of(task.taskId)) ?? []);
    return withDecimals(chain, summaries);
  }

  /** The rounds in the journal, the newest first. */
  rounds(query: RoundQuery): Promise<RoundSummary[]> {
    const { journal, ports } = this.#training;
    const summaries = journal
      .rounds(query)
      .map((record) => roundSummary(record, this.activities.stageSeconds(record.taskId, record.round)));
    return withDecimals(ports.chain, summaries);
  }

  /** What the chain would pay out now. */
  async claimable(): Promise<TokenAmount[]> {
    return withDecimals(this.#training.ports.chain, await this.money.claimable());
  }

  /** The state of training when the metrics are read. */
  async readings(): Promise<TrainingReadings> {
    const followed = this.#training.followed();
    const earned = this.#training.journal.totals();
    const claimable = await this.money.claimable().catch(() => []);
    const staked = this.money.staked();
    const tokens = new Set([...earned, ...claimable, ...staked].map(({ token }) => token));
    const decimals = await withDecimals(
      this.#training.ports.chain,
      Array.from(tokens, (token) => ({ token })),
    );
    const statuses = followed.map(({ task }) => task?.status ?? 'unknown');
    return {
      queue: followed.reduce((sum, { active, waiting }) => sum + active.length + waiting, 0),
      tasks: [...new Set(statuses)].map((status) => ({
        status,
        count: statuses.filter((other) => other === status).length,
      })),
      earned: earned.flatMap(({ token, rewards, fees }) => [
        { token, kind: 'reward' as const, amount: Number(rewards) },
        { token, kind: 'fee' as const, amount: Number(fees) },
      ]),
      claimable: asNumbers(claimable),
      staked: asNumbers(staked),
      decimals: decimals.flatMap((row) =>
        row.decimals === null ? [] : [{ token: row.token, decimals: row.decimals }],
      ),
    };
  }
}

const asNumbers = (rows: readonly TokenUnits[]) =>
  rows.map(({ token, amount }) => ({ token, amount: Number(amount) }));
