import type { RegistrationDocument } from '@chorus/admin-api';
import { type ChainPort, ChorusError, type Hex, sameTerms, type TillTerms } from '@chorus/protocol';
import { termsDocument } from '../revenue/terms.ts';

/** What an agent's till has to say, and what was sent for that. */
export interface AgreedTerms {
  transactions: Hex[];
  document: NonNullable<RegistrationDocument['till']>;
}

/** Known before anything is sent. @throws ChorusError `E_CHAIN_NO_TILLS` */
export async function requireTills(chain: Pick<ChainPort, 'tillOf'>): Promise<void> {
  if ((await chain.tillOf(0n)) !== null) return;
  throw new ChorusError('E_CHAIN_NO_TILLS', 'this network has no tills for agents', {
    hint: 'remove `share` from the agent file: the agent is then paid to the wallet',
  });
}

/**
 * Have an agent's till divide payments by these terms: the first count at once; others are proposed, and applied by the
 * first call of this after their notice has passed. What is so already is not sent again.
 * @throws ChorusError of the chain
 */
export async function agreeTerms(
  agentId: bigint,
  wanted: TillTerms,
  chain: Pick<ChainPort, 'till' | 'setTillTerms' | 'applyTillTerms' | 'now'>,
): Promise<AgreedTerms> {
  const transactions: Hex[] = [];
  let till = await chain.till(agentId);
  if (
    till.proposed &&
    till.proposed.effectiveAt <= (await chain.now()) &&
    sameTerms(till.proposed.terms, wanted)
  ) {
    transactions.push((await chain.applyTillTerms(agentId)).transaction);
    till = await chain.till(agentId);
  }
  if (sameTerms(till.terms, wanted))
    return { transactions, document: documentOf(till.address, wanted, null) };
  if (!till.proposed || !sameTerms(till.proposed.terms, wanted)) {
    const set = await chain.setTillTerms(agentId, wanted);
    transactions.push(set.transaction);
    return { transactions, document: documentOf(till.address, wanted, set.effectiveAt) };
  }
  return { transactions, document: documentOf(till.address, wanted, till.proposed.effectiveAt) };
}

const documentOf = (address: string, terms: TillTerms, effectiveAt: number | null) => ({
  address,
  terms: termsDocument(terms),
  effectiveAt: effectiveAt === null ? null : new Date(effectiveAt * 1000).toISOString(),
});
