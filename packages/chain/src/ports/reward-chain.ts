import type { Address, Hex, Receipt, RewardChain, Sent } from '@chorus/protocol';
import { TASK_MANAGER } from '../abi/abis.ts';
import { type ClaimOrder, signClaim } from '../abi/signing.ts';
import { eventOf, receiptOf } from '../write/writer.ts';
import type { ChainParts } from './parts.ts';

/** The reward port, with the extras of this implementation. */
export interface EvmRewardChain extends RewardChain {
  /** Sign a claim of this account that any other account may send, and pay for. */
  signClaim(
    token: Address,
    taskIds: bigint[],
    to: Address,
    deadline: number,
  ): Promise<{ order: ClaimOrder; signature: Hex }>;
  /** Send a claim that its account signed. */
  claimBySignature(order: ClaimOrder, signature: Hex): Sent<{ amount: bigint }>;
}

/** Rewards, in the task contract. */
export function createRewardChain({ connection, reader, writer }: ChainParts): EvmRewardChain {
  const { account, signer } = connection;

  /** A call that pays; the amount is in its event. */
  const paying = async (
    action: string,
    name: string,
    args: unknown[],
    event: string,
  ): Promise<Receipt & { amount: bigint }> => {
    const mined = await writer.send({ action, name, args });
    return { ...receiptOf(mined), amount: eventOf(mined, TASK_MANAGER, event).amount };
  };

  return {
    claim: (token, taskIds, to) =>
      to === undefined
        ? paying('claim', 'claim', [token, taskIds], 'Claimed')
        : paying('claim', 'claimTo', [token, taskIds, to], 'Claimed'),

    signClaim: async (token, taskIds, to, deadline) => {
      const [nonce] = await reader.view('nonces', [account]);
      const order: ClaimOrder = { account, token, taskIds, to, nonce, deadline };
      return { order, signature: await signClaim(signer, connection, order) };
    },

    claimBySignature: (order, signature) => {
      const args = [order.account, order.token, order.taskIds, order.to, order.deadline, signature];
      return paying('claim by signature', 'claimBySignature', args, 'Claimed');
    },

    claimable: async (token, of, taskIds) => (await reader.view('claimable', [token, of, taskIds]))[0],

    refund: (taskId) => paying('refund a task', 'refund', [taskId], 'Refunded'),

    collectFees: (taskId) => paying('collect fees', 'collectFees', [taskId], 'FeesCollected'),
  };
}
