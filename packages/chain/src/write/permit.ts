import type { Address } from '@chorus/protocol';
import { Signature, type Signer } from 'ethers';
import { TOKEN } from '../abi/abis.ts';
import { ChainError } from '../errors/errors.ts';
import type { TaskReader } from '../read/reader.ts';

const PERMIT_TYPES = {
  Permit: [
    { name: 'owner', type: 'address' },
    { name: 'spender', type: 'address' },
    { name: 'value', type: 'uint256' },
    { name: 'nonce', type: 'uint256' },
    { name: 'deadline', type: 'uint256' },
  ],
};

/** An approval by signature instead of a transaction (EIP-2612). */
export interface Permit {
  token: Address;
  owner: Address;
  spender: Address;
  value: bigint;
  /** Unix seconds. */
  deadline: number;
}

/**
 * Sign an approval, in the domain that the token itself states (EIP-5267).
 * @throws ChainError `E_CHAIN_INVALID_PARAMS` if the token has no permits
 */
export async function signPermit(reader: TaskReader, signer: Signer, permit: Permit): Promise<Signature> {
  const { token, owner, spender, value, deadline } = permit;
  try {
    const [[nonce], domain] = await Promise.all([
      reader.view('nonces', [owner], token, TOKEN),
      reader.view('eip712Domain', [], token, TOKEN),
    ]);
    const { name, version, chainId } = domain;
    const message = { owner, spender, value, nonce, deadline };
    return Signature.from(
      await signer.signTypedData({ name, version, chainId, verifyingContract: token }, PERMIT_TYPES, message),
    );
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'E_CHAIN_UNREACHABLE') throw cause;
    throw new ChainError('E_CHAIN_INVALID_PARAMS', 'the token does not support signed approvals', {
      facts: { token },
      hint: 'deposit with depositStake, which approves in a transaction',
      cause,
    });
  }
}
