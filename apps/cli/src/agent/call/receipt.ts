import { type AnswerReceipt, ChorusError, decodeTranscript } from '@chorus/protocol';
import { writeOutput } from '../../output/check-output.ts';
import type { Answer } from './answer.ts';
import type { ConnectedAgent } from './connect.ts';

/**
 * Keeps an answer with its receipt and its transcript in a file, for `chorus agent audit`.
 * @throws ChorusError `E_AGENT_TRANSCRIPT` if the agent gives none; `E_A2A_CALL`
 */
export async function keepAnswer(
  path: string,
  { text, receipt }: Pick<Answer, 'text'> & { receipt: AnswerReceipt | null },
  question: string,
  { agent, url }: Omit<ConnectedAgent, 'close'>,
): Promise<void> {
  if (!receipt) {
    throw new ChorusError('E_AGENT_TRANSCRIPT', 'the agent gives no receipt of its answer', {
      facts: { agent: agent.card.name.slice(0, 80) },
      hint: 'only an agent with a language model of its own can; its card says so (extension answer-receipt)',
    });
  }
  const { keptAnswerText } = await import('@chorus/service-agents/open');
  const transcript = decodeTranscript(await agent.transcript(receipt.path));
  const { did = null } = agent.signer ?? {};
  const kept = {
    format: 'chorus-answer/1',
    agent: { name: agent.card.name, did, url },
    question,
    text,
    receipt: receipt.jws,
    transcript,
  } as const;
  await writeOutput(path, keptAnswerText(kept), { mode: 0o600 });
}
