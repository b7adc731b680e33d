import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ChorusError, type ErrorCode, errorClass, readErrorCode } from '@chorus/protocol';
import { BoundedMap } from '@chorus/utils';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';

const FILE = 'refused-models.json';

/** Number of models remembered; beyond it, the oldest refusal is forgotten. */
const MAX_REFUSED = 1_000;

const fileSchema = z
  .array(
    z.strictObject({
      /** CID of the model file, perhaps with what terms make of it. */
      model: z.string().max(200),
      code: z.string().max(100),
      /** The limits under which it was refused: under other limits it is tried again. */
      limits: z.string().max(200),
    }),
  )
  .max(MAX_REFUSED);

type Refused = z.infer<typeof fileSchema>[number];

/** Whether an error means that a model cannot be run here, so that a retry gives the same error. */
export function isModelFault(error: unknown): error is ChorusError {
  return error instanceof ChorusError && errorClass(error.code).blames === 'model';
}

/**
 * Models of others that this node does not open again, regardless of who announces them. The list survives restarts,
 * and is written before a model is opened: a model that crashes this node is not opened a second time.
 */
export class RefusedModels {
  readonly #path: string;
  readonly #limits: string;
  readonly #refused = new BoundedMap<string, Refused>(MAX_REFUSED);
  #writing: Promise<void> = Promise.resolve();

  /** @param limits the limits of models on this node, in words */
  constructor(dataDir: string, limits: string) {
    this.#path = join(dataDir, FILE);
    this.#limits = limits;
  }

  /** Read what an earlier run has written; a damaged file counts as missing. */
  async load(): Promise<void> {
    try {
      const entries = fileSchema.parse(JSON.parse(await readFile(this.#path, 'utf8')));
      for (const entry of entries) this.#refused.set(entry.model, entry);
    } catch {
      // Without the list, each model is still opened within limits.
    }
  }

  /** @throws ChorusError with the code the model was refused for */
  check(model: string): void {
    const entry = this.#refused.get(model);
    if (!entry || entry.limits !== this.#limits) return;
    throw new ChorusError(readErrorCode(entry.code), 'the model was refused before', {
      facts: { model },
      hint: 'nothing to do; `chorus join` with the number of the task tries it again',
    });
  }

  /** Record that the model is about to be opened: until it is allowed, it counts as one that crashes. */
  begin(model: string): Promise<void> {
    return this.#set(model, 'E_MODEL_CRASHED');
  }

  /** Record that the model was opened, or that opening was not attempted. */
  async allow(model: string): Promise<void> {
    if (this.#refused.delete(model)) await this.#write();
  }

  /** Refused if the fault is the model's. */
  async judge(model: string, error: unknown): Promise<void> {
    if (isModelFault(error)) await this.#set(model, error.code);
    else await this.allow(model);
  }

  #set(model: string, code: ErrorCode): Promise<void> {
    this.#refused.set(model, { model, code, limits: this.#limits });
    return this.#write();
  }

  #write(): Promise<void> {
    const write = () =>
      writeFileAtomic(this.#path, `${JSON.stringify([...this.#refused.values()])}\n`, { mode: 0o600 });
    this.#writing = this.#writing.then(write, write);
    return this.#writing;
  }
}
