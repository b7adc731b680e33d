import { devnetKeys, transferTokens } from '@chorus/chain';
import { type Address, ChorusError } from '@chorus/protocol';
import type { DevnetDescriptor } from './descriptor.ts';

const TOKEN = 10n ** 18n;

/** What a devnet gives to any account that asks for no other sum: enough for a hundred tasks' stakes, and for gas. */
const TOKENS = 1000n * TOKEN;
const COINS = 100n * TOKEN;

/**
 * Give an account coins for gas and tokens for stakes and votes: a devnet's are worth nothing.
 * @param tokens in the smallest unit
 * @returns tokens given, in the smallest unit
 */
export async function fundAccount(
  devnet: DevnetDescriptor,
  account: Address,
  tokens = TOKENS,
): Promise<bigint> {
  await call(devnet.rpc, 'anvil_setBalance', [account, `0x${COINS.toString(16)}`]);
  await transferTokens({
    url: devnet.rpc,
    privateKey: devnetKeys(1)[0]!,
    token: devnet.deployment.token,
    recipients: [account],
    amount: tokens,
  });
  return tokens;
}

async function call(url: string, method: string, params: unknown[]): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    signal: AbortSignal.timeout(10_000),
  });
  const { error } = (await response.json()) as { error?: { message: string } };
  if (!error) return;
  throw new ChorusError('E_DEVNET_FUND', `the devnet refused: ${error.message}`, { facts: { method } });
}
