import type { LooseEvent } from '../documents/events.ts';
import { ENDPOINTS } from '../endpoints/endpoints.ts';
import type { AdminClient } from './admin-client.ts';
import { readAnswer } from './answer-reader.ts';
import { readEvents } from './event-reader.ts';
import { type AdminClientOptions, createRequests } from './request.ts';

/**
 * A client of a node's admin API; runs in Node.js and in browsers.
 *
 * @example
 * const { url, token } = await readAdmin(dataDir);
 * const node = createAdminClient({ url, token });
 * console.log((await node.status()).identity.peerId);
 * for await (const { event } of node.events({ signal })) console.log(event.type);
 */
export function createAdminClient<E extends LooseEvent = LooseEvent>(
  options: AdminClientOptions,
): AdminClient<E> {
  const { ask, text, file, open } = createRequests(options);
  return {
    status: ({ signal } = {}) => ask(ENDPOINTS.status, { signal }),
    ready: ({ signal } = {}) => ask(ENDPOINTS.ready, { signal }),
    tasks: ({ signal } = {}) => ask(ENDPOINTS.tasks, { signal }),
    task: (id, { signal } = {}) => ask(ENDPOINTS.task, { params: { id: String(id) }, signal }),
    join: (id, { signal } = {}) => ask(ENDPOINTS.join, { params: { id: String(id) }, signal }),
    leave: (id, { signal } = {}) => ask(ENDPOINTS.leave, { params: { id: String(id) }, signal }),
    refund: (id, body = {}, { signal } = {}) =>
      ask(ENDPOINTS.refund, { params: { id: String(id) }, body, signal }),
    storeModel: (file, { signal } = {}) => ask(ENDPOINTS.upload, { file, signal }),
    publish: (id, body, { signal } = {}) => ask(ENDPOINTS.publish, { params: { id }, body, signal }),
    publication: (id, { signal } = {}) => ask(ENDPOINTS.publication, { params: { id }, signal }),
    rounds: (query = {}, { signal } = {}) => ask(ENDPOINTS.rounds, { query, signal }),
    settledRounds: (id, query = {}, { signal } = {}) =>
      ask(ENDPOINTS.settledRounds, { params: { id: String(id) }, query, signal }),
    roundProof: (id, round, { signal } = {}) =>
      ask(ENDPOINTS.roundProof, { params: { id: String(id), round: String(round) }, signal }),
    rewards: ({ signal } = {}) => ask(ENDPOINTS.rewards, { signal }),
    claim: (body = {}, { signal } = {}) => ask(ENDPOINTS.claim, { body, signal }),
    stakes: (query = {}, { signal } = {}) => ask(ENDPOINTS.stakes, { query, signal }),
    memberRecord: (query = {}, { signal } = {}) => ask(ENDPOINTS.memberRecord, { query, signal }),
    depositStake: (body, { signal } = {}) => ask(ENDPOINTS.depositStake, { body, signal }),
    unbondStake: (body, { signal } = {}) => ask(ENDPOINTS.unbondStake, { body, signal }),
    withdrawStake: (body = {}, { signal } = {}) => ask(ENDPOINTS.withdrawStake, { body, signal }),
    agents: ({ signal } = {}) => ask(ENDPOINTS.agents, { signal }),
    agent: (name, { signal } = {}) => ask(ENDPOINTS.agent, { params: { name }, signal }),
    startAgent: (body, { signal } = {}) => ask(ENDPOINTS.startAgent, { body, signal }),
    agentLog: (name, query = {}, { signal } = {}) =>
      ask(ENDPOINTS.agentLog, { params: { name }, query, signal }),
    agentMemory: (name, query = {}, { signal } = {}) =>
      ask(ENDPOINTS.agentMemory, { params: { name }, query, signal }),
    forgetAgentMemory: (name, query = {}, { signal } = {}) =>
      ask(ENDPOINTS.forgetAgentMemory, { params: { name }, query, signal }),
    stopAgent: (name, { signal } = {}) => ask(ENDPOINTS.stopAgent, { params: { name }, signal }),
    registerAgent: (name, body = {}, { signal } = {}) =>
      ask(ENDPOINTS.registerAgent, { params: { name }, body, signal }),
    retireAgent: (name, { signal } = {}) => ask(ENDPOINTS.retireAgent, { params: { name }, signal }),
    askAgent: async function* (body, { signal } = {}) {
      yield* readAnswer(await open(ENDPOINTS.askAgent, { body, signal }, { accept: 'text/event-stream' }));
    },
    findAgents: (query = {}, { signal } = {}) => ask(ENDPOINTS.findAgents, { query, signal }),
    inspectAgent: (agentId, { signal } = {}) =>
      ask(ENDPOINTS.inspectAgent, { params: { agentId: String(agentId) }, signal }),
    reputation: (agentId, { signal } = {}) =>
      ask(ENDPOINTS.reputation, { params: { agentId: String(agentId) }, signal }),
    giveFeedback: (agentId, body, { signal } = {}) =>
      ask(ENDPOINTS.giveFeedback, { params: { agentId: String(agentId) }, body, signal }),
    revokeFeedback: (agentId, index, { signal } = {}) =>
      ask(ENDPOINTS.revokeFeedback, { params: { agentId: String(agentId), index: String(index) }, signal }),
    payments: (query = {}, { signal } = {}) => ask(ENDPOINTS.payments, { query, signal }),
    resumePayment: (body, { signal } = {}) => ask(ENDPOINTS.resumePayment, { body, signal }),
    pay: (body, { signal } = {}) => ask(ENDPOINTS.pay, { body, signal }),
    endPayment: (id, body, { signal } = {}) => ask(ENDPOINTS.endPayment, { params: { id }, body, signal }),
    credits: ({ signal } = {}) => ask(ENDPOINTS.credits, { signal }),
    openCredit: (body, { signal } = {}) => ask(ENDPOINTS.openCredit, { body, signal }),
    addCredit: (id, body, { signal } = {}) => ask(ENDPOINTS.addCredit, { params: { id }, body, signal }),
    closeCredit: (id, { signal } = {}) => ask(ENDPOINTS.closeCredit, { params: { id }, signal }),
    claimCredits: ({ signal } = {}) => ask(ENDPOINTS.claimCredits, { signal }),
    revenue: ({ tasks } = {}, { signal } = {}) =>
      ask(ENDPOINTS.revenue, { query: tasks === undefined ? {} : { tasks }, signal }),
    claimRevenue: (body = {}, { signal } = {}) => ask(ENDPOINTS.claimRevenue, { body, signal }),
    till: (agentId, { signal } = {}) => ask(ENDPOINTS.till, { params: { agentId: String(agentId) }, signal }),
    collectTill: (agentId, { signal } = {}) =>
      ask(ENDPOINTS.collectTill, { params: { agentId: String(agentId) }, signal }),
    units: (agentId, query = {}, { signal } = {}) =>
      ask(ENDPOINTS.units, { params: { agentId: String(agentId) }, query, signal }),
    launchUnits: (agentId, body, { signal } = {}) =>
      ask(ENDPOINTS.launchUnits, { params: { agentId: String(agentId) }, body, signal }),
    buyUnits: (agentId, body, { signal } = {}) =>
      ask(ENDPOINTS.buyUnits, { params: { agentId: String(agentId) }, body, signal }),
    sellUnits: (agentId, body, { signal } = {}) =>
      ask(ENDPOINTS.sellUnits, { params: { agentId: String(agentId) }, body, signal }),
    governance: ({ signal } = {}) => ask(ENDPOINTS.governance, { signal }),
    parameters: (query = {}, { signal } = {}) => ask(ENDPOINTS.parameters, { query, signal }),
    proposals: (query = {}, { signal } = {}) => ask(ENDPOINTS.proposals, { query, signal }),
    proposal: (proposal, { signal } = {}) => ask(ENDPOINTS.proposal, { params: { proposal }, signal }),
    propose: (body, { signal } = {}) => ask(ENDPOINTS.propose, { body, signal }),
    vote: (proposal, body, { signal } = {}) => ask(ENDPOINTS.vote, { params: { proposal }, body, signal }),
    queueProposal: (proposal, body = {}, { signal } = {}) =>
      ask(ENDPOINTS.queueProposal, { params: { proposal }, body, signal }),
    executeProposal: (proposal, body = {}, { signal } = {}) =>
      ask(ENDPOINTS.executeProposal, { params: { proposal }, body, signal }),
    delegateVotes: (body, { signal } = {}) => ask(ENDPOINTS.delegateVotes, { body, signal }),
    market: (query = {}, { signal } = {}) => ask(ENDPOINTS.market, { query, signal }),
    jobs: ({ signal } = {}) => ask(ENDPOINTS.jobs, { signal }),
    job: (jobId, { signal } = {}) => ask(ENDPOINTS.job, { params: { jobId: String(jobId) }, signal }),
    createJob: (body, { signal } = {}) => ask(ENDPOINTS.createJob, { body, signal }),
    actOnJob: (jobId, body, { signal } = {}) =>
      ask(ENDPOINTS.actOnJob, { params: { jobId: String(jobId) }, body, signal }),
    jobFile: (jobId, name, { signal } = {}) =>
      file(ENDPOINTS.jobFile, { params: { jobId: String(jobId), file: name }, signal }),
    storeJobFile: (name, bytes, { signal } = {}) =>
      ask(ENDPOINTS.storeJobFile, { query: { name }, file: bytes, signal }),
    seat: (body, { signal } = {}) => ask(ENDPOINTS.seat, { body, signal }),
    withdrawFromMarket: ({ signal } = {}) => ask(ENDPOINTS.withdrawFromMarket, { signal }),
    offers: ({ signal } = {}) => ask(ENDPOINTS.offers, { signal }),
    askMarket: (body, { signal } = {}) => ask(ENDPOINTS.askMarket, { body, signal }),
    hire: (askId, body, { signal } = {}) => ask(ENDPOINTS.hire, { params: { askId }, body, signal }),
    orders: ({ signal } = {}) => ask(ENDPOINTS.orders, { signal }),
    order: (orderId, { signal } = {}) => ask(ENDPOINTS.order, { params: { orderId }, signal }),
    peers: ({ signal } = {}) => ask(ENDPOINTS.peers, { signal }),
    bans: ({ signal } = {}) => ask(ENDPOINTS.bans, { signal }),
    ban: (body, { signal } = {}) => ask(ENDPOINTS.ban, { body, signal }),
    unban: (peer, { signal } = {}) => ask(ENDPOINTS.unban, { params: { peer }, signal }),
    metrics: ({ signal } = {}) => text(ENDPOINTS.metrics, { signal }),
    shutdown: ({ signal } = {}) => ask(ENDPOINTS.shutdown, { signal }),
    events: (events = {}) =>
      readEvents<E>({
        ...events,
        open: (lastEventId, signal) =>
          open(
            ENDPOINTS.events,
            { query: { task: events.task }, signal },
            {
              accept: 'text/event-stream',
              ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
            },
          ),
      }),
  };
}
