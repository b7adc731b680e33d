import { createHash } from 'node:crypto';
import { ChorusError } from '@chorus/protocol';
import { createTrainer, type Trainer, type TrainerOptions } from '@chorus/training';

/**
 * Trainers by the process that was started first for the same model and settings: jobs of all nodes run there one after
 * the other. Results are those of a process of one's own, since a job depends on nothing that ran before it.
 */
export class SharedTrainers {
  readonly #trainers = new Map<string, Promise<Trainer>>();
  #inUse = 0;

  /** How many have been asked for and not closed. */
  get inUse(): number {
    return this.#inUse;
  }

  readonly create = async (options: TrainerOptions): Promise<Trainer> => {
    const { model, signal, ...settings } = options;
    signal?.throwIfAborted();
    const key = `${createHash('sha256').update(model).digest('hex')} ${JSON.stringify(settings)}`;
    const trainer = this.#trainers.get(key) ?? createTrainer({ model, ...settings });
    this.#trainers.set(key, trainer);
    try {
      return this.#lend(await trainer);
    } catch (error) {
      this.#trainers.delete(key);
      throw error;
    }
  };

  async close(): Promise<void> {
    const opened = await Promise.allSettled(this.#trainers.values());
    await Promise.all(opened.map((each) => (each.status === 'fulfilled' ? each.value.close() : null)));
  }

  /** The same for one of its users, whose jobs end when it closes it. */
  #lend(trainer: Trainer): Trainer {
    this.#inUse++;
    const closing = new AbortController();
    const own = <T extends { signal?: AbortSignal }>(options: T): T => {
      closing.signal.throwIfAborted();
      const { signal } = options;
      return { ...options, signal: signal ? AbortSignal.any([signal, closing.signal]) : closing.signal };
    };
    return {
      parameters: trainer.parameters,
      dimension: trainer.dimension,
      get initial() {
        return trainer.initial;
      },
      get initialState() {
        return trainer.initialState;
      },
      modelState: trainer.modelState,
      evaluateBatch: trainer.evaluateBatch,
      device: trainer.device,
      get fault() {
        return trainer.fault;
      },
      tokenise: async (text, options = {}) => trainer.tokenise(text, own(options)),
      train: async (options) => trainer.train(own(options)),
      evaluate: async (options) => trainer.evaluate(own(options)),
      peakBytes: () => trainer.peakBytes(),
      close: async () => {
        if (closing.signal.aborted) return;
        this.#inUse--;
        closing.abort(new ChorusError('E_TRAINER_CLOSED', 'the trainer is closed'));
      },
    };
  }
}
