import { parseSum } from '@chorus/protocol';
import type { AgentOffer } from './definition.ts';
import type { AgentFile } from './schema.ts';

/** The offers of an agent file; a call costs what the file says of all calls. */
export function offersOf({ offers = [], price: ofCall }: AgentFile): AgentOffer[] {
  return offers.map(({ within, input = null, deliverable = null, price = ofCall, name, ...offer }) => ({
    ...offer,
    name: name ?? offer.id,
    price: price === undefined ? null : parseSum(price),
    seconds: within,
    input,
    deliverable,
  }));
}
