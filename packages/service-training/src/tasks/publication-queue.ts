import type { Ports } from '@chorus/node';
import { ChorusError, explain, type Hex, MAX_MODEL_BYTES } from '@chorus/protocol';
import { BoundedMap } from '@chorus/utils';
import type { EventSink } from '../events/training-events.ts';
import type { Journal } from '../journal/journal.ts';
import type { Publication } from '../journal/publications.ts';
import type { Background } from '../utils/background.ts';
import type { TaskRequest } from './announce.ts';
import {
  otherRequest,
  type PublishOptions,
  type PublishStep,
  type RequestOutline,
  requestDigest,
} from './create-task.ts';

/** Maximum number of concurrent publications; each holds a model. They take turns on chain anyway. */
const MAX_RUNNING = 4;

/** Number of failures remembered for later requests. */
const MAX_FAILED = 100;

/** Time limit for finding a model that was not uploaded to this node, ms. */
const MODEL_MILLISECONDS = 20_000;

/** The state of a publication. */
export interface PublicationState {
  id: string;
  state: PublishStep | 'published' | 'failed';
  taskId: bigint | null;
  /** Why nothing was published or escrowed. */
  error: ChorusError | null;
}

export interface PublicationsParts {
  ports: Pick<Ports, 'storage'>;
  journal: Pick<Journal, 'publications'>;
  background: Background;
  signal: AbortSignal;
  emit: EventSink;
  publish: (request: TaskRequest, options: PublishOptions) => Promise<bigint>;
  /** Finds out whether a task was created, if that is unknown. */
  recover: (publication: Publication) => Promise<bigint | null>;
}

interface Running {
  digest: Hex;
  model: string;
  step: PublishStep;
}

/**
 * Publishes tasks in the background, each under an id that the caller chooses: a repeated request, after a lost
 * answer or a crash of either side, pays only once. This queue remembers publications in progress and failures; the
 * journal remembers open and finished ones.
 */
export class PublicationQueue {
  readonly #parts: PublicationsParts;
  readonly #running = new Map<string, Running>();
  readonly #failed = new BoundedMap<string, ChorusError>(MAX_FAILED);

  constructor(parts: PublicationsParts) {
    this.#parts = parts;
  }

  /**
   * Begin, unless the publication is in progress or done.
   * @throws ChorusError `E_PUBLICATION_OTHER` if the id belongs to another request, `E_ADMIN_BUSY`
   */
  begin(id: string, outline: RequestOutline): PublicationState {
    const digest = requestDigest(outline);
    const known = this.#running.get(id)?.digest ?? this.#parts.journal.publications.find(id)?.requestDigest;
    if (known !== undefined && known !== digest) throw otherRequest(id);
    if (known === undefined) this.#start(id, digest, outline);
    return this.find(id);
  }

  /** @throws ChorusError `E_PUBLICATION_UNKNOWN` */
  find(id: string): PublicationState {
    const none = { id, taskId: null, error: null };
    const running = this.#running.get(id);
    if (running) return { ...none, state: running.step };
    const known = this.#parts.journal.publications.find(id);
    if (known)
      return { ...none, state: known.taskId === null ? 'escrow' : 'published', taskId: known.taskId };
    const error = this.#failed.get(id);
    if (error) return { ...none, state: 'failed', error };
    throw new ChorusError(
      'E_PUBLICATION_UNKNOWN',
      'there is no publication with this id, and nothing was escrowed',
      {
        facts: { id },
        hint: 'send the request again, under the same id',
      },
    );
  }

  /** Models that must be kept, because they are about to be published. */
  models(): string[] {
    return [...this.#running.values()].map(({ model }) => model);
  }

  /** Find the outcome of a publication of an earlier run, or of an attempt with unknown outcome. */
  resume(publication: Publication): void {
    this.#parts.background.spawn(this.#recover(publication, null));
  }

  #start(id: string, digest: Hex, outline: RequestOutline): void {
    if (this.#running.size >= MAX_RUNNING) {
      throw new ChorusError('E_ADMIN_BUSY', 'too many tasks are being published', {
        facts: { limit: MAX_RUNNING },
        hint: 'try again in a moment',
      });
    }
    this.#failed.delete(id);
    this.#running.set(id, { digest, model: outline.model, step: 'check' });
    this.#parts.background.spawn(
      this.#publish(id, outline).finally(() => {
        this.#running.delete(id);
      }),
    );
  }

  async #publish(id: string, { terms, params, model: cid }: RequestOutline): Promise<void> {
    const { ports, journal, signal, emit, publish } = this.#parts;
    try {
      const model = await ports.storage.get(cid, {
        maxBytes: MAX_MODEL_BYTES,
        timeoutMs: MODEL_MILLISECONDS,
        signal,
      });
      const onStep = (step: PublishStep) => {
        const running = this.#running.get(id);
        if (running) running.step = step;
        emit({ type: 'publishing', publication: id, step });
      };
      const taskId = await publish({ terms, params, model }, { id, onStep });
      emit({ type: 'published', publication: id, taskId });
    } catch (cause) {
      if (signal.aborted) return;
      const open = journal.publications.find(id);
      if (open) await this.#recover(open, cause);
      else this.#fail(id, cause);
    }
  }

  /** `cause`: the error to report if nothing was created; absent if no caller waits. */
  async #recover(publication: Publication, cause: unknown): Promise<void> {
    const { background, emit, recover } = this.#parts;
    const { id } = publication;
    await background.retrying(async () => {
      const taskId = publication.taskId ?? (await recover(publication));
      if (taskId !== null) emit({ type: 'published', publication: id, taskId });
      else this.#fail(id, cause ?? unsent());
    });
  }

  #fail(id: string, cause: unknown): void {
    const error =
      cause instanceof ChorusError ? cause : new ChorusError('E_UNEXPECTED', 'the node failed', { cause });
    this.#failed.set(id, error);
    this.#parts.emit({ type: 'publication-failed', publication: id, ...explain(error) });
  }
}

function unsent(): ChorusError {
  return new ChorusError('E_PUBLICATION_UNSENT', 'the node ended before it sent the task', {
    hint: 'send the request again, under the same id',
  });
}
