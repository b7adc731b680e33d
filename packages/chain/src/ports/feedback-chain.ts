import type { Address, FeedbackChain, MovedTokens } from '@chorus/protocol';
import { zeroPadValue } from 'ethers';
import { PARAMETERS, REPUTATIONS, TOKEN } from '../abi/abis.ts';
import { confirmationsOf } from '../events/event-index.ts';
import { FeedbackIndex } from '../events/feedback-index.ts';
import { memoryEventStore } from '../events/memory-store.ts';
import { isDevChain, read } from '../rpc/rpc.ts';
import { type Call, eventOf, receiptOf } from '../write/writer.ts';
import type { ChainParts } from './parts.ts';

/** Feedback is read again after this, ms; on a development chain, where no request costs anything, each time. */
const FRESH_MILLISECONDS = 5_000;

const TRANSFER = TOKEN.getEvent('Transfer')!.topicHash;

/** Feedback in the reputation registry (ERC-8004). */
export function createFeedbackChain(parts: ChainParts): FeedbackChain {
  const { connection, reader, writer, contracts, signal } = parts;
  const { provider, chainId } = connection;
  let index: FeedbackIndex | null = null;

  async function opened(): Promise<FeedbackIndex> {
    const { reputations: registry } = await contracts();
    signal.throwIfAborted();
    index ??= new FeedbackIndex({
      provider,
      chainId,
      registry,
      signal,
      fromBlock: connection.deployedAt,
      pollMilliseconds: connection.pollMilliseconds,
      freshMilliseconds: isDevChain(chainId) ? 0 : FRESH_MILLISECONDS,
      store: (connection.feedback ?? memoryEventStore)(),
    });
    return index;
  }
  signal.addEventListener('abort', () => void index?.close(), { once: true });

  const callOf = async (action: string, name: string, args: unknown[]): Promise<Call> => ({
    action,
    to: (await contracts()).reputations,
    abi: REPUTATIONS,
    name,
    args,
  });

  return {
    giveAgentFeedback: async (agentId, { value, decimals, tag1, tag2, endpoint, uri, digest }) => {
      const args = [agentId, value, decimals, tag1, tag2, endpoint, uri, digest];
      const mined = await writer.send(await callOf('give feedback on an agent', 'giveFeedback', args));
      index?.expire();
      return { ...receiptOf(mined), index: eventOf(mined, REPUTATIONS, 'NewFeedback').feedbackIndex };
    },

    revokeAgentFeedback: async (agentId, number) => {
      const mined = await writer.send(await callOf('revoke feedback', 'revokeFeedback', [agentId, number]));
      index?.expire();
      return receiptOf(mined);
    },

    feedbackOn: async (agentId) => (await opened()).on(agentId),

    movedIn: async (transaction, from, to): Promise<MovedTokens | null> => {
      const action = 'read a payment';
      const receipt = await read(action, () => provider.getTransactionReceipt(transaction), signal);
      if (receipt?.status !== 1) return null;
      const [head, block] = await Promise.all([
        read(action, () => provider.getBlockNumber(), signal),
        read(action, () => provider.getBlock(receipt.blockNumber), signal),
      ]);
      // Its block may still be replaced.
      if (block?.hash !== receipt.blockHash || head - receipt.blockNumber < confirmationsOf(chainId))
        return null;
      const [payer, payee] = [topicOf(from), topicOf(to)];
      const amounts = new Map<Address, bigint>();
      for (const { address, topics, data } of receipt.logs) {
        if (topics.length !== 3 || topics[0] !== TRANSFER || topics[1] !== payer || topics[2] !== payee)
          continue;
        const token = address.toLowerCase() as Address;
        // A contract that is no token may write anything.
        if (data.length === 66) amounts.set(token, (amounts.get(token) ?? 0n) + BigInt(data));
      }
      return { at: block.timestamp, amounts: [...amounts].map(([token, amount]) => ({ token, amount })) };
    },

    tillFeeBps: async () => {
      const { parameters } = await contracts();
      return Number((await reader.view('protocolFeeBps', [], parameters, PARAMETERS))[0]);
    },
  };
}

const topicOf = (account: Address): string => zeroPadValue(account, 32).toLowerCase();
