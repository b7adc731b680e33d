import type { PaidDocument } from '@chorus/admin-api';
import { checkOffer, type Paid, type Purse } from '@chorus/payments';
import type { PaymentsSource } from './source.ts';

/** What a call may cost, and what it is for. */
interface Order {
  /** The address by which the agent is called. */
  agent: string;
  intent: string;
  /** A sum, such as `0.02 CHOR`. */
  most: string;
  /** A person has said yes to the price. */
  approved: boolean;
}

/**
 * Pays for one call of an agent by the node's wallet, within its caps; above `agents.spend.approveAbove` only what
 * a person has approved.
 * @param promised what the agent's card says it accepts; a price beyond it is refused
 */
export function nodePurse(payments: () => Promise<PaymentsSource>, order: Order, promised: unknown): Purse {
  const { intent } = order;
  return {
    resume: async (request) => {
      const { payment } = await (await payments()).resume({ intent, request });
      return payment && paidOf(payment);
    },
    pay: async (required, request) => {
      if (Array.isArray(promised)) checkOffer(required, promised);
      return paidOf(await (await payments()).pay({ ...order, request, required }));
    },
    ended: async (id, ending) => (await payments()).end(id, ending),
  };
}

const paidOf = ({ id, header, nonce, amount, token, channel }: PaidDocument): Paid => ({
  id,
  header,
  nonce,
  amount: BigInt(amount),
  token: token as Paid['token'],
  channel,
});
