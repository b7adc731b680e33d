import type { AgentCard, Message, Part, SendMessageRequest, StreamResponse, Task } from '@a2a-js/sdk';
import {
  ContentTypeNotSupportedError,
  RequestMalformedError,
  TaskNotFoundError,
  UnsupportedOperationError,
} from '@a2a-js/sdk/errors';
import {
  DefaultRequestHandler,
  type PushNotificationSender,
  type AgentExecutor as SdkExecutor,
  type ServerCallContext,
} from '@a2a-js/sdk/server';
import { PLACE } from '../execution/executions.ts';
import type { A2aLimits } from '../tasks/limits.ts';
import type { PushStore } from '../tasks/push-store.ts';
import { ENDED } from '../tasks/states.ts';
import { NAMED_CONTEXT, ownerOf, type TaskStore } from '../tasks/task-store.ts';
import { Buses } from './buses.ts';

/** Key of a call's state: why the server, not A2A, refused it. The SDK would call that an internal error. */
export const REFUSAL = 'chorus:refusal';

/** Key of a call's state: the task that goes on with it. */
const CONTINUED = 'chorus:continued';

const MAX_ID = 200;
const MAX_REFERENCES = 16;

/** Who runs tasks, and says whether there is a place for one more. */
export interface Work extends SdkExecutor {
  admit(caller: string): () => void;
  /** Whether the work of a valid request may begin, such as one that is paid for; throws if not. */
  ready(): Promise<void>;
  isRunning(taskId: string): boolean;
}

export interface HandlerParts {
  card: AgentCard;
  store: TaskStore;
  work: Work;
  pushStore: PushStore;
  pushSender: PushNotificationSender;
  limits: A2aLimits;
}

/**
 * The SDK's request handler with the limits of this agent: what a message may hold, and how many tasks may be open.
 */
export class AgentHandler extends DefaultRequestHandler {
  readonly #parts: HandlerParts;
  /** Tasks whose next message is being admitted, which may take a block of the chain, or answered. */
  readonly #continued = new Set<string>();

  constructor(parts: HandlerParts) {
    super(parts.card, parts.store, parts.work, new Buses(), parts.pushStore, parts.pushSender);
    this.#parts = parts;
  }

  override async sendMessage(
    params: SendMessageRequest,
    context: ServerCallContext,
  ): Promise<Message | Task> {
    try {
      await this.#admit(params, context);
      return await super.sendMessage(params, context);
    } finally {
      this.#giveBack(context);
    }
  }

  override async *sendMessageStream(
    params: SendMessageRequest,
    context: ServerCallContext,
  ): AsyncGenerator<StreamResponse, void, undefined> {
    try {
      await this.#admit(params, context);
      yield* super.sendMessageStream(params, context);
    } finally {
      this.#giveBack(context);
    }
  }

  /** Everything that can be wrong with a message is found here: what is paid for is answered. */
  async #admit({ message, configuration }: SendMessageRequest, context: ServerCallContext): Promise<void> {
    const { store, work, limits, card, pushStore } = this.#parts;
    if (!message) throw new RequestMalformedError('message is required');
    const { messageId, taskId, contextId, parts } = message;
    if (messageId === '') throw new RequestMalformedError('message.messageId is required');
    if ([messageId, taskId, contextId].some((id) => id.length > MAX_ID)) {
      throw new RequestMalformedError(`ids may have ${MAX_ID} characters`);
    }
    if (parts.length === 0 || parts.length > limits.maxParts) {
      throw new RequestMalformedError(`a message has 1 to ${limits.maxParts} parts`);
    }
    if (message.referenceTaskIds.length > MAX_REFERENCES) {
      throw new RequestMalformedError(`a message refers to at most ${MAX_REFERENCES} tasks`);
    }
    // Those that are not this caller's are nothing to it; the SDK would write their names to the log.
    message.referenceTaskIds = message.referenceTaskIds.filter((id) => store.has(id, context));
    for (const part of parts) assertAccepted(part, card.defaultInputModes);
    if (taskId) await this.#assertContinues(taskId, contextId, context);
    const push = configuration?.taskPushNotificationConfig;
    if (push) {
      pushStore.assertUsable(push);
      if (taskId) pushStore.assertRoom(taskId, push);
    }
    if (contextId && !store.isMinted(contextId, context)) context.state.set(NAMED_CONTEXT, true);
    if (taskId) this.#continue(taskId, context);
    try {
      context.state.set(PLACE, work.admit(ownerOf(context)));
      await work.ready();
    } catch (error) {
      context.state.set(REFUSAL, error);
      throw error;
    }
  }

  /** Whether the caller has such a task, and it takes one more message. */
  async #assertContinues(taskId: string, contextId: string, context: ServerCallContext): Promise<void> {
    const { store, work, limits } = this.#parts;
    const task = await store.load(taskId, context);
    if (!task) throw new TaskNotFoundError('there is no such task');
    if (work.isRunning(taskId)) throw stillAtWork();
    if (task.status && ENDED.has(task.status.state)) {
      throw new UnsupportedOperationError('the task has ended: begin another one');
    }
    if (contextId && contextId !== task.contextId) {
      throw new RequestMalformedError('the task is of another conversation than message.contextId');
    }
    if (store.bytesOf(taskId) > limits.maxTaskBytes) {
      throw new UnsupportedOperationError('the task is too large to go on: begin another one');
    }
  }

  /** Of two messages to one task at the same time, one is taken. */
  #continue(taskId: string, { state }: ServerCallContext): void {
    if (this.#continued.has(taskId)) throw stillAtWork();
    this.#continued.add(taskId);
    state.set(CONTINUED, taskId);
  }

  #giveBack({ state }: ServerCallContext): void {
    (state.get(PLACE) as (() => void) | undefined)?.();
    state.delete(PLACE);
    this.#continued.delete(state.get(CONTINUED) as string);
  }
}

const stillAtWork = () =>
  new UnsupportedOperationError('the agent still works on this task: subscribe to it, or wait');

/**
 * Text and JSON may be written without their type. Files by URL are refused: an agent fetches nothing that a stranger
 * names.
 */
function assertAccepted({ content, mediaType }: Part, modes: readonly string[]): void {
  if (!content) throw new RequestMalformedError('a part has text, data or raw bytes');
  if (content.$case === 'url') {
    throw new ContentTypeNotSupportedError('files by URL are not fetched: send their bytes');
  }
  const standard = content.$case === 'raw' ? 'application/octet-stream' : '';
  const type = (mediaType || standard).split(';')[0]!.trim().toLowerCase();
  if (type === '' || type === 'text/plain' || (content.$case === 'data' && type === 'application/json'))
    return;
  const accepted = modes.some((mode) => {
    const [major, minor] = mode.toLowerCase().split('/');
    return mode === '*/*' || mode.toLowerCase() === type || (minor === '*' && type.startsWith(`${major}/`));
  });
  if (!accepted) {
    throw new ContentTypeNotSupportedError(
      `'${type.slice(0, 100)}' is not accepted. Accepted: ${modes.join(', ')}`,
    );
  }
}
