import { ChorusError, type Terms } from '@chorus/protocol';
import {
  createTrainer,
  type Dataset,
  type Foreign,
  graphOptions,
  type ProcessLimits,
  type Trainer,
  type TrialResult,
  tryModel,
} from '@chorus/training';
import type { TrainingSettings } from '../config/settings.ts';
import { TaskTexts } from '../data/task-texts.ts';
import { privacyOf } from '../privacy/settings.ts';
import { refusalKey } from './refusal-key.ts';
import type { RefusedModels } from './refused-models.ts';

/** The terms that a model is opened with, without a dimension if that is not decided yet. */
export type ModelTerms = Pick<Terms, 'data' | 'loss' | 'optimizer' | 'privacy' | 'adapter'> & {
  dimension?: number | undefined;
};

/** A model that can be trained, and its measured needs if it was tried. */
export interface OpenedModel {
  trainer: Trainer;
  trial: TrialResult | null;
  /** Makes data what the model takes. */
  texts: TaskTexts;
  /** The data to train it on, as it takes it; null if it is not trained. */
  dataset: Dataset | null;
}

export interface StrangersModel {
  model: Uint8Array;
  terms: Terms;
  /** Memory its process may take, bytes. */
  memoryBytes: number;
  /** The data to train it on here; null if it is not trained. */
  dataset: Dataset | null;
  /** The model was tried when the task was joined: now stake depends on it. */
  joined: boolean;
  signal: AbortSignal;
}

/** A model that is about to be published: its task's terms, but the number of parameters is counted. */
export interface OwnModel {
  model: Uint8Array;
  terms: Omit<Terms, 'dimension'> & { dimension?: number | undefined };
  memoryBytes: number;
  signal: AbortSignal;
}

/**
 * Opens models one at a time, in a process with limits, and tries each before anything depends on it. A trial has at
 * most a dozen calls of the runtime; each call and the total time are bounded.
 */
export class Models {
  readonly #config: Pick<TrainingSettings, 'threads' | 'device' | 'limits' | 'privacy'>;
  readonly #refused: RefusedModels;
  readonly #create: typeof createTrainer;
  #turn: Promise<unknown> = Promise.resolve();

  /** @param create - opens a model in a process of its own; see {@link createTrainer} */
  constructor(
    config: Pick<TrainingSettings, 'threads' | 'device' | 'limits' | 'privacy'>,
    refused: RefusedModels,
    create = createTrainer,
  ) {
    this.#config = config;
    this.#refused = refused;
    this.#create = create;
  }

  /**
   * @throws ChorusError `E_MODEL_*` if the model must not be run, also if it was refused before; `E_TASK_MODEL` if
   * it does not have the stated number of parameters; `E_MODEL_PRIVACY` if it is not a model that may train on
   * private data here
   */
  open(options: StrangersModel): Promise<OpenedModel> {
    const opened = this.#turn.then(() => this.#open(options));
    this.#turn = opened.catch(() => {});
    return opened;
  }

  /**
   * Open this node's own model under the same limits as the members of its task will, before the budget is escrowed.
   * @throws ChorusError `E_MODEL_*`, `E_TASK_MODEL`
   */
  async openOwn({ model, terms, memoryBytes, signal }: OwnModel): Promise<Trainer> {
    const { callSeconds } = this.#config.limits.tasks;
    return this.#openTrainer(terms, model, {
      limits: { memoryBytes, callSeconds },
      foreign: { inputShape: terms.data.inputShape, batchSize: terms.batchSize },
      signal,
    });
  }

  /**
   * Open the model of a task of this node's own, without limits: it was checked when the task was published.
   * @throws ChorusError `E_MODEL_*`, `E_TASK_MODEL`; of texts that do not fit, as {@link TaskTexts.fit}
   */
  async openPublished({
    model,
    terms,
    dataset,
    signal,
  }: Pick<StrangersModel, 'model' | 'terms' | 'dataset' | 'signal'>): Promise<OpenedModel> {
    const trainer = await this.#openTrainer(terms, model, { signal });
    try {
      const texts = new TaskTexts(terms, trainer, signal);
      return { trainer, trial: null, texts, dataset: dataset && (await texts.fit(dataset)) };
    } catch (error) {
      await trainer.close();
      throw error;
    }
  }

  /** Record that an opened model has shown a fault. */
  judge(terms: Terms, fault: ChorusError): Promise<void> {
    return this.#refused.judge(refusalKey(terms), fault);
  }

  /** Forget earlier refusals, because the user asks for the model. */
  forgive(terms: Terms): Promise<void> {
    return this.#refused.allow(refusalKey(terms));
  }

  async #open({ model, terms, memoryBytes, dataset, joined, signal }: StrangersModel): Promise<OpenedModel> {
    signal.throwIfAborted();
    const key = refusalKey(terms);
    if (!joined) {
      this.#refused.check(key);
      await this.#refused.begin(key);
    }
    const { callSeconds } = this.#config.limits.tasks;
    // A member goes on because its stake depends on it; the check concerns only private data.
    const { models, bases } = this.#config.privacy;
    const known = models === 'known' && dataset !== null && !joined && !bases.includes(terms.model);
    const { inputShape, classes } = terms.data;
    const batchSize = Math.min(terms.batchSize, dataset?.count ?? terms.batchSize);
    let trainer: Trainer | null = null;
    try {
      trainer = await this.#openTrainer(terms, model, {
        limits: { memoryBytes, callSeconds },
        foreign: { inputShape, batchSize, ...(known ? { knownWith: { classes } } : {}) },
        signal,
      });
      const texts = new TaskTexts(terms, trainer, signal);
      const fitted = dataset && (await texts.fit(dataset));
      const tried = fitted !== null && !joined;
      const trial = tried
        ? await tryModel(trainer, { terms: { ...terms, batchSize }, dataset: fitted, signal })
        : null;
      await this.#refused.allow(key);
      return { trainer, trial, texts, dataset: fitted };
    } catch (error) {
      await trainer?.close();
      await this.#refused.judge(key, signal.aborted ? null : error);
      throw error;
    }
  }

  /**
   * Open a task's model for training, and check its number of parameters, if one is stated.
   * @throws ChorusError `E_TASK_MODEL`; `E_MODEL_*` if it cannot be trained, `E_PRIVACY` if it cannot be trained
   * privately
   */
  async #openTrainer(
    { dimension, ...terms }: ModelTerms,
    model: Uint8Array,
    bounds: { limits?: ProcessLimits; foreign?: Foreign; signal: AbortSignal },
  ): Promise<Trainer> {
    const { threads, device, privacy: own } = this.#config;
    const privacy = privacyOf(terms, own);
    const graph = { ...graphOptions(terms), ...(privacy ? { privacy } : {}) };
    const trainer = await this.#create({ model, ...graph, threads, device, ...bounds });
    if (dimension === undefined || trainer.dimension === dimension) return trainer;
    await trainer.close();
    throw new ChorusError('E_TASK_MODEL', 'the model does not have the stated number of parameters', {
      facts: { stated: dimension, found: trainer.dimension },
      hint: 'the terms or the model file are wrong: the task is not joined',
    });
  }
}
