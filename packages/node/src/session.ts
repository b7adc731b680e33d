import type { Committer } from '@chorus/commitment';
import {
  ChorusError,
  decodeTerms,
  type TaskState,
  type Terms,
  type VectorCommitment,
} from '@chorus/protocol';
import {
  createGlobalModel,
  createTrainer,
  type Dataset,
  type GlobalModel,
  type Trainer,
} from '@chorus/training';
import { poisonDataset } from './attacks/data.ts';
import type { NodeConfig } from './config.ts';
import type { EventSink, NodeEvent, Stage } from './events.ts';
import type { Journal } from './journal/journal.ts';
import type { Gatekeeper } from './limits/gatekeeper.ts';
import { PublicHistories } from './novelty/public-history.ts';
import { PayloadStore } from './payload-store.ts';
import type { Ports } from './ports.ts';
import type { Proving } from './proving.ts';
import { fetchTimeout } from './round-context.ts';
import type { TaskFiles } from './task-files.ts';

/** Everything the stages of one task's rounds work with. */
export interface TaskSession {
  readonly taskId: bigint;
  readonly terms: Terms;
  readonly ports: Ports;
  readonly config: NodeConfig;
  /** Keeps the contributor's limits. */
  readonly gate: Pick<Gatekeeper, 'mayBegin' | 'isLeft'>;
  readonly files: TaskFiles;
  /** What this node does is recorded here before it does it. */
  readonly journal: Journal;
  /** Local training and evaluation in onnxruntime. */
  readonly trainer: Trainer;
  readonly committer: Committer;
  readonly proving: Proving;
  /** The settled model in integers; moved on by the recompute stage alone. */
  readonly model: GlobalModel;
  /** This node's private data; null where its roles need none. */
  readonly dataset: Dataset | null;
  readonly payloads: PayloadStore;
  /** What is public of the rounds that are over. */
  readonly histories: PublicHistories;
  /** This node's own vectors of the current round, by kind and round. */
  readonly own: Map<string, Promise<OwnVector>>;
  readonly emit: EventSink;
  readonly signal: AbortSignal;
}

/** A vector this node made, with what stands for it on chain. */
export interface OwnVector {
  payload: Uint8Array;
  committed: VectorCommitment;
}

/** Run one stage and report how long it took. */
export async function timed<T>(
  session: Pick<TaskSession, 'taskId' | 'emit'>,
  round: number,
  stage: Stage,
  work: () => Promise<T>,
): Promise<T> {
  session.emit({ type: 'stage-started', taskId: session.taskId, round, stage });
  const start = performance.now();
  const result = await work();
  const event: NodeEvent = {
    type: 'stage',
    taskId: session.taskId,
    round,
    stage,
    seconds: (performance.now() - start) / 1000,
  };
  session.emit(event);
  return result;
}

export interface OpenSessionOptions {
  task: TaskState;
  termsBytes: Uint8Array;
  /** Peers that have the model. */
  providers: string[];
  dataset: Dataset | null;
  proving: Proving;
  ports: Ports;
  config: NodeConfig;
  gate: TaskSession['gate'];
  files: TaskFiles;
  journal: Journal;
  emit: EventSink;
  signal: AbortSignal;
}

/**
 * Fetch a task's model and check that it is what the chain and the terms say, and that local data fits it,
 * before anything is staked on it.
 *
 * @throws ChorusError `E_TASK_MODEL` where the model does not have the stated parameters, `E_TASK_DATA` where
 *   the data does not fit; errors of storage and training as they are
 */
export async function openSession(options: OpenSessionOptions): Promise<TaskSession> {
  const { task, ports, config, dataset, signal } = options;
  const terms = decodeTerms(options.termsBytes);
  if (terms.dimension !== task.dimension) {
    throw new ChorusError('E_TASK_MODEL', 'the terms and the chain state different dimensions', {
      facts: { terms: terms.dimension, chain: task.dimension },
    });
  }
  checkData(terms, dataset);
  // They came with the announcement: whoever inspects the task later asks members for them.
  await ports.storage.put(options.termsBytes);
  const model = await ports.storage.get(terms.model, {
    maxBytes: terms.modelBytes,
    timeoutMs: fetchTimeout(task),
    from: options.providers,
    signal,
  });
  const trainer = await openTrainer(terms, model, config);
  try {
    const committer = await options.proving.committer(terms.dimension);
    const globalModel = createGlobalModel(trainer.initial, terms.scale);
    const payloads = new PayloadStore();
    const source = { taskId: task.id, ports, committer, payloads, signal };
    return {
      taskId: task.id,
      terms,
      ports,
      config,
      gate: options.gate,
      files: options.files,
      journal: options.journal,
      trainer,
      committer,
      proving: options.proving,
      model: globalModel,
      dataset: dataset && poisonDataset(dataset, config.attack, config.seed),
      payloads,
      histories: new PublicHistories(source, globalModel, trainer.parameters),
      own: new Map(),
      emit: options.emit,
      signal,
    };
  } catch (error) {
    await trainer.close();
    throw error;
  }
}

/**
 * Open a task's model for training, and check that it has the number of parameters that is stated, if one is.
 * @throws ChorusError `E_TASK_MODEL`; `E_MODEL_*` where it cannot be trained
 */
export async function openTrainer(
  terms: Pick<Terms, 'loss' | 'optimizer'> & { dimension?: number | undefined },
  model: Uint8Array,
  { threads, device }: Pick<NodeConfig, 'threads' | 'device'>,
): Promise<Trainer> {
  const { loss, optimizer, dimension } = terms;
  const trainer = await createTrainer({ model, loss, optimizer, threads, device });
  if (dimension === undefined || trainer.dimension === dimension) return trainer;
  await trainer.close();
  throw new ChorusError('E_TASK_MODEL', 'the model does not have the stated number of parameters', {
    facts: { stated: dimension, found: trainer.dimension },
    hint: 'the terms or the model file are wrong: the task is not joined',
  });
}

/** Whether local data is of the kind that the task's terms describe. */
export function fitsData({ data }: Pick<Terms, 'data'>, dataset: Dataset): boolean {
  return dataset.classes === data.classes && dataset.inputShape.join() === data.inputShape.join();
}

/** @throws ChorusError `E_TASK_DATA` */
export function checkData(terms: Terms, dataset: Dataset | null): void {
  if (dataset && !fitsData(terms, dataset)) {
    throw new ChorusError('E_TASK_DATA', 'the local data does not fit the task', {
      facts: {
        task: JSON.stringify(terms.data),
        local: `${dataset.name}: ${dataset.inputShape.join('x')}, ${dataset.classes} classes`,
      },
      hint: 'join a task for this kind of data, or register other data',
    });
  }
}
