import type { UnitChain } from '@chorus/protocol';
import { type Result, ZeroAddress } from 'ethers';
import { PARAMETERS, UNITS } from '../abi/abis.ts';
import { lower } from '../abi/lower.ts';
import { type Call, eventOf, eventsOf, receiptOf } from '../write/writer.ts';
import type { ChainParts } from './parts.ts';
import { revenueOf } from './till-chain.ts';

/** Units of agents, in their contract. */
export function createUnitChain(parts: ChainParts): UnitChain {
  const { reader, writer, connection } = parts;
  const { account } = connection;

  const view = async (name: string, args: unknown[]): Promise<Result> =>
    reader.view(name, args, (await revenueOf(parts)).units, UNITS);

  const callOf = async (action: string, name: string, args: unknown[]): Promise<Call> => ({
    action,
    to: (await revenueOf(parts)).units,
    abi: UNITS,
    name,
    args,
  });

  return {
    units: async (agentId, holder = account) => {
      const [terms, creator, launchedAt] = await view('launchOf', [agentId]);
      if (creator === ZeroAddress) return null;
      const [[supply], [reserve], [locked], [held], [revenue]] = await Promise.all([
        view('supply', [agentId]),
        view('reserve', [agentId]),
        view('lockedUnits', [agentId]),
        view('balanceOf', [holder, agentId]),
        view('revenueOf', [agentId, holder]),
      ]);
      return {
        agentId,
        token: lower(terms.token),
        base: terms.base,
        slope: terms.slope,
        cap: terms.cap,
        holdersBps: Number(terms.holdersBps),
        creatorUnits: terms.creatorUnits,
        vestingSeconds: Number(terms.vestingSeconds),
        description: terms.description,
        creator: lower(creator),
        launchedAt: Number(launchedAt),
        ...{ supply, reserve, locked, held, revenue },
      };
    },

    quotePurchase: async (agentId, units) => quoteOf(await view('quoteBuy', [agentId, units])),

    quoteSale: async (agentId, units) => quoteOf(await view('quoteSell', [agentId, units])),

    launchUnits: async (agentId, launch) => {
      const call = await callOf('launch units', 'launch', [agentId, launch]);
      if (launch.creatorUnits === 0n) return writer.receipt(call);
      const { base, slope, creatorUnits: count, token } = launch;
      const cost = base * count + (slope * count * (count - 1n)) / 2n;
      const { parameters } = await parts.contracts();
      const [feeBps] = await reader.view('protocolFeeBps', [], parameters, PARAMETERS);
      return receiptOf(await writer.spend(call, token, cost + (cost * feeBps) / 10_000n));
    },

    buyUnits: async (agentId, units, most) => {
      const call = await callOf('buy units', 'buy', [agentId, units, most]);
      const [{ token }] = await view('launchOf', [agentId]);
      // Without a launch there is no token to spend: the contract says why it refuses.
      const mined = await (token === ZeroAddress
        ? writer.send(call)
        : writer.spend(call, lower(token), most));
      const { cost, fee }: Record<string, bigint> = eventOf(mined, UNITS, 'Bought').toObject();
      return { ...receiptOf(mined), paid: cost! + fee! };
    },

    sellUnits: async (agentId, units, least) => {
      const mined = await writer.send(await callOf('sell units', 'sell', [agentId, units, least]));
      const { proceeds, fee }: Record<string, bigint> = eventOf(mined, UNITS, 'Sold').toObject();
      return { ...receiptOf(mined), received: proceeds! - fee! };
    },

    claimUnitRevenue: async (agentIds) => {
      const mined = await writer.send(await callOf('claim revenue of units', 'claim', [agentIds, account]));
      const amounts = eventsOf(mined, UNITS, 'RevenueClaimed').map((told) => ({
        agentId: told.agentId as bigint,
        amount: told.amount as bigint,
      }));
      return { ...receiptOf(mined), amounts };
    },
  };
}

const quoteOf = ([amount, fee]: Result) => ({ amount, fee });
