import { type Address, type IdentityChain, sameAddress } from '@chorus/protocol';
import { ATTESTOR, IDENTITIES } from '../abi/abis.ts';
import { IdentityReader } from '../identity/identities.ts';
import { requestValidation } from '../identity/validation.ts';
import { eventOf, receiptOf } from '../write/writer.ts';
import type { ChainParts } from './parts.ts';

/** The identity port, with the extras of this implementation. */
export interface EvmIdentityChain extends IdentityChain {
  /** Attested rounds of an identity, and those of them with a share. */
  history(agentId: bigint): Promise<{ rounds: number; rewarded: number }>;
}

/** Identities, in the ERC-8004 registries and the attestor. */
export function createIdentityChain(parts: ChainParts): EvmIdentityChain {
  const { connection, reader, writer, contracts } = parts;
  const { account: own } = connection;
  /** This account's identity, once known; an identity may be transferred, so each use checks it. */
  let ownAgentId: bigint | null = null;

  /** The first identity of an account that is of no agent. */
  async function firstOf(owner: Address): Promise<bigint | null> {
    const identities = await identityReader(parts);
    for await (const agentId of identities.ownedBy(owner)) {
      if ((await identities.place(agentId)) === null) return agentId;
    }
    return null;
  }

  return {
    registerIdentity: async (uri) => {
      const { identities: to } = await contracts();
      const action = 'register an identity';
      const mined = await writer.send({ action, to, abi: IDENTITIES, name: 'register(string)', args: [uri] });
      const agentId: bigint = eventOf(mined, IDENTITIES, 'Registered').agentId;
      ownAgentId ??= agentId;
      return { ...receiptOf(mined), agentId };
    },

    identity: async (account = own) => {
      const owner = account.toLowerCase() as Address;
      if (!sameAddress(owner, own)) return firstOf(owner);
      const identities = await identityReader(parts);
      const isKnown = ownAgentId !== null && (await identities.owner(ownAgentId)) === owner;
      if (!isKnown) ownAgentId = await firstOf(owner);
      return ownAgentId;
    },

    reputation: async (agentId) => {
      const { attestor } = await contracts();
      return Number((await reader.view('reputation', [agentId], attestor, ATTESTOR))[0]);
    },

    history: async (agentId) => {
      const { attestor } = await contracts();
      const { rounds, rewarded } = await reader.view('history', [agentId], attestor, ATTESTOR);
      return { rounds: Number(rounds), rewarded: Number(rewarded) };
    },

    requestValidation: async (taskId, agentId) =>
      requestValidation(reader, writer, await contracts(), taskId, agentId),

    attest: async (taskId, round) => {
      const { attestor: to } = await contracts();
      const args = [taskId, round];
      return writer.receipt({ action: 'attest a round', to, abi: ATTESTOR, name: 'attest', args });
    },

    giveFeedback: async (taskId, trainer) => {
      const { attestor: to } = await contracts();
      const args = [taskId, trainer];
      return writer.receipt({ action: 'rate a trainer', to, abi: ATTESTOR, name: 'giveFeedback', args });
    },
  };
}

/** Reads of the registry that the deployment uses. */
export async function identityReader({ connection, contracts, signal }: ChainParts): Promise<IdentityReader> {
  const { provider, deployedAt: fromBlock } = connection;
  return new IdentityReader({ provider, address: (await contracts()).identities, fromBlock, signal });
}
