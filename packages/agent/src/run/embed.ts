import type { EmbeddingEvent, EmbeddingRequest, Engine } from '@chorus/protocol';
import type { RequestLedger } from '../limits/ledger.ts';
import { promptTokens } from './complete.ts';
import { stoppable } from './stoppable.ts';

/**
 * Turns the texts of a request into vectors, within the limits of one request: all of them together are one call of the
 * model.
 *
 * @throws ChorusError `E_AGENT_BUDGET`; what the engine throws
 */
export async function* embedAll(
  engine: Engine,
  { inputs }: EmbeddingRequest,
  ledger: RequestLedger,
  signal: AbortSignal,
): AsyncGenerator<EmbeddingEvent> {
  const { bytesPerToken } = engine.facts;
  const input = inputs.reduce((sum, each) => sum + promptTokens(each, bytesPerToken ?? 1), 0);
  ledger.step(input);
  const usage = { inputTokens: 0, outputTokens: 0 };
  for await (const { vectors, tokens } of stoppable(engine.embed!(inputs, signal), signal)) {
    usage.inputTokens += tokens;
    yield { type: 'vectors', vectors };
  }
  ledger.spend(usage, { input, output: 0 });
  yield { type: 'completed', usage };
}
