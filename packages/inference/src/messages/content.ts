import { ChorusError, type EngineMessage } from '@chorus/protocol';

/**
 * A message as a model that reads text is shown it: its text, then its files and data.
 *
 * @throws ChorusError `E_AGENT_INPUT` if a file is not text
 */
export function contentOf({ role, text, files, data }: EngineMessage): string {
  if (role === 'assistant') return text;
  const attached = files.map(({ name, mediaType, bytes }) => {
    if (!mediaType.startsWith('text/') && mediaType !== 'application/json') {
      throw new ChorusError(
        'E_AGENT_INPUT',
        `this agent does not read files of the type ${mediaType.slice(0, 60)}`,
        { hint: 'send text, or a text file' },
      );
    }
    return `File ${JSON.stringify(name ?? 'without a name')}:\n${new TextDecoder().decode(bytes)}`;
  });
  return [text, ...attached, ...data.map((value) => JSON.stringify(value))]
    .filter((part) => part !== '')
    .join('\n\n');
}
