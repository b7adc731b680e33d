import { setTimeout as delay } from 'node:timers/promises';
import { type NodeConfig, type NodeEvent, startNode, type TaskRequest } from '@chorus/node';
import type { AdminClient, PublicationDocument, StreamedEvent } from '@chorus/node/admin';
import { bigintAsText, ChorusError, hasCode } from '@chorus/protocol';
import type { Dataset } from '@chorus/training';
import { Interrupted } from '../exit.ts';
import { passwordSource } from '../password.ts';

/** What is told of a task that is published and followed. */
export interface Listener {
  step(text: string): void;
  published(taskId: string): void;
  event(streamed: Pick<StreamedEvent, 'at' | 'event'>): void;
  signal: AbortSignal;
}

export interface Outcome {
  taskId: string;
  /** `left`: it goes on without this command. */
  outcome: 'ended' | 'left';
  /** On the samples that were given, of the model after the last round; null where that was not measured. */
  accuracy: number | null;
  /** CID of the final model. */
  model: string | null;
  /** Rounds that were begun; 0 where it found too few members, and null where it has not ended. */
  rounds: number | null;
  /** What an ended task did not pay, in the token's smallest unit. */
  remaining: string | null;
}

const UNKNOWN = { accuracy: null, model: null, rounds: null, remaining: null };

/** Milliseconds between two looks at a publication. */
const LOOK_MILLISECONDS = 250;

const STEPS: Readonly<Record<string, string>> = {
  check: 'checking the terms, the model and the wallet',
  escrow: 'escrowing the budget',
};

/** As it would come out of JSON. */
const asDocument = (value: unknown) => JSON.parse(JSON.stringify(value, bigintAsText));

/**
 * Publish by a node that runs, and follow the task unless `detach`. The node goes on whatever becomes of this.
 * @throws ChorusError what the node found in the way: nothing is escrowed then; `E_ADMIN_*`
 */
export async function publishByNode(
  node: AdminClient,
  { model, terms, params }: TaskRequest,
  { id, detach }: { id: string; detach: boolean },
  listener: Listener,
): Promise<Outcome> {
  const { signal } = listener;
  const { cid } = await node.storeModel(model);
  // What amounts are in JSON; the node checks the rest.
  const request = { model: cid, terms, params: asDocument(params) };
  const taskId = await published(node, id, await node.publish(id, request), listener);
  listener.published(taskId);
  const left: Outcome = { taskId, outcome: 'left', ...UNKNOWN };
  const ended = async (model: string | null): Promise<Outcome> => {
    const { round, remaining } = await node.task(taskId);
    return { ...left, outcome: 'ended', model, rounds: round, remaining };
  };
  if (detach || signal.aborted) return left;
  // Where the id was published before.
  if ((await node.task(taskId)).status === 'ended') return ended(null);
  for await (const streamed of node.events({ task: taskId, signal, reconnect: false })) {
    listener.event(streamed);
    const { event } = streamed;
    if (event.type === 'task-ended' && event.taskId === taskId) {
      return ended(event.modelCid);
    }
  }
  return left;
}

async function published(
  node: AdminClient,
  id: string,
  first: PublicationDocument,
  { step, signal }: Listener,
): Promise<string> {
  let told = '';
  for (let now = first; ; now = await look(node, id)) {
    if (now.taskId !== null) return now.taskId;
    if (now.problem) {
      const { code, message, hint, facts } = now.problem;
      throw new ChorusError(code, message, { facts: { ...facts }, ...(hint === null ? {} : { hint }) });
    }
    if (now.state !== told) step(STEPS[now.state] ?? now.state);
    told = now.state;
    if (signal.aborted) {
      step(`the node goes on; what became of it: chorus task create --id ${id}, with the same options`);
      throw new Interrupted();
    }
    await delay(LOOK_MILLISECONDS);
  }
}

async function look(node: AdminClient, id: string): Promise<PublicationDocument> {
  try {
    return await node.publication(id);
  } catch (error) {
    if (!hasCode(error, 'E_ADMIN_UNREACHABLE') && !hasCode(error, 'E_PUBLICATION_UNKNOWN')) throw error;
    throw new ChorusError('E_ADMIN_UNREACHABLE', 'the node ended while it published', {
      facts: { id },
      hint: `start it, and run the command again with --id ${id}: nothing is paid twice`,
      cause: error,
    });
  }
}

/**
 * Publish by a node that runs as long as this does. It works for nobody else meanwhile.
 * @throws ChorusError as `startNode` and `ChorusNode.publish`
 */
export async function publishByOwnNode(
  config: NodeConfig,
  request: TaskRequest,
  { id, samples }: { id: string; samples: Dataset | null },
  listener: Listener,
): Promise<Outcome> {
  const { signal } = listener;
  const over = Promise.withResolvers<'ended' | 'left'>();
  const leave = () => over.resolve('left');
  signal.addEventListener('abort', leave, { once: true });
  let taskId: string | null = null;
  let model: string | null = null;
  const tell = (event: NodeEvent) => {
    listener.event({ at: Date.now(), event: asDocument(event) });
    if (event.type !== 'task-ended' || String(event.taskId) !== taskId) return;
    model = event.modelCid;
    over.resolve('ended');
  };
  const node = await startNode({ ...config, roles: [] }, tell, {
    password: passwordSource(),
    onShutdown: leave,
  });
  try {
    const onStep = (step: string) => listener.step(STEPS[step] ?? step);
    const number = await node.publish(request, { id, onStep });
    taskId = number.toString();
    listener.published(taskId);
    const outcome = await over.promise;
    if (outcome === 'left') return { taskId, outcome, ...UNKNOWN };
    const { round: rounds, remaining } = await node.ports.chain.task(number);
    const measured = rounds > 0 && samples ? await node.evaluate(number, samples) : null;
    const accuracy = measured?.accuracy ?? null;
    return { taskId, outcome, accuracy, model, rounds, remaining: remaining.toString() };
  } finally {
    await node.close();
  }
}
