import type { AgentDocument } from '@chorus/admin-api';
import type { Explanation } from '@chorus/protocol';
import type { LoadedAgent } from '../open/load-agent.ts';
import type { OpenedResources } from '../open/open-resources.ts';
import type { Amount } from '../payments/price.ts';
import type { RegistrationRecord } from '../registration/registrations.ts';
import type { AgentRecord } from '../store/agent-records.ts';
import type { Earned } from '../store/earned.ts';
import type { ServedAgent } from './served-agent.ts';

/** What is known of an agent, whatever state it is in. */
export interface KnownOfAgent {
  record: AgentRecord;
  /** Its file, once that was read. */
  definition: LoadedAgent['definition'] | null;
  served: ServedAgent | null;
  /** Why it is not served; null while it is opened for the first time. */
  problem: Explanation | null;
  tools: OpenedResources['found'];
  identity: RegistrationRecord | null;
  earned: readonly Earned[];
  answers: AgentDocument['answers'];
}

/** An agent as the admin API shows it. */
export function agentDocument(known: KnownOfAgent): AgentDocument {
  const { record, definition, served, problem, tools, identity, answers } = known;
  const { name, file } = record;
  const price = served?.agent.price ?? null;
  return {
    name,
    title: definition?.name ?? name,
    description: definition?.description ?? '',
    version: definition?.version ?? null,
    file,
    state: served ? 'serving' : problem ? 'failed' : 'starting',
    problem,
    model: served ? { kind: served.agent.facts.kind, name: served.agent.facts.model } : null,
    tools: tools.map(({ server, name: tool, state }) => ({ server, name: tool, state })),
    urls: { http: served?.urls.http ?? null, libp2p: served?.urls.libp2p ?? null },
    identity: identity && { agentId: identity.agentId.toString(), retired: identity.retired },
    price: price && priceDocument(price),
    offers: [...(served?.agent.offers.documents ?? [])],
    earned: earnedDocument(known.earned, price),
    since: served ? new Date(served.agent.since).toISOString() : null,
    load: served?.load() ?? { tasks: 0, streams: 0 },
    answers: { ...answers },
  };
}

/** Amounts in a token that is not the price's have no symbol here. */
function earnedDocument(earned: readonly Earned[], price: Amount | null): AgentDocument['earned'] {
  return earned.map(({ token: address, amount, calls }) => {
    const known = price?.token.address === address ? price.token : null;
    const { symbol = null, decimals = null } = known ?? {};
    return { token: address, symbol, decimals, amount, calls };
  });
}

const priceDocument = ({ text, units, token: { address, symbol, decimals } }: Amount) => ({
  text,
  token: address,
  symbol,
  decimals,
  amount: units.toString(),
});
