import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrainingGraph } from '@chorus/autodiff';
import { ChorusError } from '@chorus/protocol';
import { InferenceSession } from 'onnxruntime-node';

/** Opens graphs in the runtime. */
export interface SessionOpener {
  /** @throws ChorusError `E_MODEL_UNSUPPORTED` */
  open(graph: Uint8Array): Promise<InferenceSession>;
  /** Remove what was written to open them: sessions that are open stay so. */
  close(): Promise<void>;
}

/**
 * Opens the graphs of a model from memory; or, if they refer to frozen weights in a file, from a folder of their own,
 * so that the weights are written once for all of them.
 * @param folder made for that; it must not exist yet
 */
export async function sessionOpener(
  frozen: TrainingGraph['frozen'],
  folder: string,
  options: InferenceSession.SessionOptions,
): Promise<SessionOpener> {
  if (!frozen) return { open: (graph) => created(graph, options), close: async () => {} };
  // Weights are read where they lie in the file, which all sessions share, instead of being rearranged for each: less
  // memory and, measured with a model of 135 million parameters, no slower.
  const extra = options.extra as { session?: object } | undefined;
  const shared = { ...options, extra: { ...extra, session: { ...extra?.session, disable_prepacking: '1' } } };
  const close = () => rm(folder, { recursive: true, force: true });
  try {
    await mkdir(folder, { mode: 0o700 });
    const file = await open(join(folder, frozen.location), 'wx', 0o600);
    try {
      for (const part of frozen.parts) await file.writeFile(part);
    } finally {
      await file.close();
    }
  } catch (cause) {
    await close();
    const reason = (cause as NodeJS.ErrnoException).code;
    throw new ChorusError('E_DATA_DISK', 'the weights of the model cannot be written to a temporary file', {
      facts: { folder, reason },
      hint: 'free some space there, or set TMPDIR to a folder that has it',
      cause,
    });
  }
  let graphs = 0;
  return {
    async open(graph) {
      const path = join(folder, `graph-${++graphs}.onnx`);
      await writeFile(path, graph, { mode: 0o600 });
      return created(path, shared);
    },
    close,
  };
}

async function created(
  graph: Uint8Array | string,
  options: InferenceSession.SessionOptions,
): Promise<InferenceSession> {
  try {
    return await (typeof graph === 'string'
      ? InferenceSession.create(graph, options)
      : InferenceSession.create(graph, options));
  } catch (cause) {
    throw new ChorusError('E_MODEL_UNSUPPORTED', 'onnxruntime does not accept the training graph', {
      hint: 'check that the model runs in onnxruntime, or choose another device',
      cause,
    });
  }
}
