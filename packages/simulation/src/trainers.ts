import { createTrainer, type Trainer, type TrainerOptions } from '@chorus/training';

/** Processes that hold one model: a job takes the first that is free. Results do not depend on their number. */
export class Trainers {
  readonly #all: Trainer[];
  readonly #free: Trainer[];
  readonly #waiting: ((trainer: Trainer) => void)[] = [];

  private constructor(trainers: Trainer[]) {
    this.#all = trainers;
    this.#free = [...trainers];
  }

  /** Throws the errors of `createTrainer`. */
  static async open(options: TrainerOptions, workers: number): Promise<Trainers> {
    const opened = await Promise.allSettled(Array.from({ length: workers }, () => createTrainer(options)));
    const trainers = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const failed = opened.find((one) => one.status === 'rejected');
    if (!failed) return new Trainers(trainers);
    await Promise.all(trainers.map((trainer) => trainer.close()));
    throw failed.reason;
  }

  get first(): Trainer {
    return this.#all[0]!;
  }

  async use<T>(job: (trainer: Trainer) => Promise<T>): Promise<T> {
    const trainer =
      this.#free.pop() ?? (await new Promise<Trainer>((resolve) => this.#waiting.push(resolve)));
    try {
      return await job(trainer);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(trainer);
      else this.#free.push(trainer);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((trainer) => trainer.close()));
  }
}
