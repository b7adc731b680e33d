/** The thread in which a model computes, in a process of its own: see `host.ts`. */
import { parentPort, workerData } from 'node:worker_threads';
import { ChorusError } from '@chorus/protocol';
import { executionProvider } from '../device/provider.ts';
import {
  type EvaluateJob,
  type FromWorker,
  type Opened,
  packError,
  type SentData,
  type Stoppable,
  type TokeniseJob,
  type ToWorker,
  type TrainJob,
  type WorkerSetup,
} from '../jobs/messages.ts';
import { type EncodedGraphs, encodedGraphs } from '../local/encoded-graphs.ts';
import { describe, trainingGraphs } from '../local/graph.ts';
import { LocalTraining } from '../local/local-training.ts';
import { type Samples, samplesOf } from '../local/samples.ts';
import { type SessionOpener, sessionOpener } from '../local/sessions.ts';
import { tokenise } from '../local/tokenise.ts';

/** Constants of a foreign model that the runtime may compute when it opens it. */
const MAX_FOLDED_BYTES = 64 * 2 ** 20;

const port = parentPort!;
const setup = workerData as WorkerSetup;
const sent = new Map<number, SentData>();
/** Those that a job has used. */
const opened = new Map<number, Samples>();
const send = (message: FromWorker, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

try {
  const { graphs, opener, description } = await prepared();
  const training = await LocalTraining.open(graphs, opener, setup);
  // One job after the other: a second `train` must not run between the steps of the first.
  let queue: Promise<void> = Promise.resolve();
  port.on('message', (message: ToWorker) => {
    queue = queue.then(() => handle(training, message));
  });
  send({ kind: 'opened', opened: description });
} catch (error) {
  send({ kind: 'unusable', error: packError(error) });
}

/** In a function of its own, so that the weights of a large model are free once they are in a file. */
async function prepared(): Promise<{ graphs: EncodedGraphs; opener: SessionOpener; description: Opened }> {
  const graphs = trainingGraphs(setup.model, setup);
  const encoded = encodedGraphs(graphs);
  const opener = await sessionOpener(graphs.training.frozen, setup.scratch, {
    executionProviders: [executionProvider(setup.device)],
    intraOpNumThreads: setup.threads,
    interOpNumThreads: 1,
    // Errors only: which operators a GPU leaves to the CPU is not for users.
    logSeverityLevel: 3,
    extra: {
      session: {
        // A busy-waiting pool takes the cores that other nodes and the prover need.
        intra_op: { allow_spinning: '0' },
      },
      // Work before the first step, once for each of the three graphs, must be worth caching.
      ...(graphs.constantBytes > MAX_FOLDED_BYTES
        ? { optimization: { disable_specified_optimizers: 'ConstantFolding' } }
        : {}),
    },
  });
  return { graphs: encoded, opener, description: describe(graphs.training) };
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

async function work(
  training: LocalTraining,
  job: Stoppable<TrainJob | EvaluateJob | TokeniseJob>,
): Promise<void> {
  const stopped = () => {
    if (Atomics.load(job.stop, 0) !== 0) throw new ChorusError('E_ABORTED', 'stopped');
  };
  const check = (fraction: number, loss: number) => {
    stopped();
    send({ kind: 'progress', id: job.id, fraction, loss });
  };
  try {
    stopped();
    if (job.kind === 'tokenise') {
      const { isChats, text } = job;
      const result = tokenise(setup.model, text, {
        isChats,
        check: (fraction) => check(fraction, Number.NaN),
      });
      send({ kind: 'done', id: job.id, result });
      return;
    }
    const data = opened.get(job.data) ?? samplesOf(sent.get(job.data)!);
    opened.set(job.data, data);
    if (job.kind === 'evaluate') {
      const result = await training.evaluate(job.parameters, job.state, data, check);
      send({ kind: 'done', id: job.id, result });
    } else {
      const result = await training.train(job.parameters, data, job, check);
      send({ kind: 'done', id: job.id, result }, [result.delta.buffer as ArrayBuffer]);
    }
  } catch (error) {
    send({ kind: 'failed', id: job.id, error: packError(error) });
  }
}
