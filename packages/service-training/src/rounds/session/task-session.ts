import type { Committer } from '@chorus/commitment';
import { networkPeers, type SummaryPeers } from '@chorus/inspector';
import type { Ports } from '@chorus/node';
import {
  ChorusError,
  decodeTerms,
  modelTimeout,
  sameAddress,
  type TaskState,
  type Terms,
  type VectorCommitment,
} from '@chorus/protocol';
import {
  createGlobalModel,
  type Dataset,
  type GlobalModel,
  type Trainer,
  type TrialResult,
} from '@chorus/training';
import { poisonDataset } from '../../adversary/data.ts';
import type { TrainingSettings } from '../../config/settings.ts';
import { fitDataset } from '../../data/fit-data.ts';
import type { TaskTexts } from '../../data/task-texts.ts';
import type { EventSink, NodeEvent, Stage } from '../../events/training-events.ts';
import { PublicHistories } from '../../history/public-history.ts';
import type { Journal } from '../../journal/journal.ts';
import type { Models } from '../../models/models.ts';
import { type PayloadForm, type PayloadReader, payloadForm } from '../../payloads/sealing/payload-form.ts';
import type { TaskFiles } from '../../payloads/task-files.ts';
import { VectorCache } from '../../payloads/vector-cache.ts';
import type { TaskBudget } from '../../policy/task-budget.ts';
import type { Proving } from '../../proving/proving.ts';

/** Everything the stages of one task's rounds work with. */
export interface TaskSession {
  readonly taskId: bigint;
  readonly terms: Terms;
  readonly ports: Ports;
  readonly config: TrainingSettings;
  /** Enforces the contributor's limits. */
  readonly budget: Pick<TaskBudget, 'mayBegin' | 'isLeft'>;
  readonly files: TaskFiles;
  /** The node records each action here before it acts. */
  readonly journal: Journal;
  /** Local training and evaluation in onnxruntime, in a process of its own. */
  readonly trainer: Trainer;
  /** The model's needs, measured before the task was joined; null if it was not tried. */
  readonly trial: TrialResult | null;
  /** Called if another owner's model cannot be run: the node leaves the task. */
  readonly abandon: (fault: ChorusError) => Promise<void>;
  readonly committer: Committer;
  readonly proving: Proving;
  /** The settled model in integers; only the recompute stage changes it. */
  readonly model: GlobalModel;
  /** This node's private data, labelled with the task's class numbers; null if its roles need none. */
  readonly dataset: Dataset | null;
  /** Other data as the task's model takes it. */
  readonly texts: TaskTexts;
  /** The name of that data in the privacy record. */
  readonly dataName: string;
  readonly payloads: VectorCache;
  /** How payloads are stored and sent. */
  readonly form: PayloadForm;
  /** Sources of summaries of settled rounds. */
  readonly summaries: SummaryPeers;
  /** Public vectors of ended rounds. */
  readonly histories: PublicHistories;
  /** This node's own vectors of the current round, by kind and round. */
  readonly own: Map<string, Promise<OwnVector>>;
  readonly emit: EventSink;
  readonly signal: AbortSignal;
}

/** A vector of this node, with its commitment on chain. */
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
  /** This node as one to whom payloads are sealed. */
  reader: PayloadReader;
  /** Peers that have the model. */
  providers: string[];
  dataset: Dataset | null;
  dataName: string;
  proving: Proving;
  ports: Ports;
  config: TrainingSettings;
  budget: TaskSession['budget'] & Pick<TaskBudget, 'modelBytes' | 'measured'>;
  models: Models;
  /** Whether this account is already a member. */
  joined: boolean;
  abandon: TaskSession['abandon'];
  files: TaskFiles;
  journal: Journal;
  emit: EventSink;
  signal: AbortSignal;
}

/**
 * Fetch a task's model and check that it matches the chain and the terms, and that local data fits it, before
 * anything is staked.
 *
 * @throws ChorusError `E_TASK_MODEL` if the model does not have the stated parameters, `E_TASK_DATA` if the data
 * does not fit; `E_MODEL_*` if the model must not be run; errors of storage and training
 */
export async function openSession(options: OpenSessionOptions): Promise<TaskSession> {
  const { task, ports, config, dataset, signal } = options;
  const terms = decodeTerms(options.termsBytes);
  if (terms.dimension !== task.dimension) {
    throw new ChorusError('E_TASK_MODEL', 'the terms and the chain state different dimensions', {
      facts: { terms: terms.dimension, chain: task.dimension },
    });
  }
  // Before the model is fetched, as far as that can be said without it.
  const fitted = dataset && fitDataset(terms, dataset);
  // They came with the announcement: nodes that inspect the task later ask members for them.
  await ports.storage.put(options.termsBytes);
  const model = await ports.storage.get(terms.model, {
    maxBytes: terms.modelBytes,
    timeoutMs: modelTimeout(task, terms.modelBytes),
    from: options.providers,
    signal,
  });
  const opened = sameAddress(task.owner, ports.chain.account)
    ? await options.models.openPublished({ model, terms, dataset: fitted, signal })
    : await options.models.open({
        model,
        terms,
        memoryBytes: options.budget.modelBytes(task.id),
        dataset: fitted,
        joined: options.joined,
        signal,
      });
  const { trainer, trial, texts, dataset: local } = opened;
  if (trial) options.budget.measured(task.id, trial.peakBytes);
  try {
    const committer = await options.proving.committer(terms.dimension);
    const globalModel = createGlobalModel(trainer.initial, terms.scale);
    const payloads = new VectorCache();
    const own: SummaryPeers['own'] = (taskId, round) => options.journal.summary(taskId, round);
    const summaries = networkPeers(ports.network, own);
    const form = payloadForm(terms, options.reader);
    const source = { taskId: task.id, ports, committer, payloads, form, summaries, signal };
    return {
      taskId: task.id,
      terms,
      ports,
      config,
      budget: options.budget,
      files: options.files,
      journal: options.journal,
      trainer,
      trial,
      abandon: options.abandon,
      committer,
      proving: options.proving,
      model: globalModel,
      dataset: local && poisonDataset(local, config.attack, config.seed),
      texts,
      dataName: options.dataName,
      payloads,
      form,
      summaries,
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
