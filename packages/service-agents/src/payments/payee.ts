import type { Address, ChainPort, TillTerms } from '@chorus/protocol';

/**
 * Where an agent is paid: to its till if its file gives parts of a payment to others and it has an identity, otherwise to
 * the wallet of the node.
 * @param agentId null for an agent without an identity, which has no till yet
 */
export async function payeeOf(
  share: TillTerms | null,
  agentId: bigint | null,
  chain: Pick<ChainPort, 'account' | 'tillOf'>,
): Promise<Address> {
  const till = share === null || agentId === null ? null : await chain.tillOf(agentId);
  return till ?? chain.account;
}
