import type { RegistrationDocument } from '@chorus/admin-api';
import { COIN_DECIMALS } from '@chorus/protocol';
import { fields } from '../../output/print.ts';
import { amount } from '../../output/units.ts';

/** What a registration would cost, in a sentence. */
export function costText({ agent, agentId, cost }: RegistrationDocument): string {
  if (!cost || cost.gas === '0') return `Everything about ${agent} is on chain already: nothing is sent.`;
  const price = `about ${amount(cost.wei, COIN_DECIMALS)} of the chain's coin (${Number(cost.gas).toLocaleString('en')} gas)`;
  return agentId === null
    ? `To register ${agent} takes two transactions: ${price}.`
    : `To update ${agent}, which is agent ${agentId}, takes one transaction: ${price}.`;
}

/** What was done, as lines. */
export function registrationLines({
  agent,
  agentId,
  registry,
  uri,
  transactions,
}: RegistrationDocument): string[] {
  return [
    fields([
      ['agent', `${agent} is agent ${agentId}`],
      ['registry', `${registry.address} on chain ${registry.chainId}`],
      ['file', uri ?? '-'],
      ['sent', transactions.join(', ') || 'nothing: it was on chain already'],
    ]),
    '',
    `Who it is: chorus agent show ${agentId}`,
    `Anybody on this network: chorus agent call ${agentId} 'Hello'`,
  ];
}
