import type { FeedbackGiven, FeedbackRequest } from '@chorus/admin-api';
import { type AgentRegistry, paymentProof, ratingWords } from '@chorus/directory';
import type { PurchasesStore } from '@chorus/payments';
import { type Address, type ChainPort, ChorusError, type Hex, sameAddress } from '@chorus/protocol';
import { type KnownToken, knownToken } from '../payments/price.ts';
import { noSuchAgent } from '../revenue/no-such-agent.ts';

/** Own purchases that are looked through for one to rate. */
const PURCHASES = 1_000;

type Chain = Pick<
  ChainPort,
  | 'account'
  | 'chainId'
  | 'registeredAgent'
  | 'tillOf'
  | 'feedbackOn'
  | 'movedIn'
  | 'giveAgentFeedback'
  | 'decimals'
  | 'symbol'
>;

export interface RatingParts {
  chain: Chain;
  registry: AgentRegistry;
  purchases: Pick<PurchasesStore, 'list'>;
  /** Ratings are about payments in this token. */
  token: KnownToken;
}

interface FoundPayment {
  transaction: Hex;
  amount: bigint;
  /** Where the agent was called; empty if that is not known. */
  endpoint: string;
}

/**
 * Rate an agent on chain, for a payment of this wallet to its till.
 * @throws ChorusError `E_AGENT_FEEDBACK` if there is no such payment, or the agent is this wallet's own;
 *   `E_AGENT_UNREGISTERED`; `E_CHAIN_*`
 */
export async function rateAgent(
  agentId: bigint,
  { rating, payment, dryRun = false }: FeedbackRequest,
  parts: RatingParts,
): Promise<FeedbackGiven> {
  const { chain, registry, token } = parts;
  const [till, registered] = await Promise.all([chain.tillOf(agentId), chain.registeredAgent(agentId)]);
  if (registered === null) throw noSuchAgent(agentId);
  if (sameAddress(registered.owner, chain.account)) {
    throw new ChorusError('E_AGENT_FEEDBACK', 'an agent is not rated by its owner', {
      facts: { agent: agentId.toString() },
      hint: 'others who have paid it can rate it',
    });
  }
  if (till === null) {
    throw new ChorusError(
      'E_CHAIN_NO_TILLS',
      'this network has no tills for agents, so that no payment costs a fee',
      {
        hint: 'ratings count by the fee on what was paid',
      },
    );
  }
  const found =
    payment === undefined
      ? await ownPayment(agentId, till, parts)
      : await namedPayment(payment.toLowerCase() as Hex, till, parts);
  const words = ratingWords(rating, {
    registry,
    agentId,
    endpoint: found.endpoint,
    proof: { from: chain.account, to: till, chainId: chain.chainId, transaction: found.transaction },
    at: new Date(),
  });
  const sent = dryRun ? null : await chain.giveAgentFeedback(agentId, words);
  return {
    agentId: agentId.toString(),
    rating,
    payment: {
      ...{ token: token.address, symbol: token.symbol, decimals: token.decimals },
      transaction: found.transaction,
      amount: found.amount.toString(),
    },
    given: sent && { index: sent.index.toString(), transaction: sent.transaction },
  };
}

/** The largest payment of this wallet to the till that it has not rated; the latest of equal ones. */
async function ownPayment(
  agentId: bigint,
  till: Address,
  { chain, purchases, token }: RatingParts,
): Promise<FoundPayment> {
  const rated = new Set(
    (await chain.feedbackOn(agentId))
      .filter(({ client }) => sameAddress(client, chain.account))
      .map((feedback) => paymentProof(feedback)?.transaction),
  );
  const own = purchases
    .list({ most: PURCHASES })
    .filter((each) => sameAddress(each.payee, till) && sameAddress(each.token, token.address));
  const paid = own.flatMap(({ transaction, amount, resource }) =>
    transaction === null ? [] : [{ transaction: transaction.toLowerCase() as Hex, amount, resource }],
  );
  const open = paid
    .filter(({ transaction }) => !rated.has(transaction))
    .sort((a, b) => (a.amount === b.amount ? 0 : a.amount > b.amount ? -1 : 1));
  // The seller named the transaction: the chain says whether it is true.
  for (const { transaction, resource } of open) {
    const amount = await amountIn(transaction, till, chain, token);
    if (amount > 0n) return { transaction, amount, endpoint: resource };
  }
  if (open.length > 0) {
    throw new ChorusError('E_AGENT_FEEDBACK', 'the chain does not confirm a payment to the agent yet', {
      facts: { agent: agentId, payments: open.length, latest: open[0]!.transaction },
      hint: 'wait for some blocks and try again; chorus agent why lists what this wallet has paid',
    });
  }
  if (paid.length > 0) {
    throw new ChorusError('E_AGENT_FEEDBACK', 'this wallet has rated every payment to the agent', {
      facts: { agent: agentId, payments: paid.length },
      hint: `name the payment to rate again with --payment, or see: chorus agent feedback ${agentId}`,
    });
  }
  if (own.some(({ channel }) => channel !== null)) {
    throw new ChorusError('E_AGENT_FEEDBACK', 'calls that were prepaid cannot be rated yet', {
      facts: { agent: agentId },
      hint: `a rating is about a transfer of its own: pay a call by one, with chorus credits close first, and chorus agent call ${agentId} 'Hello' --pay SUM`,
    });
  }
  throw new ChorusError('E_AGENT_FEEDBACK', 'this wallet has paid nothing to the till of the agent', {
    facts: { agent: agentId, till, token: token.symbol },
    hint: `only who has paid can rate: chorus agent call ${agentId} 'Hello' --pay SUM. An agent that shares nothing is paid to its wallet, and gets no ratings`,
  });
}

async function namedPayment(
  transaction: Hex,
  till: Address,
  { chain, token }: RatingParts,
): Promise<FoundPayment> {
  const amount = await amountIn(transaction, till, chain, token);
  if (amount > 0n) return { transaction, amount, endpoint: '' };
  throw new ChorusError(
    'E_AGENT_FEEDBACK',
    'the transaction paid nothing from this wallet to the till of the agent',
    {
      facts: { transaction, till, token: token.symbol },
      hint: 'chorus agent why lists what this wallet has paid; a payment counts once its block is confirmed',
    },
  );
}

async function amountIn(transaction: Hex, till: Address, chain: Chain, token: KnownToken): Promise<bigint> {
  const moved = await chain.movedIn(transaction, chain.account, till);
  return moved?.amounts.find((each) => sameAddress(each.token, token.address))?.amount ?? 0n;
}

/** The token that ratings are about: the first that this node pays in. @throws ChorusError `E_AGENT_PRICE` if it has none */
export async function ratedToken(
  tokens: readonly string[],
  chain: Pick<ChainPort, 'decimals' | 'symbol'>,
): Promise<KnownToken> {
  const [first] = tokens;
  if (first !== undefined) return knownToken(first as Address, chain);
  throw new ChorusError('E_AGENT_PRICE', 'this node pays in no token, and ratings are about payments', {
    hint: 'name the token of your network: chorus config set agents.tokens \'["0x..."]\'',
  });
}
