import type { MarketAgents } from '@chorus/market';
import { type AgentMessage, ChorusError } from '@chorus/protocol';
import type { Candidate, Order } from '../store/orders.ts';
import { CALL_MILLISECONDS, MAX_FILE_BYTES } from './limits.ts';

/**
 * Call the agent of a candidate, for at most the price of its signed answer. The same order and candidate make the same
 * request: a call that was paid before a crash is not paid again.
 * @throws ChorusError as `MarketAgents.call`
 */
export async function callCandidate(
  order: Order,
  { agentId, units, token }: Candidate,
  agents: Pick<MarketAgents, 'call' | 'tokens'>,
  signal: AbortSignal,
): Promise<NonNullable<Order['answer']>> {
  const known = (await agents.tokens()).find(({ address }) => address === token);
  if (!known) {
    throw new ChorusError('E_PAYMENT_OFFER', 'this node does not pay in the token of the order any more', {
      hint: 'see agents.tokens',
    });
  }
  const pay = units === '0' ? null : { digits: BigInt(units), decimals: known.decimals, token };
  const { text, data, files } = await agents.call(BigInt(agentId), messageOf(order), {
    pay,
    requestId: `${order.orderId} ${agentId}`,
    signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_MILLISECONDS)]),
  });
  let left = MAX_FILE_BYTES;
  const kept = files.filter(({ bytes }) => {
    left -= bytes.length;
    return left >= 0;
  });
  return {
    ...{ text, data },
    files: kept.map(({ name, mediaType, bytes }) => ({
      ...{ name: name ?? 'file', mediaType, base64: Buffer.from(bytes).toString('base64') },
    })),
  };
}

/** A text is the message; another value is written in it, for a model, and given as it is, for a program. */
function messageOf({ input }: Order): AgentMessage {
  const isText = typeof input === 'string';
  return {
    from: 'caller',
    text: isText ? input : JSON.stringify(input),
    files: [],
    data: isText ? [] : [input],
  };
}
