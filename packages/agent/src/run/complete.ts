import {
  type AgentUsage,
  ChorusError,
  type CompletionEvent,
  type CompletionRequest,
  type Engine,
  type EngineCompletionEvent,
  type TextPrompt,
} from '@chorus/protocol';
import type { RequestLedger } from '../limits/ledger.ts';
import { merged } from './merged.ts';
import { stoppable } from './stoppable.ts';

/** Choices of one request that the model writes at the same time: as many as it has slots by default. */
const AT_ONCE = 4;

/**
 * Writes on from each prompt of a request, within the limits of one request: all of its choices together are one call of
 * the model.
 *
 * @throws ChorusError `E_AGENT_BUDGET`; what the engine throws
 */
export async function* completeAll(
  engine: Engine,
  { prompts, maxTokens, echo, wishes, transcript }: CompletionRequest & { transcript: boolean },
  ledger: RequestLedger,
  signal: AbortSignal,
): AsyncGenerator<CompletionEvent> {
  const { bytesPerToken } = engine.facts;
  const input = prompts.reduce((sum, prompt) => sum + promptTokens(prompt, bytesPerToken ?? 1), 0);
  const share = Math.floor(ledger.step(input) / prompts.length);
  if (share < 1 && maxTokens > 0) {
    throw new ChorusError('E_AGENT_BUDGET', 'the request has more choices than tokens are left for', {
      facts: { choices: prompts.length },
      hint: 'send fewer prompts at once, or shorter ones',
    });
  }
  const most = Math.min(maxTokens, share);
  const used = { inputTokens: 0, outputTokens: 0 };
  const counted = async function* (choice: number): AsyncGenerator<CompletionEvent> {
    const own = { prompt: prompts[choice]!, wishes: seeded(wishes, choice) };
    const asked = { ...own, maxTokens: most, echo, transcript };
    for await (const event of stoppable(engine.complete!(asked, signal), signal)) {
      if (event.type === 'text') ledger.write(Buffer.byteLength(event.text));
      if (event.type === 'finished') add(used, event);
      yield { type: 'choice', choice, event };
    }
  };
  try {
    yield* merged(prompts.length, AT_ONCE, counted);
  } finally {
    ledger.spend(used, { input, output: 0 });
  }
  yield { type: 'completed', usage: used };
}

/** Choices with one seed would be equal where their prompts are: each has the seed after that of the one before. */
function seeded(wishes: CompletionRequest['wishes'], choice: number): CompletionRequest['wishes'] {
  const { seed } = wishes;
  return seed === undefined ? wishes : { ...wishes, seed: (seed + choice) % Number.MAX_SAFE_INTEGER };
}

function add(sum: AgentUsage, { usage }: Extract<EngineCompletionEvent, { type: 'finished' }>): void {
  sum.inputTokens! += usage.inputTokens ?? 0;
  sum.outputTokens! += usage.outputTokens ?? 0;
}

/** Tokens of a prompt, estimated if it is a text. */
export const promptTokens = (prompt: TextPrompt, bytesPerToken: number): number =>
  'tokens' in prompt ? prompt.tokens.length : Math.ceil(Buffer.byteLength(prompt.text) / bytesPerToken);
