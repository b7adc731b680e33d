import {
  type Address,
  hasCode,
  MAX_AGENT_URI_BYTES,
  MAX_PLACE_BYTES,
  type RegisteredAgent,
} from '@chorus/protocol';
import { type JsonRpcProvider, ZeroAddress, zeroPadValue } from 'ethers';
import { IDENTITIES } from '../abi/abis.ts';
import { toChainError } from '../errors/errors.ts';
import { RpcLogs } from '../events/logs.ts';
import { read } from '../rpc/rpc.ts';

/** The metadata key under which an agent's identity says where it is served. */
export const PLACE_KEY = 'chorus.agent';

/** One account has few identity events: endpoints that limit results accept long ranges. */
const SEARCH_RANGE = 1_000_000;

interface RegistryOptions {
  provider: JsonRpcProvider;
  /** The identity registry. */
  address: Address;
  /** First block to search. */
  fromBlock: number;
  signal: AbortSignal;
}

/** Reads of the identity registry (ERC-8004). */
export class IdentityReader {
  readonly #options: RegistryOptions;

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  /** Null if there is no such identity. */
  async owner(agentId: bigint): Promise<Address | null> {
    const owner = await this.#existing('ownerOf', [agentId]);
    return owner === null ? null : (String(owner).toLowerCase() as Address);
  }

  /** Where the agent of an identity is served; null for another kind of identity. */
  async place(agentId: bigint): Promise<string | null> {
    const value = String(await this.#view('getMetadata', [agentId, PLACE_KEY]));
    const bytes = Buffer.from(value.slice(2), 'hex');
    return bytes.length === 0 || bytes.length > MAX_PLACE_BYTES ? null : bytes.toString('utf8');
  }

  /** Null if there is no such identity. */
  async agent(agentId: bigint): Promise<RegisteredAgent | null> {
    const [owner, wallet, uri, place] = await Promise.all([
      this.owner(agentId),
      this.#existing('getAgentWallet', [agentId]),
      this.#existing('tokenURI', [agentId]),
      this.place(agentId),
    ]);
    if (owner === null || wallet === null || uri === null) return null;
    return {
      agentId,
      owner,
      wallet: wallet === ZeroAddress ? null : (String(wallet).toLowerCase() as Address),
      uri: String(uri).slice(0, MAX_AGENT_URI_BYTES),
      place,
    };
  }

  /** Identities that an account registered and still owns, the oldest first. */
  async *ownedBy(account: Address): AsyncGenerator<bigint, void, undefined> {
    const { provider, address, fromBlock, signal } = this.#options;
    if ((await this.#view('balanceOf', [account])) === 0n) return;
    const to = await read('read the head', () => provider.getBlockNumber(), signal);
    const topics = [IDENTITIES.getEvent('Registered')!.topicHash, null, zeroPadValue(account, 32)];
    const logs = await new RpcLogs(provider, { signal, maxRange: SEARCH_RANGE }).between({
      addresses: [address],
      from: fromBlock,
      to,
      topics,
    });
    for (const log of logs) {
      const agentId = BigInt(log.topics[1]!);
      if ((await this.owner(agentId)) === account) yield agentId;
    }
  }

  async #view(name: string, args: unknown[]): Promise<unknown> {
    const { provider, address: to, signal } = this.#options;
    const data = IDENTITIES.encodeFunctionData(name, args);
    const action = `read ${name}`;
    const result = await read(action, () => provider.call({ to, data }), signal);
    try {
      return IDENTITIES.decodeFunctionResult(name, result)[0];
    } catch (error) {
      throw toChainError(error, action);
    }
  }

  /** The view of an identity; null if this number was not given out. */
  async #existing(name: string, args: [bigint]): Promise<unknown> {
    try {
      return await this.#view(name, args);
    } catch (error) {
      if (hasCode(error, 'E_CHAIN_INVALID_PARAMS')) return null;
      throw error;
    }
  }
}
