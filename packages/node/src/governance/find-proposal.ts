import { ChorusError, counted, type Proposal } from '@chorus/protocol';

/** Longest number that counts proposals; longer ones are ids. */
const MAX_NUMBER_DIGITS = 6;

const hexOf = (id: bigint): string => id.toString(16).padStart(64, '0');

/** The beginning of an id: enough to tell proposals apart, unless somebody searched for an id that begins likewise. */
export const shortId = (id: bigint): string => `0x${hexOf(id).slice(0, 8)}`;

/**
 * A proposal by its number (from 1), its id, or the beginning of its id in hexadecimal.
 * @param proposals of one governor, the oldest first
 * @throws ChorusError `E_GOVERNANCE_UNKNOWN`, `E_GOVERNANCE_AMBIGUOUS`
 */
export function findProposal(
  proposals: readonly Proposal[],
  reference: string,
): { proposal: Proposal; number: number } {
  const found = proposals.flatMap((proposal, i) =>
    isCalled(proposal, i + 1, reference) ? [{ proposal, number: i + 1 }] : [],
  );
  if (found.length === 1) return found[0]!;
  if (found.length === 0) {
    throw new ChorusError('E_GOVERNANCE_UNKNOWN', 'the governor of this network has no such proposal', {
      facts: { proposal: reference.slice(0, 80), proposals: proposals.length },
      hint: 'list them: chorus governance list',
    });
  }
  throw new ChorusError(
    'E_GOVERNANCE_AMBIGUOUS',
    `${counted(found.length, 'proposal')} have an id that begins so`,
    {
      facts: { proposal: reference, numbers: found.map(({ number }) => number).join(', ') },
      hint: 'give more of the id, or the number; look at each before you vote: somebody made their ids alike',
    },
  );
}

function isCalled({ id }: Proposal, number: number, reference: string): boolean {
  if (reference.startsWith('0x')) return hexOf(id).startsWith(reference.slice(2).toLowerCase());
  return reference.length <= MAX_NUMBER_DIGITS ? Number(reference) === number : BigInt(reference) === id;
}
