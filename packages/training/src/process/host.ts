/**
 * The process in which one model computes. This thread never computes itself: it hands messages on to the worker
 * thread that does, and ends the process with SIGKILL when the parent is gone or a limit is passed, whatever the
 * other thread is doing.
 */
import { writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { PATIENCE, type ProcessLimits, WATCH_MILLISECONDS } from '../jobs/limits.ts';
import type { FromHost, HostSetup, ToHost } from '../jobs/messages.ts';
import { peakBytes } from './memory.ts';
import { receive, sender } from './wire.ts';

const end = (): void => void process.kill(process.pid, 'SIGKILL');
process.on('disconnect', end);
// The node decides when this process ends. A terminal and a service manager signal all processes at once.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
try {
  // If the machine runs out of memory, the kernel kills this process and not the node.
  writeFileSync('/proc/self/oom_score_adj', '1000');
} catch {
  // not Linux
}

const send = sender<FromHost>(process);
let worker: Worker | undefined;
/** Set to 1 to stop a job: its thread is deaf to messages while onnxruntime runs. */
const stops = new Map<number, Int32Array<SharedArrayBuffer>>();
/** Current jobs, including the opening: limits are watched while there is one. */
let busy = 0;
let limits: ProcessLimits = {};
let threads = 1;
let timer: NodeJS.Timeout | undefined;
let progressAt = performance.now();
let cpuAt = process.cpuUsage();
/** Peak memory, if the system does not record it. */
let peak = 0;

receive<ToHost>(
  process,
  (message) => {
    if (message.kind === 'setup') begin(message.setup);
    else if (message.kind === 'stop') stop(message.id);
    else if (message.kind === 'usage') void send({ kind: 'usage', peakBytes: measured() });
    else if (message.kind === 'data') {
      const { inputs, labels, rows } = message;
      const owned = {
        labels: own(labels),
        ...(inputs ? { inputs: own(inputs) } : {}),
        ...(rows ? { rows: own(rows) } : {}),
      };
      worker!.postMessage(
        { ...message, ...owned },
        Object.values(owned).map(({ buffer }) => buffer),
      );
    } else if (message.kind === 'forget') worker!.postMessage(message);
    else {
      const flag = new Int32Array(new SharedArrayBuffer(4));
      stops.set(message.id, flag);
      change(1);
      if (message.kind === 'tokenise') worker!.postMessage({ ...message, stop: flag });
      else {
        const parameters = own(message.parameters);
        worker!.postMessage({ ...message, parameters, stop: flag }, [parameters.buffer]);
      }
    }
  },
  end,
);

function begin({ limits: given, ...setup }: HostSetup): void {
  limits = given;
  threads = setup.threads;
  change(1);
  worker = new Worker(new URL(`./worker${extname(import.meta.url)}`, import.meta.url), {
    workerData: setup,
  });
  worker.on('message', (message: FromHost) => {
    progressed();
    if (message.kind === 'opened' || message.kind === 'unusable') change(-1);
    if (message.kind === 'done' || message.kind === 'failed') {
      change(-1);
      stops.delete(message.id);
    }
    void send(message);
  });
  worker.on('error', (error) => {
    process.stderr.write(`${error.stack ?? error}\n`, end);
  });
}

/** Arrays of one small message share its memory, which can be transferred only once. */
function own<T extends Float32Array | Int32Array>(array: T): T & { buffer: ArrayBuffer } {
  return (array.byteLength === array.buffer.byteLength ? array : array.slice()) as T & {
    buffer: ArrayBuffer;
  };
}

function stop(id: number): void {
  const flag = stops.get(id);
  if (flag) Atomics.store(flag, 0, 1);
}

function progressed(): void {
  progressAt = performance.now();
  cpuAt = process.cpuUsage();
}

function measured(): number {
  peak = Math.max(peak, peakBytes());
  return peak;
}

function change(by: 1 | -1): void {
  if (busy === 0) progressed();
  busy += by;
  if (busy > 0) timer ??= setInterval(look, WATCH_MILLISECONDS);
  else {
    clearInterval(timer);
    timer = undefined;
  }
}

function look(): void {
  const { memoryBytes = Infinity, callSeconds = Infinity } = limits;
  const bytes = process.memoryUsage.rss();
  peak = Math.max(peak, bytes);
  const { user, system } = process.cpuUsage(cpuAt);
  const cpu = (user + system) / 1e6 / threads;
  const wall = (performance.now() - progressAt) / 1000;
  const patience = callSeconds * PATIENCE;
  if (bytes > memoryBytes) passed({ kind: 'passed', what: 'memory', value: bytes, limit: memoryBytes });
  else if (cpu > callSeconds) passed({ kind: 'passed', what: 'cpu', value: cpu, limit: callSeconds });
  else if (wall > patience) passed({ kind: 'passed', what: 'time', value: wall, limit: patience });
}

function passed(message: FromHost): void {
  // The parent learns why from the message, which is in the channel before the process ends.
  process.send!({ kind: 'message', message }, end);
  setTimeout(end, WATCH_MILLISECONDS);
}
