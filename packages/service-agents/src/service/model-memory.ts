import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { AgentModel } from '@chorus/agent';
import type { TaskChain } from '@chorus/protocol';

/** The process of a model before it has read the model, bytes. */
const PROCESS_BYTES = 96 * 1024 * 1024;
/** The file, the runtime's own copy, and what lies between the layers. */
const COPIES = 3;
const BYTES_PER_PARAMETER = 4;

/** About what an agent's model needs here, bytes of memory: an estimate, so that it is promised only once. */
export async function modelMemory(
  model: AgentModel,
  folder: string,
  chain: Pick<TaskChain, 'task'>,
): Promise<number> {
  switch (model.kind) {
    case 'openai':
    case 'agent':
      return 0;
    case 'network':
      return PROCESS_BYTES + COPIES * BYTES_PER_PARAMETER * (await chain.task(model.task)).dimension;
    default:
      return PROCESS_BYTES + COPIES * (await sizeOf(resolve(folder, model.file)));
  }
}

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0, // opening it says why
  );
