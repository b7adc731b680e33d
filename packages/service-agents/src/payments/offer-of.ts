import { type AgentDescription, PAYMENT_EXTENSION } from '@chorus/a2a';
import { type Offer, requirementsOf } from '@chorus/payments';
import type { Address, ChainPort } from '@chorus/protocol';
import type { Amount } from './price.ts';

/**
 * What a call of an agent costs.
 * @param payTo the wallet of the node, or the till of the agent
 * @throws ChorusError `E_CHAIN_TOKEN`
 */
export async function offerOf(
  agent: { name: string; title: string; url: string },
  price: Amount,
  payTo: Address,
  chain: Pick<ChainPort, 'tokenDomain' | 'chainId'>,
): Promise<Offer> {
  return {
    agent: agent.name,
    resource: agent.url,
    description: `A call of ${agent.title}: ${price.text}`,
    chainId: chain.chainId,
    token: price.token.address,
    domain: await chain.tokenDomain(price.token.address),
    amount: price.units,
    payTo: payTo.toLowerCase() as Address,
  };
}

/** The price in a card. */
export function paymentExtension(
  offer: Offer,
  price: Amount,
): NonNullable<AgentDescription['extensions']>[number] {
  return {
    uri: PAYMENT_EXTENSION,
    description: `Each message costs ${price.text}, paid by x402 version 2 over HTTP`,
    required: false,
    params: { x402Version: 2, price: price.text, accepts: [requirementsOf(offer)] },
  };
}
