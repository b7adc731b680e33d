import { setTimeout as delay } from 'node:timers/promises';
import type { PublicationDocument, StreamedEvent } from '@chorus/admin-api';
import { bigintAsText, ChorusError, hasCode, readErrorCode } from '@chorus/protocol';
import {
  type EventJson,
  type NodeConfig,
  type NodeEvent,
  startNode,
  type TaskRequest,
  waitsFor,
} from '@chorus/service-training';
import type { Dataset } from '@chorus/training';
import { Interrupted } from '../environment/exit.ts';
import { passwordSource } from '../environment/password.ts';
import type { Heartbeat } from '../output/heartbeat.ts';
import { follow, isEnd, waitingFor } from './follow.ts';
import { worthAWord } from './task-end.ts';
import { answering, patiently, type WatchedNode } from './watch.ts';

/** Callbacks for the progress of a task that is published and followed. */
export interface Listener {
  published(taskId: string): void;
  event(streamed: Pick<StreamedEvent<EventJson>, 'at' | 'event'>): void;
  /** Reports what the command waits for. */
  beat: Heartbeat;
  signal: AbortSignal;
}

export interface Outcome {
  taskId: string;
  /** `left`: the task goes on without this command. */
  outcome: 'ended' | 'left';
  /** Accuracy of the model after the last round, on the given samples; null if it was not measured. */
  accuracy: number | null;
  /** CID of the final model. */
  model: string | null;
  /** Number of rounds begun; 0 if too few members joined, null if the task has not ended. */
  rounds: number | null;
  /** What an ended task did not pay and is not refunded yet, in the token's smallest unit. */
  remaining: string | null;
  /** What it did not pay and this command had refunded. */
  refunded: string | null;
}

const UNKNOWN = { accuracy: null, model: null, rounds: null, remaining: null, refunded: null };

/** Interval for polling a publication, ms. */
const LOOK_MILLISECONDS = 250;

const STEPS: Readonly<Record<string, string>> = {
  check: 'checking the terms, the model and the wallet',
  escrow: 'escrowing the budget',
};

/** As it would come out of JSON. */
const asDocument = (value: unknown) => JSON.parse(JSON.stringify(value, bigintAsText));

/**
 * Publish through a running node, and follow the task unless `detach`. The node goes on even if this command ends;
 * this command waits while the node sleeps.
 * @throws ChorusError the node's refusal: then nothing is escrowed; `E_TASK_CANCELLED`; `E_ADMIN_*`
 */
export async function publishByNode(
  node: WatchedNode,
  { model, terms, params }: TaskRequest,
  { id, detach }: { id: string; detach: boolean },
  listener: Listener,
): Promise<Outcome> {
  const { signal, beat } = listener;
  beat.waitFor('sending the model to the node');
  const { cid } = await node.storeModel(model);
  // Amounts are strings in JSON; the node checks the rest.
  const payloads = terms.payloads ?? ('public' as const);
  const request = { model: cid, terms: { ...terms, payloads }, params: asDocument(params) };
  const number = Promise.withResolvers<string>();
  number.promise.catch(() => {});
  const streaming = new AbortController();
  let last: string | null = null;
  const hear = async () => {
    for await (const streamed of node.events({ signal: AbortSignal.any([signal, streaming.signal]) })) {
      const taskId = await number.promise;
      if (!isAbout(streamed.event, taskId)) continue;
      listener.event(streamed);
      throwIfCancelled(streamed.event, taskId);
      if (!isEnd(streamed.event, taskId)) continue;
      last = streamed.event.modelCid;
      return;
    }
  };
  // Begun before the task exists: a node that cannot follow it ends it at once.
  const ended = detach ? Promise.resolve() : hear();
  ended.catch(() => {});
  try {
    const first = await patiently(node, undefined, listener, () => node.publish(id, request));
    const taskId = await published(node, id, first, listener);
    listener.published(taskId);
    number.resolve(taskId);
    beat.expect('asking the node for the progress of the task');
    const left: Outcome = { taskId, outcome: 'left', ...UNKNOWN };
    if (detach || signal.aborted) return left;
    const look = async () => waitingFor(await answering(node, taskId, () => node.task(taskId)));
    const asked = () => patiently(node, taskId, listener, () => node.task(taskId));
    // If the id was published before, the task may be over.
    if (first.taskId === null || (await asked()).status !== 'ended') {
      await follow({ taskId, look, ended, beat, signal });
      if (signal.aborted) return left;
    }
    const { round, remaining } = await asked();
    return { ...left, outcome: 'ended', model: last, rounds: round, remaining };
  } catch (error) {
    number.reject(error);
    throw error;
  } finally {
    streaming.abort();
  }
}

/** Whether an event is of this task, or of the node as a whole. */
function isAbout(event: EventJson | { type: 'gap' }, taskId: string): boolean {
  if ('publication' in event) return false;
  return !('taskId' in event) || event.taskId === undefined || String(event.taskId) === taskId;
}

/** @throws ChorusError `E_TASK_CANCELLED` */
function throwIfCancelled(event: EventJson | { type: 'gap' }, taskId: string): void {
  if (event.type !== 'task-cancelled' || String(event.taskId) !== taskId) return;
  throw new ChorusError(
    'E_TASK_CANCELLED',
    'the node cannot follow the task, and cancelled it before it began',
    {
      facts: { taskId, refunded: event.refunded, code: event.code, reason: event.message },
      hint: event.hint ?? 'fix the cause, and publish it again',
    },
  );
}

