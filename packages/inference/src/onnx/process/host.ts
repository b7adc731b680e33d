/**
 * The process in which one model of an agent computes. A crash of the runtime or of the image decoder ends this process
 * and not the agent, and the parent ends it with SIGKILL if it passes a limit.
 */
import { ChorusError } from '@chorus/protocol';
import { packError } from '@chorus/training';
import { Classifier } from '../compute/classify.ts';
import { ByteWriter } from '../compute/write-text.ts';
import type { ClassifyJob, FromHost, HostSetup, Job, ToHost, WriteJob } from '../jobs/messages.ts';

process.on('disconnect', () => process.exit());
// The agent decides when this process ends. A terminal signals all processes at once.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

const stopped = new Set<number>();
let model: Classifier | ByteWriter | undefined;
/** One job after the other: the runtime computes in this thread. */
let queue: Promise<void> = Promise.resolve();

const send = (message: FromHost) => void process.send?.(message);

process.on('message', (message: ToHost) => {
  if (message.kind === 'stop') stopped.add(message.id);
  else if (message.kind === 'setup') queue = queue.then(() => open(message.setup));
  else queue = queue.then(() => work(message.id, message.job));
});

async function open(setup: HostSetup): Promise<void> {
  const { task } = setup;
  try {
    model =
      task.kind === 'classifier'
        ? await Classifier.open(setup, task.input)
        : await ByteWriter.open(setup, task.context);
    send({ kind: 'opened', opened: model.opened });
  } catch (error) {
    send({ kind: 'unusable', error: packError(coded(error)) });
  }
}

async function work(id: number, job: Job): Promise<void> {
  const isStopped = () => stopped.has(id);
  try {
    const answers =
      model instanceof Classifier ? model.run(job as ClassifyJob) : model!.run(job as WriteJob, isStopped);
    // Lazy: nothing is computed for a caller who left while the job waited.
    if (!isStopped()) for await (const answer of answers) send({ kind: 'answer', id, answer });
    send({ kind: 'done', id });
  } catch (error) {
    send({ kind: 'failed', id, error: packError(coded(error)) });
  } finally {
    stopped.delete(id);
  }
}

function coded(error: unknown): ChorusError {
  if (error instanceof ChorusError) return error;
  return new ChorusError('E_ENGINE_FAILED', 'the model cannot be run', { cause: error });
}
