import type { Address, Hex } from '@chorus/protocol';
import { getCreate2Address, type Wallet } from 'ethers';
import { ChainError, toChainError } from '../errors/errors.ts';

/**
 * The contract that deploys the Chorus contracts, at the same address on every chain: salt and creation code in,
 * CREATE2, nothing else (github.com/Arachnid/deterministic-deployment-proxy).
 */
export const CREATE2_PROXY: Address = '0x4e59b44847b379578588920ca78fbf26c0b4956c';

/** Its code, to check the contract at that address. */
const PROXY_CODE: Hex =
  '0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3';

/**
 * The transaction that deploys it. Its signature was chosen (r = s = 0x22..22), so no one knows the key of its
 * sender, which signed nothing else: the address follows from sender and nonce 0. 100,000 gas at 100 gwei.
 */
const PROXY_TRANSACTION: Hex =
  '0xf8a58085174876e800830186a08080b853604580600e600039806000f350fe7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf31ba02222222222222222222222222222222222222222222222222222222222222222a02222222222222222222222222222222222222222222222222222222222222222';
const PROXY_SENDER: Address = '0x3fab184622dc19b6109349b94811493bf2a45362';
const PROXY_COST = 10n ** 16n;

/** The address of a contract that the proxy creates, by the keccak256 of its creation code. */
export function create2Address(salt: Hex, initCodeHash: string): Address {
  return getCreate2Address(CREATE2_PROXY, salt, initCodeHash).toLowerCase() as Address;
}

/** Data to send to the proxy to create a contract. */
export function create2Call(salt: Hex, initCode: string): Hex {
  return `${salt}${initCode.slice(2)}`;
}

/**
 * Ensure that the proxy is deployed. @returns true if it had to be deployed @throws ChainError `E_CHAIN_DEPLOY` if
 * the chain refuses its transaction, or has other code there
 */
export async function ensureProxy(wallet: Wallet): Promise<boolean> {
  const provider = wallet.provider!;
  const found = await provider.getCode(CREATE2_PROXY);
  if (found === PROXY_CODE) return false;
  if (found !== '0x') throw proxyError('the chain has other code at the address of the deployment proxy');
  try {
    const missing = PROXY_COST - (await provider.getBalance(PROXY_SENDER));
    if (missing > 0n) await (await wallet.sendTransaction({ to: PROXY_SENDER, value: missing })).wait();
    await (await provider.broadcastTransaction(PROXY_TRANSACTION)).wait();
  } catch (error) {
    const cause = toChainError(error, 'deploy the deployment proxy');
    if (cause.code === 'E_CHAIN_NO_GAS') throw cause;
    throw proxyError('the chain refuses the transaction of the deployment proxy', cause);
  }
  if ((await provider.getCode(CREATE2_PROXY)) !== PROXY_CODE) throw proxyError('the proxy was not created');
  return true;
}

function proxyError(message: string, cause?: unknown): ChainError {
  return new ChainError('E_CHAIN_DEPLOY', message, {
    facts: { proxy: CREATE2_PROXY },
    hint: 'the chain may refuse transactions without a chain id (EIP-155): ask its operator to deploy the proxy',
    ...(cause === undefined ? {} : { cause }),
  });
}
