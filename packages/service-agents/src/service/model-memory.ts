import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { AgentModel } from '@chorus/agent';
import {
  cidFromDigest,
  decodeTerms,
  MAX_TERMS_BYTES,
  type StoragePort,
  type TaskChain,
} from '@chorus/protocol';

/** The process of a model before it has read the model, bytes. */
const PROCESS_BYTES = 96 * 1024 * 1024;
/** The file, the runtime's own copy, and what lies between the layers. */
const COPIES = 3;
const BYTES_PER_PARAMETER = 4;

/** A language model of 5 bits a weight is served with 8, besides what lies between the layers and is kept of texts. */
const LANGUAGE_COPIES = 5;

/** Time to find the terms of a task, ms; without them the model is taken for one of its parameters alone. */
const TERMS_MILLISECONDS = 10_000;

interface ModelPorts {
  chain: Pick<TaskChain, 'task'>;
  storage: Pick<StoragePort, 'get'>;
}

async function networkBytes(id: bigint, { chain, storage }: ModelPorts): Promise<number> {
  const { dimension, termsDigest } = await chain.task(id);
  const own = COPIES * BYTES_PER_PARAMETER * dimension;
  const terms = await storage
    .get(cidFromDigest(termsDigest, 0), { maxBytes: MAX_TERMS_BYTES, timeoutMs: TERMS_MILLISECONDS })
    .then(decodeTerms)
    .catch(() => null); // opening the model says why
  return terms?.data.kind === 'tokens' ? own + LANGUAGE_COPIES * terms.modelBytes : own;
}

/** About what an agent's model needs here, bytes of memory: an estimate, so that it is promised only once. */
export async function modelMemory(model: AgentModel, folder: string, ports: ModelPorts): Promise<number> {
  switch (model.kind) {
    case 'openai':
    case 'agent':
      return 0;
    case 'network':
      return PROCESS_BYTES + (await networkBytes(model.task, ports));
    case 'language':
      return PROCESS_BYTES + LANGUAGE_COPIES * (await sizeOf(resolve(folder, model.file)));
    default:
      return PROCESS_BYTES + COPIES * (await sizeOf(resolve(folder, model.file)));
  }
}

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0, // opening it says why
  );
