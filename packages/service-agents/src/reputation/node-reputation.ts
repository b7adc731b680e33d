import type { FeedbackGiven, FeedbackRequest, FeedbackRevoked, ReputationDocument } from '@chorus/admin-api';
import type { Reputation } from '@chorus/directory';
import type { Ports } from '@chorus/node';
import { type Address, hasCode, sameAddress } from '@chorus/protocol';
import { BoundedMap, pause } from '@chorus/utils';
import { registryOf } from '../registration/registry-of.ts';
import { noSuchAgent } from '../revenue/no-such-agent.ts';
import type { KeptScores } from './kept-scores.ts';
import { type RatingParts, rateAgent, ratedToken } from './rate-agent.ts';
import type { RatedPayments } from './rated-payments.ts';
import { type ReputationReads, readReputation } from './read-reputation.ts';

/** Age at which a score is read again, and agents that one turn reads of. */
const SCORE_MILLISECONDS = 900_000;
const READ_A_TURN = 16;
/** Time between two turns, and after one that the chain did not answer, ms. */
const TURN_MILLISECONDS = 15_000;
const FAILED_MILLISECONDS = 60_000;
/** Payments that one reading looks for: of an agent that somebody asked about, and of one whose score is kept. */
const LOOKUPS = { asked: 64, alone: 4 };
/** Tills that are remembered. */
const MOST_TILLS = 4_096;
/** How long the network's fee counts as known, ms. */
const FEE_MILLISECONDS = 300_000;

export interface ReputationOptions {
  chain: Ports['chain'];
  /** Those that the node pays in; ratings are about payments in the first. */
  tokens: readonly string[];
  scores: KeptScores;
  payments: RatedPayments;
  purchases: () => Promise<RatingParts['purchases']>;
  onError: (error: unknown) => void;
  signal: AbortSignal;
}

/** What those who paid agents say of them: read, kept for the order of agents, and said by this node. */
export class NodeReputation {
  readonly #options: ReputationOptions;
  readonly #chain: ReputationReads;

  constructor(options: ReputationOptions) {
    this.#options = options;
    this.#chain = thrifty(options.chain);
  }

  /** Keep the scores of listed agents up to date until the signal aborts. */
  async run(): Promise<void> {
    const { signal, tokens } = this.#options;
    if (tokens.length === 0) return;
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    // A first reading of the registry may take minutes: it ends with the chain, and no node waits for that to stop.
    await Promise.race([this.#keepReading(), aborted]);
  }

  async #keepReading(): Promise<void> {
    const { signal, onError } = this.#options;
    while (!signal.aborted) {
      let wait = TURN_MILLISECONDS;
      try {
        await this.#turn();
      } catch (error) {
        if (signal.aborted) return;
        // The node says itself when its chain does not answer.
        if (!hasCode(error, 'E_CHAIN_UNREACHABLE')) onError(error);
        wait = FAILED_MILLISECONDS;
      }
      await pause(wait, signal);
    }
  }

  async #turn(): Promise<void> {
    const { scores, signal } = this.#options;
    scores.prune();
    for (const agentId of scores.stale(Date.now() - SCORE_MILLISECONDS, READ_A_TURN)) {
      signal.throwIfAborted();
      scores.put(agentId, await this.#read(agentId, LOOKUPS.alone));
    }
  }

  /** @throws ChorusError `E_AGENT_PRICE` if this node pays in no token; `E_AGENT_UNREGISTERED`; of the chain */
  async of(agentId: bigint): Promise<ReputationDocument> {
    const { chain, tokens, scores } = this.#options;
    const [token, registered] = await Promise.all([
      ratedToken(tokens, chain),
      chain.registeredAgent(agentId),
    ]);
    // The chain has a till for each number, and a score of none would look like that of an agent.
    if (registered === null) throw noSuchAgent(agentId);
    const reputation = await this.#read(agentId, LOOKUPS.asked);
    scores.put(agentId, reputation);
    return {
      agentId: agentId.toString(),
      ...{ token: token.address, symbol: token.symbol, decimals: token.decimals },
      score: reputation.score,
      raters: reputation.raters,
      paid: reputation.paid.toString(),
      fee: reputation.fee.toString(),
      feedback: reputation.feedback.map((each) => ({
        ...each,
        index: each.index.toString(),
        own: sameAddress(each.client, chain.account),
        paid: each.paid.toString(),
        paidAt: each.paidAt === null ? null : new Date(each.paidAt * 1_000).toISOString(),
      })),
    };
  }

  /** @throws ChorusError `E_AGENT_FEEDBACK`, `E_AGENT_PRICE`; of the chain */
  async give(agentId: bigint, request: FeedbackRequest): Promise<FeedbackGiven> {
    const { chain, tokens, purchases } = this.#options;
    const [token, registry, own] = await Promise.all([
      ratedToken(tokens, chain),
      registryOf(chain),
      purchases(),
    ]);
    return rateAgent(agentId, request, { chain, registry, token, purchases: own });
  }

  async revoke(agentId: bigint, index: bigint): Promise<FeedbackRevoked> {
    const { transaction } = await this.#options.chain.revokeAgentFeedback(agentId, index);
    return { agentId: agentId.toString(), index: index.toString(), transaction };
  }

  async #read(agentId: bigint, lookups: number): Promise<Reputation> {
    const { tokens, chain, payments } = this.#options;
    const token = await ratedToken(tokens, chain);
    return readReputation(agentId, token, { chain: this.#chain, payments, lookups });
  }
}

/** The same reads; what never or hardly ever changes is not asked for each time. */
function thrifty(chain: Ports['chain']): ReputationReads {
  const tills = new BoundedMap<bigint, Promise<Address | null>>(MOST_TILLS);
  let fee: { bps: Promise<number>; at: number } | null = null;
  return {
    chainId: chain.chainId,
    feedbackOn: (agentId) => chain.feedbackOn(agentId),
    tillOf: async (agentId) => {
      const known = tills.get(agentId) ?? chain.tillOf(agentId);
      tills.set(agentId, known);
      return known.catch((error) => {
        tills.delete(agentId);
        throw error;
      });
    },
    tillFeeBps: async () => {
      if (!fee || performance.now() - fee.at > FEE_MILLISECONDS) {
        fee = { bps: chain.tillFeeBps(), at: performance.now() };
        fee.bps.catch(() => {
          fee = null;
        });
      }
      return fee.bps;
    },
  };
}
