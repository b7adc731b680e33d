import { type Ports, tokenUnits } from '@chorus/node';
import {
  ChorusError,
  decodeTerms,
  hasCode,
  type Role,
  sameAddress,
  type TaskState,
  type Terms,
} from '@chorus/protocol';
import { type Dataset, tryModel } from '@chorus/training';
import type { TrainingSettings } from '../config/settings.ts';
import type { Journal } from '../journal/journal.ts';
import type { TaskFiles } from '../payloads/task-files.ts';
import { acceptsToken } from '../policy/stake-policy.ts';
import type { TaskBudget, TaskFacts } from '../policy/task-budget.ts';
import { QUICKEST_STEP_SECONDS } from '../policy/work.ts';
import type { TaskSession } from '../rounds/session/task-session.ts';
import type { Background } from '../utils/background.ts';
import { allowanceOf, permittedRoles } from './allow-list.ts';
import { becomeMember } from './join-task.ts';
import type { FoundTask } from './known-tasks.ts';

export interface AdmissionParts {
  ports: Ports;
  registrationUri: () => string;
  config: Pick<TrainingSettings, 'roles' | 'maxStake' | 'limits'>;
  journal: Journal;
  files: TaskFiles;
  budget: TaskBudget;
  background: Background;
  /** This node's private data; null if it has none. */
  dataset: Dataset | null;
  dataName: string;
  signal: AbortSignal;
}

/** A node's possible roles in a task, and joining the task with them. */
export class Admission {
  readonly #parts: AdmissionParts;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  /** The configured roles this node can hold in a task: validators are appointed by the requester. */
  rolesFor(task: TaskState): Role[] {
    const { ports, config } = this.#parts;
    const { account } = ports.chain;
    return config.roles.filter(
      (role) => role !== 'validator' || task.validators.some((v) => sameAddress(v, account)),
    );
  }

  /** The subset of these roles that the task's list of accounts permits. */
  permitted(task: TaskState, terms: Terms): Role[] {
    return permittedRoles(task, terms, this.#parts.ports.chain.account, this.rolesFor(task));
  }

  /**
   * The facts for the decision about a task, in addition to the task itself. Before its model is opened, a step
   * counts as the shortest possible, so that only hopeless tasks are refused before a trial. A stranger's model was
   * tried when it was opened; this node's own is tried here.
   */
  async facts(
    task: TaskState,
    terms: Terms,
    opened?: Pick<TaskSession, 'trainer' | 'trial' | 'dataset'>,
  ): Promise<TaskFacts> {
    const { ports, config, journal, dataset, dataName, signal } = this.#parts;
    const { chain } = ports;
    const [decimals, { gasPrice, blockSeconds }] = await Promise.all([
      acceptsToken(config.limits.stake, task.token) ? chain.decimals(task.token) : 0,
      chain.pace(),
    ]);
    const works = this.rolesFor(task).some((role) => role !== 'aggregator');
    const data = works ? dataset : null;
    const tries = opened !== undefined && data !== null && config.limits.tasks.phaseMargin > 0;
    const trial = tries
      ? (opened.trial ?? (await tryModel(opened.trainer, { terms, dataset: opened.dataset, signal })))
      : null;
    const stepSeconds = Math.max(QUICKEST_STEP_SECONDS, trial?.secondsPerStep ?? 0);
    return {
      account: chain.account,
      decimals,
      stakedToday: journal.stakeOfDay(task.token, task.id),
      gas: { spentToday: journal.gasOfDay(), price: gasPrice },
      told: journal.dataUses().filter(({ data }) => data === dataName),
      machine: { samples: (opened?.dataset ?? data)?.count ?? null, stepSeconds, blockSeconds },
    };
  }

  /**
   * The roles this node can have in a task that fits its limits; budget are reserved from now on.
   * @throws ChorusError `E_TASK_ROLE`, `E_TASK_NOT_ALLOWED`, `E_TASK_STAKE`, `E_LIMIT_*`
   */
  reserve(task: TaskState, terms: Terms, facts: TaskFacts): Role[] {
    const { ports, budget } = this.#parts;
    const roles = this.permitted(task, terms);
    if (this.rolesFor(task).length === 0) {
      throw new ChorusError('E_TASK_ROLE', 'the task has no role for this node', {
        hint: 'the requester appoints validators; for other roles, set roles in the configuration',
      });
    }
    if (roles.length === 0) {
      throw new ChorusError('E_TASK_NOT_ALLOWED', 'this account is not on the allow list of the task', {
        facts: { account: ports.chain.account },
        hint: 'ask the requester to add this account to the list of the next task',
      });
    }
    const verdict = budget.take(task, terms, roles, facts);
    if (!verdict.accept) throw new ChorusError(verdict.code, verdict.reason, { hint: verdict.change });
    return roles;
  }

  /** Recorded first: a node that crashes meanwhile finds out on chain whether it has joined. */
  async join(task: TaskState, found: FoundTask, roles: Role[]): Promise<void> {
    const { ports, config, journal, files, background } = this.#parts;
    await files.writeTerms(task.id, found.terms);
    journal.setTask(task.id, 'joining', [found.peerId]);
    if (task.stake > 0n) journal.riskStake(task.id, task.token, task.stake);
    const step = { taskId: task.id, round: 0, step: 'join' } as const;
    const maxStake = tokenUnits(config.maxStake, await ports.chain.decimals(task.token));
    const allowProof = allowanceOf(task, decodeTerms(found.terms), ports.chain.account) ?? [];
    const agentId = await journal.act(step, { roles }, () =>
      becomeMember(ports, this.#parts.registrationUri, task, roles, allowProof, maxStake),
    );
    if (roles.includes('trainer')) background.spawn(this.#requestValidation(task.id, agentId));
    journal.setTask(task.id, 'joined');
  }

  /** Lets settled rounds be written into the validation registry; a node without that record is paid the same. */
  async #requestValidation(taskId: bigint, agentId: bigint): Promise<void> {
    await this.#parts.ports.chain.requestValidation(taskId, agentId).catch((error) => {
      if (!hasCode(error, 'E_CHAIN_ALREADY_DONE')) throw error;
    });
  }
}
