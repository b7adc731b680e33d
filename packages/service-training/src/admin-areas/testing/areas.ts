import type { AgentDocument } from '@chorus/admin-api';
import {
  ADDRESS,
  amounts,
  detail,
  EventRing,
  earned,
  eventsApp,
  healthApp,
  networkApp,
  nodeApp,
  PEER,
  refused,
  round,
  stakes,
  status,
  summary,
  TIME,
} from '@chorus/node/testing';
import { agentsApp } from '../../../../service-agents/src/admin-areas/agents-app.ts';
import { publicationsApp } from '../publications.ts';
import { rewardsApp } from '../rewards.ts';
import { roundsApp } from '../rounds.ts';
import { stakesApp } from '../stakes.ts';
import { tasksApp } from '../tasks.ts';

/** Every area of the API, of a node that says something about everything. */
export const everyArea = () => [
  healthApp({
    ready: async () => ({ status: 'ok', checks: { started: true } }),
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'chorus_peers 3\n' }),
  }),
  nodeApp({ status: async () => status, shutdown: () => {} }),
  networkApp({
    peers: async () => ({
      peers: [
        {
          peerId: PEER,
          addresses: [],
          direction: 'inbound',
          since: TIME,
          latencyMs: 1.5,
          score: 0,
          blame: 0,
          tasks: ['7'],
        },
      ],
    }),
    bans: async () => ({ bans: [{ peerId: PEER, reason: 'flood', until: null }] }),
    ban: async ({ peerId }) => ({ peerId, reason: 'by hand', until: TIME }),
    unban: async () => {},
  }),
  eventsApp(new EventRing()),
  tasksApp({
    tasks: async () => ({ tasks: [summary], refused }),
    task: async () => detail,
    join: async (id) => ({
      taskId: `${id}`,
      outcome: 'refused',
      reason: { code: 'E_X', message: 'x', hint: null },
    }),
    leave: async (id) => ({
      taskId: `${id}`,
      member: true,
      decimals: 6,
      stakeLocked: '100',
      missedRoundBps: 500,
      stakeReturnsAfter: 'the end',
      message: 'left',
    }),
    refund: async (id) => ({
      taskId: `${id}`,
      token: ADDRESS,
      decimals: 6,
      amount: '95',
      transaction: '0x01',
    }),
  }),
  publicationsApp({
    storeModel: async (model) => ({ cid: 'bafymodel', bytes: model.length }),
    publish: async (id) => ({ id, state: 'check', taskId: null, problem: null }),
    publication: async (id) => ({
      id,
      state: 'failed',
      taskId: null,
      problem: { code: 'E_TASK_BUDGET', message: 'too little', hint: null, facts: { balance: '1' } },
    }),
  }),
  roundsApp({ rounds: async () => ({ rounds: [round] }) }),
  agentsApp(() => ({
    list: () => ({ agents: [agent] }),
    show: () => agent,
    startAgent: async () => agent,
    memory: async () => ({ callers: [], notes: null }),
    forgetMemory: async () => ({ forgotten: 0 }),
    stopAgent: async () => {},
  })),
  rewardsApp({
    rewards: async () => ({ earned, claimable: amounts, staked: amounts }),
    claim: async ({ token }) => ({
      claimed: [{ token: token ?? ADDRESS, decimals: 6, amount: '95', transaction: '0x01' }],
    }),
  }),
  stakesApp({
    stakes: async () => stakes,
    depositStake: async ({ token, amount, to, dryRun }) => ({
      dryRun: dryRun ?? false,
      token,
      amount,
      owner: to ?? ADDRESS,
      agentId: '3',
      registered: false,
      transaction: '0x01',
    }),
    unbondStake: async () => ({ dryRun: false, ticket: '1', availableAt: TIME, ...paid }),
    withdrawStake: async () => ({ dryRun: false, withdrawn: [{ ticket: '1', ...paid }], waiting: [] }),
  }),
];

const paid = { token: ADDRESS, owner: ADDRESS, agentId: '3', amount: '5', transaction: '0x01' };

const agent: AgentDocument = {
  name: 'guide',
  title: 'Guide',
  description: 'Answers',
  version: '1.0.0',
  file: '/home/me/guide.yaml',
  state: 'serving',
  problem: null,
  model: { kind: 'chat', name: 'echo' },
  tools: [],
  urls: { http: null, libp2p: 'libp2p://k51/agents/guide/' },
  since: TIME,
  load: { tasks: 0, streams: 0 },
  answers: { completed: 1, 'input-required': 0, rejected: 0, cancelled: 0, failed: 0 },
};