async function published(
  node: WatchedNode,
  id: string,
  first: PublicationDocument,
  { beat, signal }: Listener,
): Promise<string> {
  for (let now = first; ; now = await look(node, id, { beat, signal })) {
    if (now.taskId !== null) return now.taskId;
    if (now.problem) {
      const { code, message, hint, facts } = now.problem;
      throw new ChorusError(readErrorCode(code), message, {
        facts: { ...facts },
        ...(hint === null ? {} : { hint }),
      });
    }
    beat.waitFor(STEPS[now.state] ?? now.state);
    if (signal.aborted) {
      beat.waitFor(
        `the node goes on; for the outcome, run chorus task create --id ${id} with the same options`,
      );
      throw new Interrupted();
    }
    await delay(LOOK_MILLISECONDS);
  }
}

async function look(
  node: WatchedNode,
  id: string,
  waiting: Pick<Listener, 'beat' | 'signal'>,
): Promise<PublicationDocument> {
  try {
    return await patiently(node, undefined, waiting, () => node.publication(id));
  } catch (error) {
    if (!hasCode(error, 'E_ADMIN_NOT_RUNNING') && !hasCode(error, 'E_PUBLICATION_UNKNOWN')) throw error;
    throw new ChorusError('E_ADMIN_UNREACHABLE', 'the node ended during publication', {
      facts: { id },
      hint: `start it, and run the command again with --id ${id}: nothing is paid twice`,
      cause: error,
    });
  }
}

/**
 * Publish through a node that runs only as long as this command. The node does no other work meanwhile. What the
 * task did not pay is refunded before the node ends, because only a running node can send that.
 * @throws ChorusError as `startNode` and `TrainingNode.publish`; `E_TASK_CANCELLED`
 */
export async function publishByOwnNode(
  config: NodeConfig,
  request: TaskRequest,
  { id, samples, decimals }: { id: string; samples: Dataset | null; decimals: number },
  listener: Listener,
): Promise<Outcome> {
  const { signal, beat } = listener;
  const over = Promise.withResolvers<void>();
  over.promise.catch(() => {});
  const stopping = new AbortController();
  const leave = () => stopping.abort();
  signal.addEventListener('abort', leave, { once: true });
  if (signal.aborted) leave();
  let taskId: string | null = null;
  let model: string | null = null;
  const cancelled: EventJson[] = [];
  const tell = (event: NodeEvent) => {
    const document: EventJson = asDocument(event);
    // The node also works on earlier tasks of this wallet; this command reports only one.
    if (!('taskId' in document) || document.taskId === undefined || String(document.taskId) === taskId)
      listener.event({ at: Date.now(), event: document });
    if (event.type === 'task-cancelled') {
      cancelled.push(document);
      try {
        if (taskId !== null) throwIfCancelled(document, taskId);
      } catch (error) {
        over.reject(error);
      }
    }
    if (taskId === null || !isEnd(document, taskId)) return;
    model = document.modelCid;
    over.resolve();
  };
  beat.waitFor('starting a node for this task, as none runs on its home');
  const node = await startNode({ ...config, training: { ...config.training, roles: [] } }, tell, {
    password: passwordSource(),
    onShutdown: leave,
  });
  try {
    const { chain } = node.ports;
    const onStep = (step: string) => beat.waitFor(STEPS[step] ?? step);
    const number = await node.services.training.publish(request, { id, onStep });
    taskId = number.toString();
    listener.published(taskId);
    beat.expect('reading the progress of the task from the chain');
    for (const event of cancelled) throwIfCancelled(event, taskId);
    const lookOn = async () => {
      const followed = node.services.training.followed().find((each) => each.taskId === number);
      const task = followed?.task ?? (await chain.task(number));
      const round = followed?.context?.round ?? null;
      const seconds = task.status === 'joining' ? task.joinDeadline : round?.deadline;
      return waitingFor({
        id: number.toString(),
        status: task.status,
        round: task.round,
        rounds: task.rounds,
        deadline: seconds === undefined ? null : new Date(1000 * seconds).toISOString(),
        waitsFor: waitsFor(task, round),
      });
    };
    await follow({ taskId, look: lookOn, ended: over.promise, beat, signal: stopping.signal });
    if (stopping.signal.aborted) return { taskId, outcome: 'left', ...UNKNOWN };
    const { round: rounds } = await chain.task(number);
    const measured =
      rounds > 0 && samples ? await node.services.training.evaluate(number, samples).catch(() => null) : null;
    const { remaining } = await chain.task(number);
    // What cannot be refunded yet is left for `chorus task refund`.
    const wanted = worthAWord(remaining.toString(), decimals);
    const back = wanted ? await node.services.training.refund(number).catch(() => null) : null;
    const accuracy = measured?.accuracy ?? null;
    const money = { remaining: back ? '0' : remaining.toString(), refunded: back?.amount.toString() ?? null };
    return { taskId, outcome: 'ended', accuracy, model, rounds, ...money };
  } finally {
    beat.stop();
    await node.close();
  }
}
