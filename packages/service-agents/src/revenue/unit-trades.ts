import type { UnitLaunchRequest, UnitsDocument, UnitTraded, UnitTradeRequest } from '@chorus/admin-api';
import { decimalsOf } from '@chorus/chain';
import {
  type Address,
  type AgentUnits,
  type ChainPort,
  ChorusError,
  hasCode,
  plainLine,
  type Receipt,
  type UnitQuote,
} from '@chorus/protocol';

/** @param amount of units that prices are for @throws ChorusError `E_UNITS_UNKNOWN`, `E_CHAIN_NO_TILLS` */
export async function unitsDocument(
  agentId: bigint,
  amount: bigint,
  chain: ChainPort,
): Promise<UnitsDocument> {
  const units = await knownUnits(agentId, chain);
  const { token, supply, cap } = units;
  const quoted = ({ amount: price, fee }: UnitQuote) => ({ amount: price.toString(), fee: fee.toString() });
  const [decimals, symbol, purchase, sale] = await Promise.all([
    decimalsOf(chain, token),
    chain.symbol(token).catch(() => null),
    supply + amount <= cap ? chain.quotePurchase(agentId, amount).then(quoted) : null,
    supply >= amount ? chain.quoteSale(agentId, amount).then(quoted) : null,
  ]);
  return {
    agentId: agentId.toString(),
    ...{ token, symbol, decimals },
    base: units.base.toString(),
    slope: units.slope.toString(),
    cap: cap.toString(),
    holders: units.holdersBps / 100,
    creator: units.creator,
    creatorUnits: units.creatorUnits.toString(),
    locked: units.locked.toString(),
    vestingSeconds: units.vestingSeconds,
    launchedAt: new Date(units.launchedAt * 1000).toISOString(),
    // A stranger's words, which must not steer a terminal.
    description: plainLine(units.description),
    supply: supply.toString(),
    reserve: units.reserve.toString(),
    held: units.held.toString(),
    revenue: units.revenue.toString(),
    purchase,
    sale,
  };
}

/** @param token of the units, if the request names none @throws ChorusError of the chain */
export async function launchUnits(
  agentId: bigint,
  request: UnitLaunchRequest,
  token: Address,
  chain: ChainPort,
): Promise<UnitsDocument> {
  await chain.launchUnits(agentId, {
    token: (request.token ?? token) as Address,
    base: BigInt(request.base),
    slope: BigInt(request.slope ?? '0'),
    cap: BigInt(request.cap),
    holdersBps: Math.round(request.holders * 100),
    creatorUnits: BigInt(request.creatorUnits ?? '0'),
    vestingSeconds: request.vestingSeconds ?? 0,
    description: request.description,
  });
  return unitsDocument(agentId, 1n, chain);
}

/** @throws ChorusError `E_UNITS_UNKNOWN`, and those of the chain */
export async function tradeUnits(
  kind: 'buy' | 'sell',
  agentId: bigint,
  { amount, limit }: UnitTradeRequest,
  chain: ChainPort,
): Promise<UnitTraded> {
  const { token } = await knownUnits(agentId, chain);
  const [count, bound] = [BigInt(amount), BigInt(limit)];
  const trade = (): Promise<Receipt & { moved: bigint }> =>
    kind === 'buy'
      ? chain.buyUnits(agentId, count, bound).then(({ paid, ...receipt }) => ({ ...receipt, moved: paid }))
      : chain
          .sellUnits(agentId, count, bound)
          .then(({ received, ...receipt }) => ({ ...receipt, moved: received }));
  const traded = await trade().catch((error: unknown) => {
    throw lostAnswer(error, agentId);
  });
  return {
    agentId: agentId.toString(),
    token,
    decimals: await decimalsOf(chain, token),
    units: amount,
    amount: traded.moved.toString(),
    transaction: traded.transaction,
  };
}

/** Another try states another price, so that the chain cannot know it for the same trade. */
function lostAnswer(error: unknown, agentId: bigint): unknown {
  if (!(error instanceof ChorusError) || !hasCode(error, 'E_CHAIN_NOT_MINED')) return error;
  return new ChorusError('E_CHAIN_NOT_MINED', error.message, {
    facts: error.facts,
    hint: `look at chorus units show ${agentId} before you try again: the transaction may still be mined`,
    cause: error,
  });
}

async function knownUnits(agentId: bigint, chain: Pick<ChainPort, 'units'>): Promise<AgentUnits> {
  const units = await chain.units(agentId);
  if (units) return units;
  throw new ChorusError('E_UNITS_UNKNOWN', 'the agent has no units', {
    facts: { agent: agentId },
    hint: 'its owner launches them: chorus units launch',
  });
}
