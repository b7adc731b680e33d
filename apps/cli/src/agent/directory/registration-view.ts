import type { RegistrationDocument } from '@chorus/admin-api';
import { COIN_DECIMALS } from '@chorus/protocol';
import { fields } from '../../output/print.ts';
import { amount } from '../../output/units.ts';
import { termsText } from '../../revenue/view.ts';

/** What a registration would cost, in a sentence. */
export function costText({ agent, agentId, cost }: RegistrationDocument): string {
  if (!cost || cost.gas === '0') return `Everything about ${agent} is on chain already: nothing is sent.`;
  const price = `about ${amount(cost.wei, COIN_DECIMALS)} of the chain's coin (${Number(cost.gas).toLocaleString('en')} gas)`;
  return agentId === null
    ? `To register ${agent} takes two transactions: ${price}.`
    : `To update ${agent}, which is agent ${agentId}, takes one transaction: ${price}.`;
}

/** Where an agent is paid from now on, and how that is divided. */
function tillText({ address, terms, effectiveAt }: NonNullable<RegistrationDocument['till']>): string {
  const from = effectiveAt === null ? '' : `, from ${effectiveAt} on (repeat this command then)`;
  return `its till ${address}: ${termsText(terms)}${from}`;
}

/** What was done, as lines. */
export function registrationLines({
  agent,
  agentId,
  registry,
  uri,
  transactions,
  till,
}: RegistrationDocument): string[] {
  return [
    fields([
      ['agent', `${agent} is agent ${agentId}`],
      ['registry', `${registry.address} on chain ${registry.chainId}`],
      ['file', uri ?? '-'],
      ...(till ? [['paid to', tillText(till)] as [string, string]] : []),
      ['sent', transactions.join(', ') || 'nothing: it was on chain already'],
    ]),
    '',
    `Who it is: chorus agent show ${agentId}`,
    `Anybody on this network: chorus agent call ${agentId} 'Hello'`,
  ];
}
