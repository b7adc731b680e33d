import type { RegistrationDocument } from '@chorus/admin-api';
import {
  type ChainPort,
  ChorusError,
  type Hex,
  sameTerms,
  TILL_NOTICE_SECONDS,
  type TillTerms,
} from '@chorus/protocol';
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
  const now = await chain.now();
  let till = await chain.till(agentId);
  const pending = till.proposed && sameTerms(till.proposed.terms, wanted) ? till.proposed : null;
  const isDue =
    pending !== null && pending.effectiveAt <= now && now <= pending.effectiveAt + TILL_NOTICE_SECONDS;
  if (isDue) {
    transactions.push((await chain.applyTillTerms(agentId)).transaction);
    till = await chain.till(agentId);
  }
  const isSet = sameTerms(till.terms, wanted);
  const waits = pending !== null && now < pending.effectiveAt;
  // Anyone could apply what was proposed and given up: the present terms withdraw it.
  if (isSet ? till.proposed === null : waits) {
    return { transactions, document: documentOf(till.address, wanted, isSet ? null : pending!.effectiveAt) };
  }
  const set = await chain.setTillTerms(agentId, wanted);
  transactions.push(set.transaction);
  return { transactions, document: documentOf(till.address, wanted, set.effectiveAt) };
}

const documentOf = (address: string, terms: TillTerms, effectiveAt: number | null) => ({
  address,
  terms: termsDocument(terms),
  effectiveAt: effectiveAt === null ? null : new Date(effectiveAt * 1000).toISOString(),
});
