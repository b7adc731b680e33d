import { type Address, ChorusError, fromHex, type Hex, sameAddress, toHex } from '@chorus/protocol';
import { type TypedDataDomain, verifyTypedData, type Wallet } from 'ethers';
import { z } from 'zod';
import { didOfPeerId } from './did.ts';
import { isSignedByPeer, type NodeKey } from './node-key.ts';

/**
 * A node's identity: its network key and its wallet, each vouching for the other. Public.
 */
export interface Identity {
  version: 1;
  peerId: string;
  /** The peer id's key as a DID (did:key). */
  did: string;
  /** The wallet, lower case. */
  address: Address;
  /** Unix seconds; of two identities of one wallet, the later one counts. */
  issuedAt: number;
  /** EIP-712 by the wallet: this node speaks for me. */
  walletSignature: Hex;
  /** Ed25519 by the node's key: this wallet acts for me. */
  nodeSignature: Hex;
}

/** No chain id: an identity is the same on every chain, and the signature moves nothing on any. */
const DOMAIN: TypedDataDomain = { name: 'Chorus identity', version: '1' };

const TYPES = {
  NodeIdentity: [
    { name: 'statement', type: 'string' },
    { name: 'peerId', type: 'string' },
    { name: 'issuedAt', type: 'uint64' },
  ],
};

const STATEMENT = 'This node acts for this account.';

const identitySchema = z.strictObject({
  version: z.literal(1),
  peerId: z.string().max(64),
  did: z.string().max(80),
  address: z.string().regex(/^0x[0-9a-f]{40}$/, 'must be a lower-case address'),
  issuedAt: z.number().int().nonnegative(),
  walletSignature: z.string().regex(/^0x[0-9a-f]{130}$/, 'must be 65 bytes of hex'),
  nodeSignature: z.string().regex(/^0x[0-9a-f]{128}$/, 'must be 64 bytes of hex'),
});

type Claim = Pick<Identity, 'peerId' | 'address' | 'issuedAt'>;

/**
 * What the node's key signs: a text that no libp2p protocol signs, so that neither signature can be used as the
 * other.
 */
function nodeStatement({ peerId, address, issuedAt }: Claim): Uint8Array {
  return new TextEncoder().encode(`chorus/identity/1\n${peerId}\n${address}\n${issuedAt}\n`);
}

/** Let a node key and a wallet vouch for each other. */
export async function attest(
  key: Pick<NodeKey, 'peerId' | 'sign'>,
  wallet: Pick<Wallet, 'address' | 'signTypedData'>,
  issuedAt: number,
): Promise<Identity> {
  const { peerId } = key;
  const address = wallet.address.toLowerCase() as Address;
  const message = { statement: STATEMENT, peerId, issuedAt };
  return {
    version: 1,
    peerId,
    did: didOfPeerId(peerId),
    address,
    issuedAt,
    walletSignature: (await wallet.signTypedData(DOMAIN, TYPES, message)) as Hex,
    nodeSignature: toHex(key.sign(nodeStatement({ peerId, address, issuedAt }))),
  };
}

/**
 * Check an identity, from a file or from a stranger: form, both signatures, and that DID and peer id belong to the
 * same key.
 *
 * @example
 * const { address } = verifyIdentity(JSON.parse(text));
 * @throws ChorusError `E_IDENTITY_FALSE`
 */
export function verifyIdentity(value: unknown): Identity {
  const parsed = identitySchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw isFalse(`${issue?.path.join('.') || 'the document'}: ${issue?.message}`);
  }
  const identity = parsed.data as Identity;
  const { peerId, did, issuedAt, address } = identity;
  if (did !== didOf(peerId)) throw isFalse('DID and peer id belong to different keys');
  if (!isSignedByPeer(peerId, nodeStatement(identity), fromHex(identity.nodeSignature))) {
    throw isFalse("the node's key did not sign it");
  }
  const message = { statement: STATEMENT, peerId, issuedAt };
  if (!sameAddress(signerOf(message, identity.walletSignature), address)) {
    throw isFalse('the wallet did not sign it');
  }
  return identity;
}

function didOf(peerId: string): string {
  try {
    return didOfPeerId(peerId);
  } catch (cause) {
    throw isFalse('the peer id is malformed', cause);
  }
}

function signerOf(message: Record<string, unknown>, signature: Hex): string {
  try {
    return verifyTypedData(DOMAIN, TYPES, message, signature);
  } catch (cause) {
    throw isFalse('the signature of the wallet is malformed', cause);
  }
}

function isFalse(why: string, cause?: unknown): ChorusError {
  return new ChorusError('E_IDENTITY_FALSE', `the identity does not hold: ${why}`, { cause });
}
