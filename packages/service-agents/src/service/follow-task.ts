import type { AgentModel } from '@chorus/agent';
import { type ChainPort, explain, hasCode, isDevChain } from '@chorus/protocol';
import { pause } from '@chorus/utils';
import type { AgentsEvent } from '../events/agent-events.ts';

/** Time between two looks for a newer model of a task, ms. */
const LOOK_MS = { dev: 2_000, other: 30_000 };

export interface TaskFollowerOptions {
  /** In addresses. */
  agent: string;
  chain: Pick<ChainPort, 'task' | 'chainId'>;
  /** Open the model that the task has now; the agent answers with the one before until that is done. */
  adopt: () => Promise<void>;
  /** Reports why a newer model could not be opened; that is tried again with the next look. */
  emit: (event: AgentsEvent) => void;
  /** Aborted when the agent closes. */
  signal: AbortSignal;
}

/** A task, and what of it changes when a round settles: the sum of the commitments to its aggregates. */
export interface TaskMark {
  task: bigint;
  sum: string;
}

/** Has an agent adopt the model of each round that settles, if its file says so, until the task has ended. */
export class TaskFollower {
  readonly #options: TaskFollowerOptions;
  #present: AbortController | null = null;

  constructor(options: TaskFollowerOptions) {
    this.#options = options;
  }

  /** Where the task of a model is before that is opened: a round that settles meanwhile is not missed. Null: none is followed. */
  async mark(model: AgentModel): Promise<TaskMark | null> {
    return model.kind === 'network' && model.follow ? this.#read(model.task) : null;
  }

  /** Follow from this mark on, and no other any more. */
  follow(mark: TaskMark | null): void {
    this.#present?.abort();
    this.#present = null;
    if (mark === null) return;
    this.#present = new AbortController();
    void this.#run(mark, AbortSignal.any([this.#present.signal, this.#options.signal]));
  }

  async #run({ task, sum }: TaskMark, signal: AbortSignal): Promise<void> {
    const { agent, chain, adopt, emit } = this.#options;
    while (!signal.aborted) {
      await pause(isDevChain(chain.chainId) ? LOOK_MS.dev : LOOK_MS.other, signal);
      if (signal.aborted) return;
      try {
        const now = await this.#read(task);
        // Once it is opened, it is followed from its own mark.
        if (now.sum !== sum) await adopt();
        else if (now.hasEnded) return;
      } catch (error) {
        // The owner is opening it.
        if (signal.aborted || hasCode(error, 'E_AGENT_CHANGING')) continue;
        emit({ type: 'agents.behind', agent, task: `${task}`, ...explain(error) });
      }
    }
  }

  async #read(task: bigint): Promise<TaskMark & { hasEnded: boolean }> {
    const { totalCommitment, status } = await this.#options.chain.task(task);
    return { task, sum: `${totalCommitment.x} ${totalCommitment.y}`, hasEnded: status === 'ended' };
  }
}
