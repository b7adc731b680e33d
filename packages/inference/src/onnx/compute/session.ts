import { InferenceSession } from 'onnxruntime-node';
import { unsupported } from './faults.ts';

/** Constants of a foreign model that the runtime may compute when it opens it. */
const MAX_FOLDED_BYTES = 64 * 2 ** 20;

/**
 * Opens a model in the runtime.
 *
 * @param threads of one operator
 * @param constantBytes of what the runtime may compute when it opens the model; 0 if that is known to be little
 * @throws ChorusError `E_MODEL_UNSUPPORTED` if the runtime does not accept it
 */
export async function createSession(
  model: Uint8Array,
  threads: number,
  constantBytes: number,
): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(model, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
      extra: {
        // A busy-waiting pool takes the cores that others need.
        session: { intra_op: { allow_spinning: '0' } },
        ...(constantBytes > MAX_FOLDED_BYTES
          ? { optimization: { disable_specified_optimizers: 'ConstantFolding' } }
          : {}),
      },
    });
  } catch (cause) {
    throw unsupported(
      'onnxruntime does not accept the model',
      {},
      'check that it runs in onnxruntime',
      cause,
    );
  }
}
