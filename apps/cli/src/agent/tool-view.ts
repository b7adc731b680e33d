import type { FoundTool } from '@chorus/service-agents/open';
import colors from 'yoctocolors';
import type { ToolEvent } from './ask.ts';
import { answerText } from './view.ts';

/** The tools of an agent in a sentence. */
export function toolsLine(found: readonly FoundTool[]): string {
  const count = (...states: FoundTool['state'][]) =>
    found.filter(({ state }) => states.includes(state)).length;
  const parts = [
    [count('accepted'), 'accepted'],
    [count('first seen'), 'accepted with the first run or start'],
    [count('new', 'changed', 'gone'), 'not as you accepted them'],
  ] as const;
  return parts.flatMap(([number, words]) => (number > 0 ? `${number} ${words}` : [])).join(', ') || 'none';
}

/** Longest shown description: the whole of it is what the model reads, so a cut is marked. */
const MAX_DESCRIPTION = 400;

/** Every tool with what it says of itself, as the model reads it. */
export function foundToolLines(found: readonly FoundTool[]): string[] {
  return found.flatMap(({ server, name, description, state, needsApproval, fingerprint }) => {
    const isFine = state === 'accepted' || state === 'first seen';
    const words = answerText(description).replaceAll(/\s+/g, ' ').trim();
    const shown =
      words.length > MAX_DESCRIPTION ? `${words.slice(0, MAX_DESCRIPTION)}... (${words.length})` : words;
    const asks = needsApproval ? ', asks you before each call' : '';
    return [
      `${colors.bold(answerText(name))} of ${answerText(server)}: ${isFine ? state : colors.yellow(state)}${asks}`,
      ...(shown === '' ? [] : [`  ${shown}`]),
      ...(fingerprint === null ? [] : [`  ${colors.dim(`fingerprint ${fingerprint.slice(0, 16)}`)}`]),
    ];
  });
}

/** What the owner should know of tools before the model may call them; nothing if all is as it was. */
export function toolNotes(found: readonly FoundTool[]): string[] {
  const added = found
    .filter(({ state }) => state === 'new')
    .map(({ server, name }) => `${name} of ${server}`);
  if (added.length === 0) return [];
  return [
    `${colors.yellow('warning')} not used: ${answerText(added.join(', '))}, which came after you accepted its server; accept with --accept-tools`,
  ];
}

/** A call of a tool for a terminal, a line; null for what a reader does not need. */
export function toolLine({ name, state, detail }: ToolEvent): string | null {
  if (state === 'answered') return null;
  const text = state === 'called' ? `calls ${name} ${detail}` : `${name} failed: ${detail}`;
  return `${colors.dim(answerText(text).replaceAll('\n', ' '))}\n`;
}
