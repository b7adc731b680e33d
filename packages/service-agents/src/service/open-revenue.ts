import type { Components } from '@chorus/node';
import type { Address } from '@chorus/protocol';
import type { AgentsNodeConfig } from '../config/agents-config.ts';
import type { NodePayments } from '../payments/node-payments.ts';
import type { Registrations } from '../registration/registrations.ts';
import { Holdings } from '../revenue/holdings.ts';
import { NodeRevenue } from '../revenue/node-revenue.ts';

/** The revenue of a node's wallet, in the tokens that the node is paid in. */
export function openRevenue(
  { ports, config, store }: Components<AgentsNodeConfig>,
  registrations: Registrations,
  payments: Pick<NodePayments, 'source'>,
): NodeRevenue {
  const tokens = config.agents.tokens.map((token) => token.toLowerCase() as Address);
  return new NodeRevenue({
    ...{ chain: ports.chain, tokens, registrations, holdings: new Holdings(store) },
    prepaid: {
      sums: async () => new (await import('@chorus/payments')).HeldChannels(store).sums(),
      claim: async () => (await payments.source()).credits.claim(),
    },
  });
}
