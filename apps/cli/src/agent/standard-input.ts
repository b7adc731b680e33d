import { ChorusError } from '@chorus/protocol';

/** Text from standard input; a message of a file is longer than one that is typed. */
const MAX_STDIN_BYTES = 4 * 1024 * 1024;

/**
 * The message on standard input.
 * @throws ChorusError `E_AGENT_INPUT` if it is too long
 */
export async function standardInput(): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of process.stdin as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MAX_STDIN_BYTES) {
      throw new ChorusError('E_AGENT_INPUT', 'the message on standard input is too long', {
        facts: { limit: MAX_STDIN_BYTES },
        hint: 'send less',
      });
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8').trim();
}
