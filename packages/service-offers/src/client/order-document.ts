import type { OrderDocument } from '@chorus/admin-api';
import type { Order } from '../store/orders.ts';

/** An order as the admin API shows it. */
export function orderDocument({ with: candidate, ...order }: Order): OrderDocument {
  const { orderId, askId, text, state, jobId, tried, answer, problem, at } = order;
  return {
    ...{ orderId, askId, text, state },
    agentId: candidate?.agentId ?? null,
    offer: candidate?.offer ?? null,
    kind: candidate?.kind ?? null,
    price: candidate && { text: candidate.priceText, units: candidate.units, token: candidate.token },
    ...{ jobId, tried, answer, problem, at: new Date(at).toISOString() },
  };
}
