import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { type AdminClient, MAX_JOB_FILE_BYTES } from '@chorus/admin-api';
import { ChorusError, parseTokenAmount } from '@chorus/protocol';

/** An amount in tokens, in their smallest unit. @throws ChorusError `E_USAGE` */
export function sumOf(text: string, decimals: number | null): string {
  const units = decimals === null ? null : parseTokenAmount(text, decimals);
  if (units !== null) return units.toString();
  throw new ChorusError('E_USAGE', 'the amount cannot be read', {
    facts: { given: text.slice(0, 50), decimals },
    hint: 'give a number of tokens such as 12.5; the token has to say how many decimals it has',
  });
}

/** Give a file to the node, which keeps it for others to fetch. @returns the digest that names it on chain */
export async function digestOfFile(node: Pick<AdminClient, 'storeJobFile'>, path: string): Promise<string> {
  const refuse = (message: string, hint: string, cause?: unknown) =>
    new ChorusError('E_USAGE', message, { facts: { path }, hint, ...(cause === undefined ? {} : { cause }) });
  try {
    const { size } = await stat(path);
    if (size > MAX_JOB_FILE_BYTES) {
      throw refuse(
        'the file is too large',
        `give one of at most ${MAX_JOB_FILE_BYTES / 2 ** 20} MiB, such as a list of CIDs`,
      );
    }
    return (await node.storeJobFile(basename(path).slice(0, 200), await readFile(path))).digest;
  } catch (error) {
    if (error instanceof ChorusError) throw error;
    throw refuse('the file cannot be read', 'check the path', error);
  }
}

/** Where a provider is paid: an address, or `agent:<number>`. */
export function payoutOf(text: string): string | { agentId: string } {
  const [, agentId] = /^agent:(\d{1,20})$/.exec(text) ?? [];
  return agentId === undefined ? text : { agentId };
}
