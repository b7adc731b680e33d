import type { Address } from '@chorus/protocol';
import { type JsonRpcProvider, zeroPadValue } from 'ethers';
import { IDENTITIES } from '../abi/abis.ts';
import { RpcLogs } from '../events/logs.ts';
import { read } from '../rpc/rpc.ts';

interface IdentityQuery {
  provider: JsonRpcProvider;
  /** The identity registry. */
  identities: Address;
  account: Address;
  /** First block to search. */
  fromBlock: number;
  signal: AbortSignal;
}

/** One account has few identity events: endpoints that limit results accept long ranges. */
const SEARCH_RANGE = 1_000_000;

/**
 * The first identity that the account registered and still owns; null if it has none. @param known an identity that
 * it had before, checked first
 */
export async function ownIdentity(query: IdentityQuery, known: bigint | null): Promise<bigint | null> {
  const { provider, identities, account, fromBlock, signal } = query;
  const view = async (name: string, args: unknown[]): Promise<unknown> => {
    const data = IDENTITIES.encodeFunctionData(name, args);
    const result = await read(`read ${name}`, () => provider.call({ to: identities, data }), signal);
    return IDENTITIES.decodeFunctionResult(name, result)[0];
  };
  const owns = async (agentId: bigint): Promise<boolean> =>
    String(await view('ownerOf', [agentId])).toLowerCase() === account;
  if (known !== null && (await owns(known))) return known;
  if ((await view('balanceOf', [account])) === 0n) return null;
  const to = await read('read the head', () => provider.getBlockNumber(), signal);
  const topics = [IDENTITIES.getEvent('Registered')!.topicHash, null, zeroPadValue(account, 32)];
  const logs = await new RpcLogs(provider, { signal, maxRange: SEARCH_RANGE }).between({
    addresses: [identities],
    from: fromBlock,
    to,
    topics,
  });
  for (const log of logs) {
    const agentId = BigInt(log.topics[1]!);
    if (await owns(agentId)) return agentId;
  }
  return null;
}
