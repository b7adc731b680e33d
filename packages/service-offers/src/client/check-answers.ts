import type { OfferDocument } from '@chorus/admin-api';
import {
  type Ask,
  type CheckedAgent,
  type Contender,
  fitOf,
  type MarketAgents,
  type PublicOffer,
} from '@chorus/market';
import { type Address, explain } from '@chorus/protocol';
import pLimit from 'p-limit';
import type { JobRecords } from '../store/job-records.ts';
import { CHECK_MILLISECONDS, CHECKS_AT_ONCE, MAX_CHECKED } from './limits.ts';
import type { HeardAnswer } from './open-ask.ts';

/** An answer whose agent was proven, link by link, and whose offer is in its signed card. */
export interface ProvenAnswer extends Contender {
  title: string;
  wallet: Address;
  offerName: string;
  input: OfferDocument['input'];
  heard: HeardAnswer;
}

/** An answer that is not what it says. */
export interface RefusedAnswer {
  peerId: string;
  agentId: bigint;
  why: string;
}

export interface CheckOptions {
  agents: Pick<MarketAgents, 'inspect' | 'reputation'>;
  records: Pick<JobRecords, 'of' | 'experience'>;
  /** Resolves with what was found when it aborts. */
  signal: AbortSignal;
}

/**
 * Check answers to an ask against the chain and the cards of their agents. Those that look best are looked up first, up to a
 * bound: rated ones, then cheap ones.
 */
export async function checkAnswers(
  ask: Ask,
  heard: readonly HeardAnswer[],
  { agents, records, signal }: CheckOptions,
): Promise<{ proven: ProvenAnswer[]; refused: RefusedAnswer[] }> {
  const ids = inOrder(heard, agents).slice(0, MAX_CHECKED);
  const proven: ProvenAnswer[] = [];
  const refused: RefusedAnswer[] = heard
    .filter(({ answer }) => !ids.includes(answer.agentId))
    .map(({ answer }) => refusal(answer, 'there were more answers than are looked up'));
  const check = pLimit(CHECKS_AT_ONCE);
  const time = AbortSignal.any([signal, AbortSignal.timeout(CHECK_MILLISECONDS)]);
  await Promise.all(
    ids.map((agentId) =>
      check(async () => {
        const given = heard.filter(({ answer }) => answer.agentId === agentId);
        const found = await lookUp(agentId, agents, time);
        for (const each of given) {
          const why = typeof found === 'string' ? found : whyNot(found, each);
          if (why !== null) refused.push(refusal(each.answer, why));
          else proven.push(provenAnswer(ask, found as CheckedAgent, each, { agents, records }));
        }
      }),
    ),
  );
  return { proven, refused };
}

/** Agents that have answered, in the order in which they are looked up. */
function inOrder(heard: readonly HeardAnswer[], agents: Pick<MarketAgents, 'reputation'>): bigint[] {
  const cheapest = new Map<bigint, bigint>();
  for (const { answer } of heard) {
    const known = cheapest.get(answer.agentId);
    if (known === undefined || answer.units < known) cheapest.set(answer.agentId, answer.units);
  }
  const ratings = new Map([...cheapest.keys()].map((id) => [id, agents.reputation(id)?.raters ?? 0]));
  return [...cheapest]
    .sort(([a, x], [b, y]) => ratings.get(b)! - ratings.get(a)! || (x < y ? -1 : x > y ? 1 : a < b ? -1 : 1))
    .map(([agentId]) => agentId);
}

async function lookUp(
  agentId: bigint,
  agents: Pick<MarketAgents, 'inspect'>,
  signal: AbortSignal,
): Promise<CheckedAgent | string> {
  if (signal.aborted) return 'there was no time to look it up';
  const late = Promise.withResolvers<string>();
  const onAbort = () => late.resolve('it did not prove itself in time');
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([agents.inspect(agentId), late.promise]);
  } catch (error) {
    return explain(error).message.slice(0, 300);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Why an answer is not that of the agent that it names; null if it is. */
function whyNot(found: CheckedAgent, { answer }: HeardAnswer): string | null {
  if (!found.proven) return `it is not proven who it is: ${found.broken}`;
  if (found.peerId !== answer.peer) return 'the peer that answers does not serve it';
  if (found.wallet === null) return 'it has no wallet to be paid to';
  const offer = found.offers.find(({ id }) => id === answer.offer);
  if (!offer || offer.kind !== answer.kind) return 'its card does not offer this';
  const { units = 0n, token = answer.token } = offer.price ?? {};
  if (token !== answer.token) return 'its card asks for another token';
  return answer.units > units ? 'it asks for more than its card does' : null;
}

function provenAnswer(
  ask: Ask,
  found: CheckedAgent,
  heard: HeardAnswer,
  { agents, records }: Pick<CheckOptions, 'records'> & { agents: Pick<MarketAgents, 'reputation'> },
): ProvenAnswer {
  const { agentId, units, seconds, token } = heard.answer;
  const offer = found.offers.find(({ id }) => id === heard.answer.offer) as PublicOffer;
  const wallet = found.wallet!;
  return {
    ...{ agentId, offer: offer.id, units, seconds, latencyMs: found.latencyMs, wallet, heard },
    fit: fitOf(ask, { ...found, offer }),
    reputation: agents.reputation(agentId),
    record: records.of(agentId, wallet, token),
    own: records.experience(agentId),
    ...{ title: found.title, offerName: offer.name, input: offer.input as OfferDocument['input'] },
  };
}

const refusal = ({ peer, agentId }: HeardAnswer['answer'], why: string): RefusedAnswer => ({
  ...{ peerId: peer, agentId, why: why.slice(0, 300) },
});
