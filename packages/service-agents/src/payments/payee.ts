import { type Address, type ChainPort, sameAddress, type TillTerms } from '@chorus/protocol';

type PayeeReads = Pick<ChainPort, 'account' | 'till' | 'tillOf' | 'registeredAgent'>;

/**
 * Where an agent is paid: to its till if its file gives parts of a payment to others, and the till does, otherwise to the
 * wallet of the node. A till without terms would give all of it to the owner of the identity, who may be another by now.
 * @param agentId null for an agent without an identity, which has no till yet
 */
export async function payeeOf(
  share: TillTerms | null,
  agentId: bigint | null,
  chain: PayeeReads,
): Promise<Address> {
  const { account } = chain;
  if (share === null || agentId === null || (await chain.tillOf(agentId)) === null) return account;
  const [{ address, terms }, registered] = await Promise.all([
    chain.till(agentId),
    chain.registeredAgent(agentId),
  ]);
  const isOurs = registered !== null && sameAddress(registered.owner, account);
  const isShared = terms.holdersBps > 0 || terms.models.length > 0 || terms.tools.length > 0;
  return isOurs && isShared ? address : account;
}
