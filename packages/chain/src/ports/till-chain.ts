import type { TillChain, TillCollection, TillTerms } from '@chorus/protocol';
import type { Result } from 'ethers';
import { ROYALTIES, TILLS } from '../abi/abis.ts';
import { lower } from '../abi/lower.ts';
import type { RevenueAddresses } from '../contracts/addresses.ts';
import { ChainError } from '../errors/errors.ts';
import { type Call, eventOf, eventsOf, receiptOf } from '../write/writer.ts';
import type { ChainParts } from './parts.ts';

/** The contracts that divide what agents are paid. @throws ChainError `E_CHAIN_NO_TILLS` if the network has none */
export async function revenueOf({
  revenueContracts,
}: Pick<ChainParts, 'revenueContracts'>): Promise<RevenueAddresses> {
  const found = await revenueContracts();
  if (found) return found;
  throw new ChainError('E_CHAIN_NO_TILLS', 'this network has no tills for agents', {
    hint: 'its contracts are from before there were any: agents are paid to their wallets',
  });
}

/** Tills and royalties, in their contracts. */
export function createTillChain(parts: ChainParts): TillChain {
  const { reader, writer, connection } = parts;

  const view = async (name: string, args: unknown[]): Promise<Result> =>
    reader.view(name, args, (await revenueOf(parts)).tills, TILLS);

  const callOf = async (action: string, name: string, args: unknown[]): Promise<Call> => ({
    action,
    to: (await revenueOf(parts)).tills,
    abi: TILLS,
    name,
    args,
  });

  return {
    tillOf: async (agentId) => {
      const contracts = await parts.revenueContracts();
      if (!contracts) return null;
      const [address] = await reader.view('tillOf', [agentId], contracts.tills, TILLS);
      return lower(address);
    },

    till: async (agentId) => {
      const [[address], [terms], [proposed, effectiveAt]] = await Promise.all([
        view('tillOf', [agentId]),
        view('termsOf', [agentId]),
        view('proposedTerms', [agentId]),
      ]);
      return {
        address: lower(address),
        terms: termsOf(terms),
        proposed: effectiveAt === 0n ? null : { terms: termsOf(proposed), effectiveAt: Number(effectiveAt) },
      };
    },

    collectable: async (agentId, token) => (await view('collectable', [agentId, token]))[0],

    setTillTerms: async (agentId, terms) => {
      const mined = await writer.send(await callOf('set the terms of a till', 'setTerms', [agentId, terms]));
      const [proposed] = eventsOf(mined, TILLS, 'TermsProposed');
      // 0: present terms that are set again withdraw what was proposed.
      return { ...receiptOf(mined), effectiveAt: Number(proposed?.effectiveAt ?? 0n) || null };
    },

    applyTillTerms: async (agentId) =>
      writer.receipt(await callOf('apply the terms of a till', 'applyTerms', [agentId])),

    collectTill: async (agentId, token) => {
      const mined = await writer.send(await callOf('collect a till', 'collect', [agentId, token]));
      const [collected] = eventsOf(mined, TILLS, 'Collected');
      return { ...receiptOf(mined), collection: collected ? collectionOf(collected) : null };
    },

    owedByTills: async (token, account) => (await view('owed', [token, account]))[0],

    withdrawFromTills: async (token) => {
      const call = await callOf('withdraw from the tills', 'withdraw', [token, connection.account]);
      const mined = await writer.send(call);
      return { ...receiptOf(mined), amount: eventOf(mined, TILLS, 'Withdrawn').amount };
    },

    royalties: async (token, account, taskIds) => {
      const { royalties } = await revenueOf(parts);
      return (await reader.view('claimable', [token, account, taskIds], royalties, ROYALTIES))[0];
    },

    claimRoyalties: async (token, taskIds) => {
      const { royalties: to } = await revenueOf(parts);
      const args = [token, taskIds, connection.account];
      const mined = await writer.send({ action: 'claim royalties', to, abi: ROYALTIES, name: 'claim', args });
      const paid = eventsOf(mined, ROYALTIES, 'RoyaltiesClaimed');
      return { ...receiptOf(mined), amount: paid.reduce((sum, { amount }) => sum + amount, 0n) };
    },
  };
}

function termsOf({ holdersBps, models, tools }: Result): TillTerms {
  const shares = (list: Result) => [...list].map(({ id, bps }) => ({ id: id as bigint, bps: Number(bps) }));
  return { holdersBps: Number(holdersBps), models: shares(models), tools: shares(tools) };
}

function collectionOf(told: Result): TillCollection {
  const { paid, passed, protocolFee, trainers, holders, tools, rest, creator } = told;
  return { paid, passed, protocolFee, trainers, holders, tools, rest, creator: lower(creator) };
}
