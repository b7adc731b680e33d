import { type AgentDescription, PAYMENT_EXTENSION } from '@chorus/a2a';
import { acceptsOf, type Offer } from '@chorus/payments';
import type { Address, ChainPort } from '@chorus/protocol';
import type { AgentsConfig } from '../config/agents-config.ts';
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
  chain: Pick<ChainPort, 'tokenDomain' | 'chainId' | 'account' | 'channelContracts'>,
  { enabled, withdrawHours }: AgentsConfig['channels'],
): Promise<Offer> {
  const takesChannels = enabled && (await chain.channelContracts()) !== null;
  return {
    agent: agent.name,
    resource: agent.url,
    description: `A call of ${agent.title}: ${price.text}`,
    chainId: chain.chainId,
    token: price.token.address,
    domain: await chain.tokenDomain(price.token.address),
    amount: price.units,
    payTo: payTo.toLowerCase() as Address,
    channel: takesChannels
      ? {
          authorizer: chain.account.toLowerCase() as Address,
          withdrawDelay: Math.round(withdrawHours * 3_600),
        }
      : null,
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
    params: { x402Version: 2, price: price.text, accepts: acceptsOf(offer) },
  };
}
