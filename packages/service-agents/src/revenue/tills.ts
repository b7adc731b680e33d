import type { CollectionDocument, TillDocument } from '@chorus/admin-api';
import { decimalsOf } from '@chorus/chain';
import type { Address, ChainPort } from '@chorus/protocol';
import { noSuchAgent } from './no-such-agent.ts';
import { termsDocument } from './terms.ts';

type TillReads = Pick<ChainPort, 'till' | 'collectable' | 'decimals'>;

/** An amount, as the API writes it; without decimals if the token does not say. */
export async function amountIn(token: Address, amount: bigint, chain: Pick<ChainPort, 'decimals'>) {
  return { token, decimals: await decimalsOf(chain, token), amount: amount.toString() };
}

/** The amounts above 0 that `read` finds, by token. */
export async function amountsIn(
  tokens: readonly Address[],
  read: (token: Address) => Promise<bigint>,
  chain: Pick<ChainPort, 'decimals'>,
) {
  const found = await Promise.all(tokens.map(async (token) => ({ token, amount: await read(token) })));
  const some = found.filter(({ amount }) => amount > 0n);
  return Promise.all(some.map(({ token, amount }) => amountIn(token, amount, chain)));
}

/** What waits in a till, by token; a token that cannot be read is left out. */
export const waitingIn = (agentId: bigint, tokens: readonly Address[], chain: TillReads) =>
  amountsIn(tokens, (token) => chain.collectable(agentId, token).catch(() => 0n), chain);

/** @throws ChorusError `E_AGENT_UNREGISTERED`, `E_CHAIN_NO_TILLS`, `E_CHAIN_UNREACHABLE` */
export async function tillDocument(
  agentId: bigint,
  tokens: readonly Address[],
  chain: TillReads & Pick<ChainPort, 'registeredAgent'>,
): Promise<TillDocument> {
  const { address, terms, proposed } = await chain.till(agentId);
  // The chain has an address for each number, and what is sent there before an agent has it would be its owner's.
  if ((await chain.registeredAgent(agentId)) === null) throw noSuchAgent(agentId);
  return {
    agentId: agentId.toString(),
    address,
    terms: termsDocument(terms),
    proposed: proposed && {
      terms: termsDocument(proposed.terms),
      effectiveAt: new Date(proposed.effectiveAt * 1000).toISOString(),
    },
    waiting: await waitingIn(agentId, tokens, chain),
  };
}

/**
 * Divide what is in a till, in each of these tokens of which it has some.
 * @throws ChorusError of the chain
 */
export async function collectTill(
  agentId: bigint,
  tokens: readonly Address[],
  chain: TillReads & Pick<ChainPort, 'collectTill'>,
): Promise<CollectionDocument> {
  const collected: CollectionDocument['collected'] = [];
  for (const { token, decimals } of await waitingIn(agentId, tokens, chain)) {
    const { collection, transaction } = await chain.collectTill(agentId, token as Address);
    // Somebody else was faster.
    if (!collection) continue;
    const { creator, ...amounts } = collection;
    const texts = Object.entries(amounts).map(([name, amount]) => [name, amount.toString()]);
    const parts = Object.fromEntries(texts) as Record<keyof typeof amounts, string>;
    collected.push({ token, decimals, ...parts, creator, transaction });
  }
  return { agentId: agentId.toString(), collected };
}
