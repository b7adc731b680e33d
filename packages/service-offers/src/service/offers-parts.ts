import type { AgentRegistry } from '@chorus/directory';
import {
  ANSWERS_PROTOCOL,
  askTopic,
  type MarketAgents,
  type MarketJobsPort,
  ORDERS_PROTOCOL,
} from '@chorus/market';
import type { Components } from '@chorus/node';
import type { Explanation, Job, JobDispute } from '@chorus/protocol';
import type { Asks } from '../client/asks.ts';
import { Hiring } from '../client/hiring.ts';
import { JobSteps } from '../client/job-step.ts';
import { OrderSteps } from '../client/order-steps.ts';
import type { OffersNodeConfig } from '../config/offers-config.ts';
import type { OffersEvent } from '../events/offers-events.ts';
import { AskListener } from '../provider/ask-listener.ts';
import { OrderDesk } from '../provider/order-desk.ts';
import { answerWith, fitting } from '../provider/own-offers.ts';
import { Worker } from '../provider/worker.ts';
import { JobDocuments } from '../record/documents.ts';
import type { JobRecords } from '../store/job-records.ts';
import type { Orders } from '../store/orders.ts';
import type { Works } from '../store/works.ts';

export interface PartsOptions {
  components: Components<OffersNodeConfig>;
  agents: MarketAgents;
  jobs: MarketJobsPort;
  asks: Asks;
  records: JobRecords;
  registry: AgentRegistry;
  works: Works;
  orders: Orders;
  wake: () => void;
  onError: (jobId: string | null, failure: Explanation) => void;
  signal: AbortSignal;
}

/** What runs once the registry is known. */
export interface OffersParts {
  /** Called with each job of an offer that is read. */
  onJob: (job: Job, dispute: JobDispute | null, now: number) => Promise<void>;
  worker: Worker;
  hiring: Hiring;
  /** Ends what is served, and resolves when nothing is being done. */
  close(): Promise<void>;
}

/** Creates the parts of the service, and begins to listen and to answer. */
export function openParts(options: PartsOptions): OffersParts {
  const { agents, jobs, asks, records, registry, works, orders, wake, onError, signal } = options;
  const { ports, keySeed, config, emit } = options.components;
  const { network, chain } = ports;
  const own = () => (config.offers.work ? agents.own() : []);
  const answersTo: ConstructorParameters<typeof AskListener>[0]['answersTo'] = (ask, digest) => {
    if (!config.offers.answer) return { answers: [], offers: '' };
    const found = fitting(ask, own(), (each) => (each.offer.kind === 'call' ? 1 : desk.places(each)));
    const by = { registry, peer: network.peerId, seed: keySeed, now: Math.floor(Date.now() / 1_000) };
    return {
      answers: found.map((each) => answerWith(each, ask, digest, by)),
      offers: found.map(({ agent, offer }) => `${agent.name}/${offer.id}`).join(', '),
    };
  };
  const listener = new AskListener({
    ...{ network, registry, answersTo, signal },
    onAnswered: (peer, offers) => emit<OffersEvent>({ type: 'offers.answered', peer, offers }),
  });
  const onGivenUp = (jobId: bigint, agent: string, why: string) =>
    emit<OffersEvent>({ type: 'offers.given-up', jobId: `${jobId}`, agent, why });
  const desk = new OrderDesk({
    ...{ chain, peerId: network.peerId, registry, own, works, jobs, onGivenUp },
    ask: (bytes, from) => listener.onDirect(bytes, from),
    onTaken: (jobId, { agent, offer }) => {
      emit<OffersEvent>({ type: 'offers.taken', jobId: `${jobId}`, agent: agent.name, offer: offer.id });
      wake();
    },
  });
  const worker = new Worker({
    ...{ chain, agents, registry, works, jobs, atOnce: config.offers.jobsAtOnce, onGivenUp, signal },
    onDelivered: ({ jobId, agent }, deliverable) =>
      emit<OffersEvent>({ type: 'offers.delivered', jobId: `${jobId}`, agent, deliverable }),
    onError: (jobId, failure) => onError(`${jobId}`, failure),
  });
  const steps = new OrderSteps({
    ...{ registry, agents, records, signal },
    jobs: new JobSteps({ chain, network, registry, jobs, signal }),
  });
  const hiring = new Hiring({
    ...{ orders, steps, signal, answered: (askId) => asks.answered(askId) },
    onState: ({ orderId, state, with: candidate, jobId }) =>
      emit<OffersEvent>({ type: 'offers.order', orderId, state, agentId: candidate?.agentId ?? null, jobId }),
    onError: (failure) => onError(null, failure),
  });
  const ends = [
    network.subscribe(askTopic(registry), (message) => listener.onMessage(message)),
    network.handle(ANSWERS_PROTOCOL, async (request, from) => asks.onAnswers(request, from)),
    network.handle(ORDERS_PROTOCOL, (request, from) => desk.onRequest(request, from)),
  ];
  const close = async () => {
    for (const end of ends) end();
    await Promise.all([worker.idle(), hiring.idle()]);
  };
  const documents = new JobDocuments(works, orders, jobs);
  const onJob: OffersParts['onJob'] = async (job, dispute, now) => {
    await documents.onJob(job, dispute);
    if (config.offers.work) await desk.onJob(job, now);
  };
  return { onJob, worker, hiring, close };
}
