import type {
  AgentDocument,
  AgentIdentityDocument,
  CreditDocument,
  GovernanceDocument,
  JobDocument,
  MarketAsk,
  MarketDocument,
  OrderDocument,
  ParameterDocument,
  PaymentDocument,
  ProposalDetail,
  ProposalDocument,
  RegistrationDocument,
  SettledRounds,
  UnitsDocument,
} from '@chorus/admin-api';
import {
  ADDRESS,
  amounts,
  detail,
  EventRing,
  earned,
  eventsApp,
  governanceApp,
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
import { creditsApp } from '../../../../service-agents/src/admin-areas/credits-app.ts';
import { feedbackApp } from '../../../../service-agents/src/admin-areas/feedback-app.ts';
import { paymentsApp } from '../../../../service-agents/src/admin-areas/payments-app.ts';
import { revenueApp } from '../../../../service-agents/src/admin-areas/revenue-app.ts';
import type { CreditsSource } from '../../../../service-agents/src/payments/source.ts';
import { marketApp } from '../../../../service-market/src/admin-areas/market-app.ts';
import { offersApp } from '../../../../service-offers/src/admin-areas/offers-app.ts';
import { publicationsApp } from '../publications.ts';
import { rewardsApp } from '../rewards.ts';
import { roundsApp } from '../rounds.ts';
import { stakesApp } from '../stakes.ts';
import { tasksApp } from '../tasks.ts';
import { roundProof } from './round-proof.ts';

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
  governanceApp(() => ({
    governance: async () => governance,
    parameters: async () => ({ parameters: [parameter] }),
    proposals: async () => ({ total: 1, proposals: [proposal] }),
    proposal: async () => ({ ...proposal, ballots: [ballot], ballotCount: 1 }),
    propose: async ({ dryRun = false }) => ({
      ...{ dryRun, id: '7', short: '0x00000000', number: 1, calls: proposal.calls, votes: '9' },
      ...{ voteStart: TIME, voteEnd: TIME, executableAt: TIME, governance, transaction: '0x01' },
    }),
    vote: async (_, { choice }) => ({ dryRun: false, id: '7', choice, weight: '9', transaction: '0x01' }),
    queueProposal: async (id) => ({ dryRun: false, id, before: true, executableAt: TIME, transaction: null }),
    executeProposal: async (id) => ({
      dryRun: false,
      id,
      before: false,
      executableAt: null,
      transaction: '0x01',
    }),
    delegateVotes: async ({ to }) => ({ dryRun: false, before: null, to, votes: '9', transaction: '0x01' }),
  })),
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
  roundsApp({
    rounds: async () => ({ rounds: [round] }),
    settled: async () => settled,
    proof: async () => roundProof,
  }),
  agentsApp(() => ({
    list: () => ({ agents: [agent] }),
    show: () => agent,
    startAgent: async () => agent,
    log: () => ({
      lines: [{ id: 1, at: '2026-01-01T00:00:00.000Z', level: 'info' as const, text: 'served' }],
    }),
    memory: async () => ({ callers: [], notes: null }),
    forgetMemory: async () => ({ forgotten: 0 }),
    stopAgent: async () => {},
    registerAgent: async () => registration,
    retireAgent: async () => registration,
    findAgents: async () => ({ agents: [], known: 0 }),
    inspectAgent: async () => identity,
    callAgent: async function* () {},
  })),
  feedbackApp(() => ({
    of: async () => ({
      ...{
        agentId: '7',
        token: ADDRESS,
        symbol: 'CHOR',
        decimals: 18,
        score: 51.5,
        raters: 1,
        paid: '3',
        fee: '0',
      },
      feedback: [
        {
          ...{ client: ADDRESS, index: '1', own: true, rating: 100, transaction: '0x01', paid: '3' },
          ...{ paidAt: null, part: 1, uncounted: null },
        },
      ],
    }),
    give: async () => ({
      ...{ agentId: '7', rating: 100, given: null },
      payment: { token: ADDRESS, symbol: 'CHOR', decimals: 18, transaction: '0x01', amount: '3' },
    }),
    revoke: async () => ({ agentId: '7', index: '1', transaction: '0x01' }),
  })),
  paymentsApp(async () => ({
    list: async () => ({ payments: [payment] }),
    resume: async () => ({ payment: null }),
    pay: async () => ({
      ...{ id: PAYMENT, header: 'e30=', nonce: '0x01', token: ADDRESS, channel: null },
      ...{ symbol: 'CHOR', decimals: 18, amount: '3' },
    }),
    end: async () => false,
    credits,
  })),
  creditsApp(async () => credits),
  revenueApp(async () => ({
    overview: async () => ({
      account: ADDRESS,
      tokens: [{ token: ADDRESS, symbol: 'CHOR', decimals: 6 }],
      tills: [{ agentId: '7', agent: 'guide', address: ADDRESS, waiting: amounts }],
      owed: amounts,
      royalties: amounts,
      credits: [{ token: ADDRESS, decimals: 6, unclaimed: '5', claimed: '7' }],
      units: [{ agentId: '7', held: '5', revenue: amounts[0]! }],
    }),
    claim: async () => ({
      paid: [{ from: 'units', ...amounts[0]!, transaction: '0x01' }],
      failed: [{ code: 'E_CHAIN_REVERTED', message: 'the contract refused', hint: null }],
    }),
    till: async () => ({
      ...{ agentId: '7', address: ADDRESS, terms, waiting: amounts },
      proposed: { terms, effectiveAt: TIME },
    }),
    collect: async () => ({ agentId: '7', collected: [collected] }),
    units: async () => units,
    launchUnits: async () => units,
    buyUnits: async () => traded,
    sellUnits: async () => traded,
  })),
  marketApp(() => ({
    overview: async () => market,
    seat: async () => market,
    withdraw: async () => ({ withdrawn: [{ what: 'bonds', ...amounts[0]!, transaction: '0x01' }] }),
    jobs: {
      list: async () => ({ jobs: [job] }),
      show: async () => job,
      create: async () => job,
      act: async () => job,
      storeFile: async (name, bytes) => ({ digest: DIGEST, name, bytes: bytes.length }),
      file: async () => ({ name: 'chart.svg', bytes: new Uint8Array([8, 7]) }),
    },
  })),
  offersApp(() => ({
    offers: async () => ({ agents: [] }),
    ask: async () => marketAsk,
    hire: async () => order,
    orders: async () => ({ orders: [order] }),
    order: async () => order,
  })),
  rewardsApp({
    rewards: async () => ({ earned, claimable: amounts, staked: amounts }),
    claim: async ({ token }) => ({
      claimed: [{ token: token ?? ADDRESS, decimals: 6, amount: '95', transaction: '0x01' }],
    }),
  }),
  stakesApp({
    stakes: async () => stakes,
    memberRecord: async () => ({
      ...{ agentId: '3', owner: ADDRESS, tasks: 2, byRole: { trainer: 2, validator: 0, aggregator: 0 } },
      ...{ missedDuties: 1, lostDisputes: 0, rejectedWork: 0, dropped: 1, wonDisputes: 0, slashed: amounts },
      entries: [
        {
          ...{ kind: 'missed-duty', offence: 'trainer-absent', taskId: '7', round: 1, slashed: amounts[0]! },
          ...{ block: 5, transaction: '0x01' },
        },
      ],
    }),
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

const governance: GovernanceDocument = {
  ...{
    governor: ADDRESS,
    timelock: ADDRESS,
    parameters: ADDRESS,
    token: ADDRESS,
    symbol: 'CHOR',
    decimals: 18,
  },
  ...{ supply: '1000', time: TIME, votingDelay: 86_400, votingPeriod: 604_800, timelockDelay: 172_800 },
  ...{ threshold: '1', quorum: '40', quorumPercent: 4 },
  wallet: { account: ADDRESS, balance: '9', delegate: ADDRESS, votes: '9' },
};

const parameter: ParameterDocument = {
  ...{
    name: 'protocol-fee',
    title: 'fee of the network',
    unit: 'bps',
    token: null,
    symbol: null,
    decimals: null,
  },
  ...{ value: '100', least: '0', most: '500', preset: '100', effect: 'part of what tasks pay' },
  changed: { time: TIME, block: 5, transaction: '0x01', proposal: '7' },
};

const proposal: ProposalDocument = {
  ...{ id: '7', short: '0x00000000', number: 1, proposer: ADDRESS, title: 'A lower fee', description: '' },
  ...{
    state: 'active',
    voteStart: TIME,
    voteEnd: TIME,
    executableAt: null,
    quorum: '40',
    complete: true,
    unclear: false,
  },
  votes: { for: '9', against: '0', abstain: '0' },
  wallet: { weight: '9', voted: true },
  calls: [
    {
      ...{ target: ADDRESS, coins: '0', contract: 'parameters', method: 'setProtocolFee', warning: null },
      ...{ selector: '0x787dce3d', bytes: 36, args: [{ name: 'bps', value: '50' }] },
      sets: [{ name: 'protocol-fee', token: null, from: '100', to: '50', fault: null }],
    },
  ],
  ...{ proposed: '0x01', executed: null },
};

const ballot: ProposalDetail['ballots'][number] = {
  ...{ voter: ADDRESS, choice: 'for', weight: '9', reason: 'worth it', transaction: '0x01' },
};

const terms = {
  holders: 10,
  trainers: [{ task: '3', percent: 20 }],
  tools: [{ agent: '9', percent: 0.5 }],
};

const collected = {
  ...{ token: ADDRESS, decimals: 6, paid: '100', passed: '0', protocolFee: '1', trainers: '19' },
  ...{ holders: '9', tools: '0', rest: '71', creator: ADDRESS, transaction: '0x01' },
};

const units: UnitsDocument = {
  ...{ agentId: '7', token: ADDRESS, symbol: 'CHOR', decimals: 6, base: '100', slope: '1', cap: '50' },
  ...{ holders: 10, creator: ADDRESS, creatorUnits: '5', locked: '2', vestingSeconds: 60, launchedAt: TIME },
  ...{ description: 'Reads digits', supply: '5', reserve: '510', held: '5', revenue: '0' },
  ...{ purchase: { amount: '105', fee: '1' }, sale: null },
};

const DIGEST = `0x${'d1'.repeat(32)}`;
const job: JobDocument = {
  ...{ jobId: '3', status: 'submitted', roles: ['client'], client: ADDRESS, provider: ADDRESS },
  ...{ evaluator: ADDRESS, evaluatedBy: 'validators', token: ADDRESS, symbol: 'CHOR', decimals: 6 },
  ...{ budget: '100', fee: '1', bond: '10', expiresAt: TIME, submitBy: TIME, fundedAt: TIME },
  ...{ submittedAt: TIME, deliverable: DIGEST, payout: ADDRESS, description: 'a chart' },
  dispute: {
    ...{ bond: '10', disputedAt: TIME, defendedAt: TIME, drawnAt: TIME, outcome: null },
    ...{ grounds: DIGEST, answer: null, available: true },
    jury: [{ agentId: '7', committed: true, vote: null, mine: true }],
  },
  step: { what: 'commit', by: ['juror'], until: TIME, otherwise: 'the vote does not count' },
};
const market: MarketDocument = {
  ...{ account: ADDRESS, commerce: ADDRESS, evaluator: ADDRESS, stakeToken: ADDRESS, seatStake: '100' },
  token: { token: ADDRESS, symbol: 'CHOR', decimals: 6 },
  ...{ windowSeconds: 86_400, stepSeconds: 43_200, decisionSeconds: 302_400, seats: 3, waiting: 1 },
  seat: { agentId: '7', takenAt: TIME },
  owed: { payments: [], bonds: amounts },
};
const price = { text: '2 CHOR', units: '2', token: ADDRESS };
const marketAsk: MarketAsk = {
  ...{ askId: 'a5'.repeat(32), text: 'a chart', budget: price, seconds: 600, reached: 1, answers: [] },
  refused: [{ peerId: '12D3KooWpeer', agentId: '7', why: 'its card does not offer this' }],
};
const order: OrderDocument = {
  ...{ orderId: '00000000-0000-4000-8000-000000000000', askId: marketAsk.askId, text: 'a chart' },
  ...{ state: 'placed', agentId: '7', offer: 'chart', kind: 'job', price, jobId: '3', tried: [] },
  ...{ answer: null, problem: null, at: TIME },
};
const traded = {
  ...{ agentId: '7', token: ADDRESS, decimals: 6, units: '5', amount: '515', transaction: '0x01' },
};

const settled: SettledRounds = {
  taskId: '7',
  token: ADDRESS,
  decimals: 6,
  trainers: [ADDRESS],
  rounds: [
    {
      round: 1,
      weights: [65_536],
      shares: [4_294_967_296],
      rewards: ['95'],
      lossBefore: 2.3,
      lossAfter: 0.8,
      transaction: '0x01',
    },
  ],
};

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
  identity: null,
  price: { text: '3 CHOR', token: ADDRESS, symbol: 'CHOR', decimals: 0, amount: '3' },
  offers: [],
  earned: [{ token: ADDRESS, symbol: 'CHOR', decimals: 0, amount: '9', calls: 3 }],
  since: TIME,
  load: { tasks: 0, streams: 0 },
  answers: { completed: 1, 'input-required': 0, rejected: 0, cancelled: 0, failed: 0 },
};

const registry = { chainId: 31337, address: ADDRESS };

const registration: RegistrationDocument = {
  agent: 'guide',
  registry,
  agentId: '7',
  uri: 'ipfs://bafkfile',
  cost: null,
  till: null,
  transactions: ['0x01'],
};

const identity: AgentIdentityDocument = {
  agentId: '7',
  registry,
  owner: ADDRESS,
  wallet: null,
  uri: 'ipfs://bafkfile',
  peerId: '12D3KooWpeer',
  addresses: [],
  title: 'Guide',
  description: 'Answers',
  skills: [],
  offers: [],
  latencyMs: null,
  url: 'libp2p://k51/agents/guide/',
  proven: false,
  till: null,
  links: [{ name: 'registered', holds: true, says: 'by its owner' }],
};

const PAYMENT = `pay_${'0a'.repeat(16)}`;

const credit: CreditDocument = {
  id: `0x${'0a'.repeat(32)}`,
  agent: 'https://agents.example/agents/guide/',
  receiver: ADDRESS,
  ...{ token: ADDRESS, symbol: 'CHOR', decimals: 18, state: 'open', balance: '9', spent: '3', left: '6' },
  ...{ begun: null, withdrawSeconds: 86_400, availableAt: null, transaction: '0x01', cost: null },
};

const credits: CreditsSource = {
  list: async () => ({
    credits: [credit],
    channels: [
      {
        ...{ id: `0x${'0b'.repeat(32)}`, payer: ADDRESS, receiver: ADDRESS, agent: 'guide' },
        ...{ token: ADDRESS, symbol: 'CHOR', decimals: 18, balance: '9', charged: '3', claimed: '1' },
        ...{ unclaimed: '2', calls: 3, waiting: 2, closingAt: null, claimTransaction: null },
      },
    ],
    rules: { enabled: true, withdrawHours: 24, claimCalls: 500, claimHours: 6 },
  }),
  open: async () => credit,
  add: async () => credit,
  close: async () => ({ ...credit, state: 'closing', availableAt: TIME }),
  claim: async () => ({
    claims: [
      {
        ...{ transaction: '0x01', channels: 1 },
        amounts: [{ token: ADDRESS, symbol: 'CHOR', decimals: 18, amount: '2' }],
      },
    ],
  }),
};

const payment: PaymentDocument = {
  direction: 'in',
  id: PAYMENT,
  agent: 'guide',
  resource: 'https://agents.example/agents/guide/',
  payer: ADDRESS,
  payee: ADDRESS,
  token: ADDRESS,
  symbol: 'CHOR',
  decimals: 18,
  amount: '3',
  state: 'answered',
  reason: null,
  at: TIME,
  endedAt: TIME,
  transaction: '0x01',
  channel: null,
  input: `sha256:${'0'.repeat(64)}`,
  output: null,
  receipt: 'a.b.c',
  signer: 'did:key:z6Mk',
  checks: [{ check: 'chain', ok: true, detail: 'in block 5' }],
};
