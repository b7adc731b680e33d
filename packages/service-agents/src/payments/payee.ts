import { type Address, type ChainPort, sameAddress, type TillTerms } from '@chorus/protocol';

type PayeeReads = Pick<ChainPort, 'account' | 'till' | 'tillOf' | 'registeredAgent'>;

const sharesAny = ({ holdersBps, models, tools }: TillTerms): boolean =>
  holdersBps > 0 || models.length > 0 || tools.length > 0;

/**
 * Where an agent is paid: to its till if its file has `share`, and the till gives others what the file says, otherwise to
 * the wallet of the node. A till without terms gives all of it to the owner of the identity: right for an empty `share` alone.
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
  return isOurs && (sharesAny(terms) || !sharesAny(share)) ? address : account;
}
