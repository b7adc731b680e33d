/** The thread in which a model computes, in a process of its own: see `host.ts`. */
import { parentPort, workerData } from 'node:worker_threads';
import { ChorusError } from '@chorus/protocol';
import { executionProvider } from '../device/provider.ts';
import {
  type EvaluateJob,
  type FromWorker,
  packError,
  type SentData,
  type Stoppable,
  type ToWorker,
  type TrainJob,
  type WorkerSetup,
} from '../jobs/messages.ts';
import { describe, trainingGraphs } from '../local/graph.ts';
import { LocalTraining } from '../local/local-training.ts';
import { type Samples, samplesOf } from '../local/samples.ts';

/** Constants of a foreign model that the runtime may compute when it opens it. */
const MAX_FOLDED_BYTES = 64 * 2 ** 20;

const port = parentPort!;
const setup = workerData as WorkerSetup;
const sent = new Map<number, SentData>();
/** Those that a job has used. */
const opened = new Map<number, Samples>();
const send = (message: FromWorker, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

try {
  const graphs = trainingGraphs(setup.model, setup);
  const { constantBytes } = graphs;
  const training = await LocalTraining.open(graphs, setup, {
    executionProviders: [executionProvider(setup.device)],
    intraOpNumThreads: setup.threads,
    interOpNumThreads: 1,
    // Errors only: which operators a GPU leaves to the CPU is not for users.
    logSeverityLevel: 3,
    // A busy-waiting pool takes the cores that other nodes and the prover need.
    extra: {
      session: { intra_op: { allow_spinning: '0' } },
      // Work before the first step, once for each of the three graphs, must be worth caching.
      ...(constantBytes > MAX_FOLDED_BYTES
        ? { optimization: { disable_specified_optimizers: 'ConstantFolding' } }
        : {}),
    },
  });
  // One job after the other: a second `train` must not run between the steps of the first.
  let queue: Promise<void> = Promise.resolve();
  port.on('message', (message: ToWorker) => {
    queue = queue.then(() => handle(training, message));
  });
  send({ kind: 'opened', opened: describe(graphs.training) });
} catch (error) {
  send({ kind: 'unusable', error: packError(error) });
}

async function handle(training: LocalTraining, message: ToWorker): Promise<void> {
  switch (message.kind) {
    case 'data':
      sent.set(message.key, message);
      break;
    case 'forget':
      opened.get(message.key)?.close();
      opened.delete(message.key);
      sent.delete(message.key);
      break;
    default:
      await work(training, message);
  }
}

async function work(training: LocalTraining, job: Stoppable<TrainJob | EvaluateJob>): Promise<void> {
  const check = (fraction: number, loss: number) => {
    if (Atomics.load(job.stop, 0) !== 0) throw new ChorusError('E_ABORTED', 'stopped');
    send({ kind: 'progress', id: job.id, fraction, loss });
  };
  try {
    if (Atomics.load(job.stop, 0) !== 0) throw new ChorusError('E_ABORTED', 'stopped');
    const data = opened.get(job.data) ?? samplesOf(sent.get(job.data)!);
    opened.set(job.data, data);
    if (job.kind === 'evaluate') {
      send({
        kind: 'done',
        id: job.id,
        result: await training.evaluate(job.parameters, job.state, data, check),
      });
    } else {
      const result = await training.train(job.parameters, data, job, check);
      send({ kind: 'done', id: job.id, result }, [result.delta.buffer as ArrayBuffer]);
    }
  } catch (error) {
    send({ kind: 'failed', id: job.id, error: packError(error) });
  }
}
