import {
  ADDRESS_PATTERN,
  type Address,
  type Feedback,
  type FeedbackWords,
  HASH_PATTERN,
  type Hex,
  toHex,
} from '@chorus/protocol';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { z } from 'zod';
import { readRegistrationUri } from '../registration/uri.ts';
import { type AgentRegistry, registryName } from '../registry/registry.ts';

/** The tag of ERC-8004 for a quality from 0 to 100. */
export const STARRED = 'starred';

/** The payment that a piece of feedback is about, as ERC-8004 names it. */
export interface PaymentProof {
  from: Address;
  to: Address;
  chainId: number;
  transaction: Hex;
}

const fileSchema = z.looseObject({
  proofOfPayment: z.looseObject({
    fromAddress: z.string().regex(ADDRESS_PATTERN),
    toAddress: z.string().regex(ADDRESS_PATTERN),
    chainId: z.union([z.string().regex(/^\d{1,15}$/), z.number().int().nonnegative()]),
    txHash: z.string().regex(HASH_PATTERN),
  }),
});

/**
 * A rating of an agent that was paid, as ERC-8004 wants feedback. Its file is in the URI itself: who reads it asks
 * no one for it.
 * @param rating 0 to 100
 */
export function ratingWords(
  rating: number,
  {
    registry,
    agentId,
    endpoint,
    proof,
    at,
  }: {
    registry: AgentRegistry;
    agentId: bigint;
    endpoint: string;
    proof: PaymentProof;
    at: Date;
  },
): FeedbackWords {
  const file = {
    agentRegistry: registryName(registry),
    agentId: Number(agentId),
    clientAddress: `eip155:${registry.chainId}:${proof.from}`,
    createdAt: at.toISOString(),
    value: rating,
    valueDecimals: 0,
    tag1: STARRED,
    proofOfPayment: {
      fromAddress: proof.from,
      toAddress: proof.to,
      chainId: String(proof.chainId),
      txHash: proof.transaction,
    },
  };
  const bytes = new TextEncoder().encode(JSON.stringify(file));
  return {
    value: BigInt(rating),
    decimals: 0,
    tag1: STARRED,
    tag2: '',
    endpoint,
    uri: `data:application/json;base64,${Buffer.from(bytes).toString('base64')}`,
    digest: toHex(keccak_256(bytes)),
  };
}

/** The rating that feedback gives, 0 to 100; null if it is about something else. */
export function ratingOf({ value, decimals, tag1 }: Feedback): number | null {
  if (tag1 !== STARRED || decimals > 18) return null;
  const unit = 10n ** BigInt(decimals);
  if (value < 0n || value > 100n * unit) return null;
  return Number((value * 1_000n) / unit) / 1_000;
}

/** The payment that feedback names; null if its URI holds no file that does, or another file than its digest says. */
export function paymentProof({ uri, digest }: Feedback): PaymentProof | null {
  if (!/^data:/i.test(uri)) return null;
  try {
    const source = readRegistrationUri(uri);
    if (source.kind !== 'data' || toHex(keccak_256(source.bytes)) !== digest.toLowerCase()) return null;
    const { proofOfPayment } = fileSchema.parse(JSON.parse(new TextDecoder().decode(source.bytes)));
    return {
      from: proofOfPayment.fromAddress.toLowerCase() as Address,
      to: proofOfPayment.toAddress.toLowerCase() as Address,
      chainId: Number(proofOfPayment.chainId),
      transaction: proofOfPayment.txHash.toLowerCase() as Hex,
    };
  } catch {
    // Anyone may write anything: it names no payment.
    return null;
  }
}
