import { ChorusError } from '@chorus/protocol';

/** The id of the one channel of this wallet that begins so. */
export async function fullId(
  text: string,
  { list }: { list(): Promise<{ credits: { id: string | null }[] }> },
): Promise<string> {
  const { credits } = await list();
  const found = credits.flatMap(({ id }) => (id?.startsWith(text.toLowerCase()) ? [id] : []));
  if (found.length === 1) return found[0]!;
  throw new ChorusError(
    'E_PAYMENT_UNKNOWN',
    found.length === 0 ? 'this wallet has no such channel' : 'several channels begin so',
    { facts: { given: text.slice(0, 70) }, hint: 'chorus credits show lists the channels of this wallet' },
  );
}
