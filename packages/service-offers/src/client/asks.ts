import { randomBytes } from 'node:crypto';
import type { MarketAsk, MarketAskRequest } from '@chorus/admin-api';
import type { AgentRegistry } from '@chorus/directory';
import {
  type Ask,
  askTopic,
  decodeAnswers,
  digestOfAsk,
  encodeOrder,
  encodeReply,
  MAX_ASK_SECONDS,
  type MarketAgents,
  ORDERS_PROTOCOL,
  type PayToken,
  type Ranked,
  rank,
  signAsk,
} from '@chorus/market';
import { ChorusError, isPlainLine, type NetworkPort, parseSum, sumText } from '@chorus/protocol';
import { BoundedMap, pause } from '@chorus/utils';
import { PeerBuckets } from '../peers/peer-buckets.ts';
import type { JobRecords } from '../store/job-records.ts';
import { checkAnswers, type ProvenAnswer, type RefusedAnswer } from './check-answers.ts';
import {
  ANSWERS,
  ANSWERS_PER_PEER,
  MAX_ASKS,
  MAX_OPEN,
  MAX_PEERS,
  ORDER_MILLISECONDS,
  REPLY_BYTES,
} from './limits.ts';
import { OpenAsk } from './open-ask.ts';

/** Time that an ask holds beyond the wait for its answers, seconds: clocks differ. */
const SLACK_SECONDS = 60;

export interface AsksOptions {
  network: NetworkPort;
  registry: () => Promise<AgentRegistry>;
  agents: MarketAgents;
  records: JobRecords;
  seed: Uint8Array;
  signal: AbortSignal;
}

/** An ask that has been answered, to order from. */
export interface AnsweredAsk {
  askId: string;
  text: string;
  token: PayToken;
  ranked: Ranked<ProvenAnswer>[];
}

/** Asks of this node's owner: told to the network, and what came back checked and ranked. Nothing is paid here. */
export class Asks {
  readonly #options: AsksOptions;
  readonly #buckets = new PeerBuckets(ANSWERS_PER_PEER, ANSWERS, MAX_PEERS);
  readonly #open = new Map<string, OpenAsk>();
  readonly #answered = new BoundedMap<string, AnsweredAsk>(MAX_ASKS);

  constructor(options: AsksOptions) {
    this.#options = options;
  }

  /** Answers of peers, of which each is to an open ask or refused. */
  onAnswers(bytes: Uint8Array, from: string): Uint8Array {
    // Read first, and only while something is asked: strangers send this.
    if (this.#open.size === 0) return encodeReply({ ok: false, why: 'nothing is asked' });
    if (!this.#buckets.take(from)) return encodeReply({ ok: false, why: 'too many answers' });
    let taken = false;
    for (const each of decodeAnswers(bytes)) {
      for (const ask of this.#open.values()) taken = ask.take(each, from) || taken;
    }
    return encodeReply({ ok: taken, why: taken ? '' : 'no answer to an open ask' });
  }

  /** @throws ChorusError `E_MARKET_UNKNOWN` */
  answered(askId: string): AnsweredAsk {
    const found = this.#answered.get(askId);
    if (found) return found;
    throw new ChorusError('E_MARKET_UNKNOWN', 'this node does not remember such an ask', {
      hint: 'ask again: chorus market ask; an ask is forgotten with a restart',
    });
  }

  /**
   * Ask the network, or one agent.
   * @throws ChorusError `E_MARKET_ASK` if it cannot be asked like that, `E_AGENT_PRICE`, `E_AGENT_IDENTITY`
   */
  async ask(request: MarketAskRequest): Promise<MarketAsk> {
    const { network, seed } = this.#options;
    if (this.#open.size >= MAX_OPEN) {
      throw wrong('this node asks as much as it may at a time', 'wait until an ask has ended');
    }
    const { token, units, text: budgetText } = await this.#budget(request.budget);
    const registry = await this.#options.registry();
    const waitSeconds = request.waitSeconds ?? 8;
    const ask = askOf(request, { token: token.address, budget: units }, network, waitSeconds);
    const bytes = signAsk(registry, ask, seed);
    const open = new OpenAsk(registry, ask, digestOfAsk(bytes));
    const askId = Buffer.from(open.digest).toString('hex');
    this.#open.set(askId, open);
    try {
      if (request.agentId === undefined) await this.#tell(registry, bytes, waitSeconds);
      else await this.#askOne(BigInt(request.agentId), bytes, open);
    } finally {
      this.#open.delete(askId);
    }
    const { agents, records, signal } = this.#options;
    const { proven, refused } = await checkAnswers(ask, open.heard, { agents, records, signal });
    const { seconds, minScore = 0, trust = 'proven' } = request;
    const wish = { budget: units, seconds, minScore, trust, unit: 10n ** BigInt(token.decimals) };
    const ranked = rank(wish, proven);
    this.#answered.set(askId, { askId, text: ask.text, token, ranked });
    return document({ askId, ask, token, budgetText, reached: network.peers().length, ranked, refused });
  }

  async #tell(registry: AgentRegistry, bytes: Uint8Array, seconds: number): Promise<void> {
    const { network, signal } = this.#options;
    if (network.peers().length === 0) {
      throw new ChorusError('E_MARKET_ASK', 'this node has no peer that could pass the ask on', {
        hint: 'see: chorus peers; a node needs network.bootstrap',
      });
    }
    await network.publish(askTopic(registry), bytes);
    await pause(seconds * 1_000, signal);
  }

  /** An ask for one agent is sent to its peer alone. */
  async #askOne(agentId: bigint, ask: Uint8Array, open: OpenAsk): Promise<void> {
    const { agents, network, signal } = this.#options;
    const { proven, broken, peerId } = await agents.inspect(agentId);
    if (!proven || peerId === null) {
      throw new ChorusError('E_AGENT_IDENTITY', 'it is not proven who this agent is', {
        facts: { agent: agentId, says: broken },
        hint: `see all of it with: chorus agent show ${agentId}`,
      });
    }
    const options = { timeoutMs: ORDER_MILLISECONDS, maxResponseBytes: REPLY_BYTES, signal };
    const reply = await network.request(peerId, ORDERS_PROTOCOL, encodeOrder({ type: 'ask', ask }), options);
    for (const bytes of decodeAnswers(reply)) open.take(bytes, peerId);
  }

  async #budget(given: string) {
    const { agents } = this.#options;
    const tokens = await agents.tokens();
    if (tokens.length === 0) {
      throw wrong(
        'this node pays in no token',
        'name the token of your network: chorus config set agents.tokens \'["0x..."]\'',
      );
    }
    const alone = /^\s*[\d.]+\s*$/.test(given) && tokens.length === 1;
    const sum = parseSum(alone ? `${given.trim()} ${tokens[0]!.address}` : given);
    if (sum) return agents.sum(sum);
    throw wrong(
      'the budget is not a sum of money',
      `give an amount and its token, such as 2 ${tokens[0]!.symbol}`,
    );
  }
}

