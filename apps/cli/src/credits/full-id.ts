import { ChorusError } from '@chorus/protocol';

/** The id of the one channel of this wallet that begins so. */
export async function fullId(
  text: string,
  { list }: { list(): Promise<{ credits: { id: string | null }[] }> },
): Promise<string> {
  if (!/^0x[0-9a-f]{4,64}$/i.test(text)) {
    throw new ChorusError('E_USAGE', 'this is not the id of a channel', {
      facts: { given: text.slice(0, 70) },
      hint: 'give at least its first four digits: chorus credits show',
    });
  }
  const { credits } = await list();
  const found = credits.flatMap(({ id }) => (id?.startsWith(text.toLowerCase()) ? [id] : []));
  if (found.length === 1) return found[0]!;
  throw new ChorusError(
    'E_PAYMENT_UNKNOWN',
    found.length === 0 ? 'this wallet has no such channel' : 'several channels begin so',
    { facts: { given: text.slice(0, 70) }, hint: 'chorus credits show lists the channels of this wallet' },
  );
}
