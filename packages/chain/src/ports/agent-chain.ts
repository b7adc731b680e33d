import type { AgentChain } from '@chorus/protocol';
import { toUtf8Bytes } from 'ethers';
import { IDENTITIES } from '../abi/abis.ts';
import { PLACE_KEY } from '../identity/identities.ts';
import { read } from '../rpc/rpc.ts';
import { type Call, eventOf, receiptOf } from '../write/writer.ts';
import { identityReader } from './identity-chain.ts';
import type { ChainParts } from './parts.ts';

/** Gas of any transaction (Ethereum yellow paper, G_transaction). */
const TRANSACTION_GAS = 21_000n;

const REGISTER = 'register(string,(string,bytes)[])';

/** Agents in the identity registry (ERC-8004). */
export function createAgentChain(parts: ChainParts): AgentChain {
  const { connection, writer, contracts, signal } = parts;
  const { account, provider } = connection;

  async function registration(place: string, uri: string): Promise<Call> {
    const args = [uri, [[PLACE_KEY, toUtf8Bytes(place)]]];
    const { identities: to } = await contracts();
    return { action: 'register an agent', to, abi: IDENTITIES, name: REGISTER, args };
  }

  async function naming(agentId: bigint, uri: string): Promise<Call> {
    const { identities: to } = await contracts();
    const args = [agentId, uri];
    return { action: 'name the file of an agent', to, abi: IDENTITIES, name: 'setAgentURI', args };
  }

  async function gasOf({ action, to, name, args }: Call): Promise<bigint> {
    const data = IDENTITIES.encodeFunctionData(name, args);
    return read(action, () => provider.estimateGas({ from: account, to: to!, data }), signal);
  }

  return {
    identityRegistry: async () => (await contracts()).identities,

    registerAgent: async (place) => {
      const mined = await writer.send(await registration(place, ''));
      return { ...receiptOf(mined), agentId: eventOf(mined, IDENTITIES, 'Registered').agentId };
    },

    setAgentUri: async (agentId, uri) => writer.receipt(await naming(agentId, uri)),

    registeredAgent: async (agentId) => (await identityReader(parts)).agent(agentId),

    agentAt: async (place) => {
      const identities = await identityReader(parts);
      for await (const agentId of identities.ownedBy(account)) {
        if ((await identities.place(agentId)) === place) return agentId;
      }
      return null;
    },

    registrationCost: async (place, uri, agentId) => {
      // The two transactions of a registration write what this estimate has in one.
      const whole = async () => (await gasOf(await registration(place, uri))) + TRANSACTION_GAS;
      const [gas, fees] = await Promise.all([
        agentId === null ? whole() : naming(agentId, uri).then(gasOf),
        read('read the price of gas', () => provider.getFeeData(), signal),
      ]);
      return { gas, wei: gas * (fees.gasPrice ?? fees.maxFeePerGas ?? 0n) };
    },
  };
}