function askOf(
  { text, skill, kind, seconds }: MarketAskRequest,
  money: Pick<Ask, 'token' | 'budget'>,
  network: Pick<NetworkPort, 'peerId' | 'multiaddrs'>,
  waitSeconds: number,
): Ask {
  const issuedAt = Math.floor(Date.now() / 1_000);
  if (!isPlainLine(text) || (skill !== undefined && !isPlainLine(skill))) {
    throw wrong('the text has characters that steer a terminal', 'write it as one line of plain text');
  }
  return {
    ...{ peer: network.peerId, nonce: new Uint8Array(randomBytes(16)), text, seconds, issuedAt, ...money },
    ...{ skill: skill ?? null, kind: kind ?? null },
    expiresAt: issuedAt + Math.min(MAX_ASK_SECONDS, Math.ceil(waitSeconds) + SLACK_SECONDS),
    addresses: network.multiaddrs(),
  };
}

function document(found: {
  askId: string;
  ask: Ask;
  token: PayToken;
  budgetText: string;
  reached: number;
  ranked: readonly Ranked<ProvenAnswer>[];
  refused: readonly RefusedAnswer[];
}): MarketAsk {
  const { askId, ask, token, budgetText, reached, ranked, refused } = found;
  return {
    ...{ askId, text: ask.text, seconds: ask.seconds, reached },
    budget: { text: budgetText, units: ask.budget.toString(), token: token.address },
    answers: ranked.map(({ contender, total, worth, trust, parts, unfit }) => ({
      ...{ agentId: contender.agentId.toString(), title: contender.title, offer: contender.offer },
      ...{
        offerName: contender.offerName,
        kind: contender.heard.answer.kind,
        peerId: contender.heard.answer.peer,
      },
      price: { text: priceOf(contender, token), units: contender.units.toString(), token: token.address },
      ...{ seconds: contender.seconds, total, worth, trust, parts, unfit, input: contender.input },
      holdsUntil: new Date(contender.heard.answer.expiresAt * 1_000).toISOString(),
    })),
    refused: refused.map(({ peerId, agentId, why }) => ({ peerId, agentId: agentId.toString(), why })),
  };
}

export const priceOf = ({ units }: Pick<ProvenAnswer, 'units'>, { decimals, symbol }: PayToken): string =>
  sumText(units, decimals, symbol);

const wrong = (message: string, hint: string): ChorusError =>
  new ChorusError('E_MARKET_ASK', message, { hint });
