import { ChorusError } from '@chorus/protocol';
import colors from 'yoctocolors';
import { shellWord } from '../../environment/environment.ts';
import { print } from '../../output/print.ts';
import { write } from '../../output/terminal.ts';
import { citationLines } from '../citation-view.ts';
import { answerText } from '../view.ts';
import type { Answer } from './answer.ts';
import type { ConnectedAgent } from './connect.ts';

/** The answer for a program, with the agent that has given it. */
export function answerDocument(answer: Answer, { agent, url }: Omit<ConnectedAgent, 'close'>) {
  return { ...answer, card: { name: agent.card.name, did: agent.signer?.did ?? null, url } };
}

/** Says on standard error whose answer follows. */
export function showSigner({ agent }: Pick<ConnectedAgent, 'agent'>): void {
  const { signer, card } = agent;
  const name = answerText(card.name);
  const line = signer ? `${name}, signed by ${signer.did}` : `${name}, which is not signed by anyone`;
  write(process.stderr, `${colors.dim(`agent: ${line}`)}\n`);
}

/**
 * Prints what follows the text of an answer: its data on standard output if there was no text; files, and how to go
 * on, on standard error.
 */
export function showRest({ text, data, files, citations, ...answer }: Answer): void {
  if (citations.length > 0) print('', ...citationLines(citations));
  if (text === '') for (const { value } of data) print(answerText(JSON.stringify(value)));
  const notes = files.map(
    ({ name, mediaType, bytes }) =>
      `file, not saved: ${name ?? 'without a name'} (${mediaType}, ${bytes.toLocaleString('en')} bytes)`,
  );
  const { state, taskId, contextId } = answer;
  const asked = state === 'input-required';
  if (asked) print(answerText(answer.reason ?? ''));
  if (contextId && (asked || state === 'completed')) {
    const task = asked && taskId ? ` --task ${shellWord(taskId)}` : '';
    notes.push(`go on with --context ${shellWord(contextId)}${task}`);
  }
  for (const note of notes) write(process.stderr, `${colors.dim(answerText(note))}\n`);
}

/** Why there is no answer; null if there is one. */
export function failureOf({ state, reason, taskId }: Answer): ChorusError | null {
  const facts = { says: answerText(reason ?? '').slice(0, 500) || undefined, task: taskId ?? undefined };
  switch (state) {
    case 'rejected':
      return new ChorusError('E_A2A_REFUSED', 'the agent refuses', { facts });
    case 'failed':
      return new ChorusError('E_A2A_TASK_FAILED', 'the agent could not do it', { facts });
    case 'cancelled':
      return new ChorusError('E_A2A_TASK_FAILED', 'the task was cancelled at the agent', { facts });
    default:
      return null;
  }
}
