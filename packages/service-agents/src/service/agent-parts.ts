import type { MarketAgents } from '@chorus/market';
import type { AnyCatalogue, Components } from '@chorus/node';
import { explain } from '@chorus/protocol';
import type { AgentsNodeConfig } from '../config/agents-config.ts';
import { AgentDirectory } from '../directory/agent-directory.ts';
import { Listings } from '../directory/listings.ts';
import { NetworkAgents } from '../directory/network-agents.ts';
import type { AgentsEvent } from '../events/agent-events.ts';
import { AGENTS_EVENTS } from '../events/agents-catalogue.ts';
import { NodePayments } from '../payments/node-payments.ts';
import { AgentIdentities } from '../registration/agent-identities.ts';
import { Registrations } from '../registration/registrations.ts';
import { registryOf } from '../registration/registry-of.ts';
import { KeptScores } from '../reputation/kept-scores.ts';
import { NodeReputation } from '../reputation/node-reputation.ts';
import { RatedPayments } from '../reputation/rated-payments.ts';
import { InboundRequests } from '../serve/inbound-requests.ts';
import { AgentLog } from '../store/agent-log.ts';
import { AgentSlots } from './agent-slots.ts';
import { marketAgents } from './market-agents.ts';
import { OutboundCalls } from './outbound-calls.ts';

/** What the service consists of. */
export interface AgentParts {
  log: AgentLog;
  registrations: Registrations;
  slots: AgentSlots;
  identities: AgentIdentities;
  directory: AgentDirectory;
  network: NetworkAgents;
  reputation: NodeReputation;
  payments: NodePayments;
  inbound: InboundRequests;
  calls: OutboundCalls;
  /** For a service that trades. */
  market: MarketAgents;
}

/**
 * Creates the parts of the service and connects them. None of them asks another one before `start`.
 * @param stopping aborted when the service stops
 */
export function createParts(components: Components<AgentsNodeConfig>, stopping: AbortSignal): AgentParts {
  const { store, ports, keySeed, config, signal } = components;
  const ended = AbortSignal.any([signal, stopping]);
  const log = new AgentLog(store, AGENTS_EVENTS as AnyCatalogue);
  components.onEvent((event) => {
    // What an agent did is done even if it cannot be written down, as on a full disk.
    try {
      log.add(event);
    } catch (error) {
      components.emit({ type: 'warning', ...explain(error) });
    }
  });
  const registrations = new Registrations(store);
  const payments = new NodePayments(components);
  const listings = new Listings(store);
  const directory: AgentDirectory = new AgentDirectory({
    ports,
    keySeed,
    listings,
    registry: () => registryOf(ports.chain),
    own: () => identities.announced(),
    listens: config.agents.directory,
    onError: (error) => components.emit<AgentsEvent>({ type: 'agents.directory-failed', ...explain(error) }),
    signal: ended,
  });
  const scores = new KeptScores(store);
  const reputation = new NodeReputation({
    chain: ports.chain,
    tokens: config.agents.tokens,
    scores,
    payments: new RatedPayments(store, ports.chain),
    purchases: async () => new (await import('@chorus/payments')).PurchasesStore(store),
    onError: (error) => components.emit<AgentsEvent>({ type: 'agents.reputation-failed', ...explain(error) }),
    signal: ended,
  });
  const network = new NetworkAgents({
    ports,
    directory,
    listings,
    tokens: config.agents.tokens,
    ownCard: (name) => slots.get(name)?.served?.card ?? null,
    signal,
  });
  const inbound = new InboundRequests({
    agent: (name) => slots.get(name),
    callable: () => slots.callable(),
    paid: (request, caller, answer) => payments.serve(request, caller, answer),
  });
  const calls = new OutboundCalls({
    network: ports.network,
    own: (request, peer) => inbound.answer(request, peer),
    resolve: (agentId) => network.resolve(agentId),
    payments: () => payments.source(),
  });
  const slots: AgentSlots = new AgentSlots({
    components,
    registrations,
    selling: () => payments.selling(),
    hiring: calls.hiring,
    serve: () => ports.network.serve((request, peer) => inbound.answer(request, peer)),
    onChange: () => directory.wake(),
  });
  const identities = new AgentIdentities({
    ports,
    records: registrations,
    find: (name) => slots.find(name).served,
    served: () => slots.all().flatMap(({ served }) => served ?? []),
    onChange: async (name) => {
      await slots.get(name)?.identityChanged();
      directory.wake();
    },
  });
  const market = marketAgents({
    ...{ ports, listings, scores, tokens: config.agents.tokens },
    parts: { slots, identities, network, calls },
  });
  return {
    ...{ log, registrations, slots, identities, directory, network },
    ...{ reputation, payments, inbound, calls, market },
  };
}
