import { type Address, type IdentityChain, sameAddress } from '@chorus/protocol';
import { ATTESTOR, IDENTITIES } from '../abi/abis.ts';
import { ownIdentity } from '../identity/identity.ts';
import { requestValidation } from '../identity/validation.ts';
import { eventOf, receiptOf } from '../write/writer.ts';
import type { ChainParts } from './parts.ts';

/** The identity port, with the extras of this implementation. */
export interface EvmIdentityChain extends IdentityChain {
  /** Attested rounds of an identity, and those of them with a share. */
  history(agentId: bigint): Promise<{ rounds: number; rewarded: number }>;
}

/** Identities, in the ERC-8004 registries and the attestor. */
export function createIdentityChain({
  connection,
  reader,
  writer,
  contracts,
  signal,
}: ChainParts): EvmIdentityChain {
  const { account: own, provider, deployedAt: fromBlock } = connection;
  /** This account's identity, once known; an identity may be transferred, so each use checks it. */
  let ownAgentId: bigint | null = null;

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
      const { identities } = await contracts();
      const owner = account.toLowerCase() as Address;
      const query = { provider, identities, account: owner, fromBlock, signal };
      if (!sameAddress(owner, own)) return ownIdentity(query, null);
      ownAgentId = await ownIdentity(query, ownAgentId);
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
