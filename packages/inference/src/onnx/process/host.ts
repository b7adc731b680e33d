/**
 * The process in which one model of an agent computes. A crash of the runtime or of the image decoder ends this process
 * and not the agent, and the parent ends it with SIGKILL if it passes a limit.
 */
import { ChorusError } from '@chorus/protocol';
import { packError } from '@chorus/training';
import { Classifier } from '../compute/classify.ts';
import { ByteWriter } from '../compute/write-text.ts';
import { TextVectors } from '../embedding/text-vectors.ts';
import type { CheckJob, LanguageJob, LanguageSetup } from '../jobs/language-messages.ts';
import type {
  Answer,
  ClassifyJob,
  EmbeddingSetup,
  EmbedJob,
  FromHost,
  Job,
  Opened,
  Setup,
  ToHost,
  WriteJob,
} from '../jobs/messages.ts';
import { LanguageWriter } from '../language/language-writer.ts';
import { collectGarbage } from './collect-garbage.ts';

process.on('disconnect', () => process.exit());
// The agent decides when this process ends. A terminal signals all processes at once.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

/** A model that was opened. */
interface Model {
  opened: Opened;
  /** Does one job, and emits what it answers. */
  run(job: Job, isStopped: () => boolean, emit: (answer: Answer) => void): Promise<void>;
  /** Whether it does several jobs at once; otherwise each one begins when the one before has ended. */
  atOnce: boolean;
}

const stopped = new Set<number>();
let model: Model | undefined;
/** What is done one after the other: the runtime computes in this thread. */
let queue: Promise<void> = Promise.resolve();

const send = (message: FromHost) => void process.send?.(message);

process.on('message', (message: ToHost) => {
  if (message.kind === 'stop') stopped.add(message.id);
  else if (message.kind === 'setup') queue = queue.then(() => open(message.setup));
  else {
    const { id, job } = message;
    queue = queue.then(() => {
      const working = work(id, job);
      return model?.atOnce ? undefined : working;
    });
  }
});

async function open(setup: Setup): Promise<void> {
  try {
    model = await openModel(setup);
    collectGarbage();
    send({ kind: 'opened', opened: model.opened });
  } catch (error) {
    send({ kind: 'unusable', error: packError(coded(error)) });
  }
}

async function openModel(setup: Setup): Promise<Model> {
  // The task tells the kinds of setups apart.
  if (isLanguage(setup)) {
    const writer = await LanguageWriter.open(setup);
    return {
      opened: writer.opened,
      run: (job, isStopped, emit) =>
        job.kind === 'check'
          ? writer.check(job as CheckJob, isStopped, emit)
          : writer.write(job as LanguageJob, isStopped, emit),
      atOnce: true,
    };
  }
  if (isEmbedding(setup)) {
    const embedder = await TextVectors.open(setup);
    return {
      opened: embedder.opened,
      async run(job, isStopped, emit) {
        for await (const answer of embedder.run(job as EmbedJob, isStopped)) emit(answer);
      },
      atOnce: false,
    };
  }
  const { task } = setup;
  const one =
    task.kind === 'classifier'
      ? await Classifier.open(setup, task.input)
      : await ByteWriter.open(setup, task.context);
  return {
    opened: one.opened,
    async run(job, isStopped, emit) {
      const answers = !(one instanceof Classifier)
        ? one.run(job as WriteJob, isStopped)
        : job.kind === 'infer'
          ? one.infer(job, isStopped)
          : one.run(job as ClassifyJob);
      for await (const answer of answers) emit(answer);
    },
    atOnce: false,
  };
}

async function work(id: number, job: Job): Promise<void> {
  const isStopped = () => stopped.has(id);
  try {
    // Nothing is computed for a caller who left while the job waited.
    if (!isStopped()) await model!.run(job, isStopped, (answer) => send({ kind: 'answer', id, answer }));
    send({ kind: 'done', id });
  } catch (error) {
    send({ kind: 'failed', id, error: packError(coded(error)) });
  } finally {
    stopped.delete(id);
  }
}

const isLanguage = (setup: Setup): setup is LanguageSetup => setup.task.kind === 'language';

const isEmbedding = (setup: Setup): setup is EmbeddingSetup => setup.task.kind === 'embedding';

function coded(error: unknown): ChorusError {
  if (error instanceof ChorusError) return error;
  return new ChorusError('E_ENGINE_FAILED', 'the model cannot be run', { cause: error });
}
