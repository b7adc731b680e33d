import type { Engine, TensorEvent, TensorRequest } from '@chorus/protocol';
import type { RequestLedger } from '../limits/ledger.ts';
import { unlessAborted } from './stoppable.ts';

/**
 * Computes the tensors of a request, within the limits of one request: it is one call of the model.
 *
 * @throws ChorusError `E_AGENT_BUDGET`; what the engine throws
 */
export async function* inferAll(
  engine: Engine,
  { inputs }: TensorRequest,
  ledger: RequestLedger,
  signal: AbortSignal,
): AsyncGenerator<TensorEvent> {
  ledger.step(0);
  yield { type: 'tensors', outputs: await unlessAborted(engine.infer!(inputs, signal), signal) };
  yield { type: 'completed', usage: { inputTokens: null, outputTokens: null } };
}
