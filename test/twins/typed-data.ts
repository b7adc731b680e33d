import type { Hex } from '@chorus/protocol';
import { concat, keccak256, type TypedDataDomain, toBeHex } from 'ethers';

/**
 * What accounts sign for the task contract, written down a second time: contract and chain client must agree with it.
 * The one copy that all tests use.
 */

const field = (name: string, type: string) => ({ name, type });

export const VERDICT = {
  Verdict: [
    field('taskId', 'uint256'),
    field('round', 'uint32'),
    field('commitments', 'bytes32'),
    field('unavailable', 'uint256'),
    field('rejected', 'uint256'),
    field('novelty', 'bytes32'),
    field('lossBefore', 'uint64'),
    field('lossAfter', 'uint64'),
  ],
};
export const AVAILABLE = {
  Available: [
    field('taskId', 'uint256'),
    field('round', 'uint32'),
    field('commitments', 'bytes32'),
    field('trainer', 'uint256'),
  ],
};
export const CLAIM = {
  Claim: [
    field('account', 'address'),
    field('token', 'address'),
    field('taskIds', 'uint256[]'),
    field('to', 'address'),
    field('nonce', 'uint256'),
    field('deadline', 'uint256'),
  ],
};

export const TRANSFER = {
  TransferWithAuthorization: [
    field('from', 'address'),
    field('to', 'address'),
    field('value', 'uint256'),
    field('validAfter', 'uint256'),
    field('validBefore', 'uint256'),
    field('nonce', 'bytes32'),
  ],
};

export const CHANNEL = {
  ChannelConfig: [
    field('payer', 'address'),
    field('payerAuthorizer', 'address'),
    field('receiver', 'address'),
    field('receiverAuthorizer', 'address'),
    field('token', 'address'),
    field('withdrawDelay', 'uint40'),
    field('salt', 'bytes32'),
  ],
};
export const VOUCHER = {
  Voucher: [field('channelId', 'bytes32'), field('maxClaimableAmount', 'uint128')],
};

export const REFUND = {
  Refund: [field('channelId', 'bytes32'), field('nonce', 'uint256'), field('amount', 'uint128')],
};
export const CLAIM_BATCH = {
  ClaimBatch: [field('claims', 'ClaimEntry[]')],
  ClaimEntry: [
    field('channelId', 'bytes32'),
    field('maxClaimableAmount', 'uint128'),
    field('totalClaimed', 'uint128'),
  ],
};
export const RECEIVE = { ReceiveWithAuthorization: TRANSFER.TransferWithAuthorization };

export const domainOf = (chainId: number, verifyingContract: string): TypedDataDomain => ({
  name: 'Chorus',
  version: '1',
  chainId,
  verifyingContract,
});

export interface Committed {
  commitment: { x: bigint; y: bigint };
}

/** Of a round: its updates in the order of the trainers, its opened references in that of the validators' appointment. */
export interface Commitments {
  updates: readonly (Committed | null | undefined)[];
  references: readonly (Committed | null | undefined)[];
}

/** keccak256 of 31 points, x and y: of 16 updates, then of 15 references; zero for those that are absent. */
export function hashOf({ updates, references }: Commitments): Hex {
  const words = (entries: Commitments['updates'], count: number): string[] =>
    Array.from({ length: count }, (_, i) => entries[i]).flatMap((entry) =>
      [entry?.commitment.x ?? 0n, entry?.commitment.y ?? 0n].map((v) => toBeHex(v, 32)),
    );
  return keccak256(concat([...words(updates, 16), ...words(references, 15)])) as Hex;
}

/** keccak256 of a commitment's x and y; of no novelty that of zeros. */
export function pointHash({ x, y } = { x: 0n, y: 0n }): Hex {
  return keccak256(concat([toBeHex(x, 32), toBeHex(y, 32)])) as Hex;
}

/** The commitments of a round out of its events, by the accounts of its task. */
export function commitmentsIn(
  // biome-ignore lint/suspicious/noExplicitAny: what an ABI decodes to
  events: readonly { name: string; args: any }[],
  trainers: readonly string[],
  validators: readonly string[],
): Commitments {
  const of = (name: string, role: string, account: string): Committed | undefined =>
    events.find((e) => e.name === name && e.args[role].toLowerCase() === account.toLowerCase())?.args;
  return {
    updates: trainers.map((account) => of('UpdateCommitted', 'trainer', account)),
    references: validators.map((account) => of('ReferenceOpened', 'validator', account)),
  };
}
