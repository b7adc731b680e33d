import { stripVTControlCharacters } from 'node:util';
import type { RoundSummary, Status, TaskSummary } from '@chorus/admin-api';
import { describe, expect, it } from 'vitest';
import { amount, bytes, duration } from '../output/units.ts';
import { statusScreen } from './status-view.ts';

const TOKEN = `0x${'ab'.repeat(20)}`;
const ETHER = '000000000000000000';

const EARNED: Status['earned'][number] = {
  token: TOKEN,
  decimals: 18,
  amount: `1234${ETHER}`,
  rewards: `1234${ETHER}`,
  fees: '0',
  claimed: '0',
  settled: 1,
  paid: 1,
  void: 0,
};

const task = (id: number, change: Partial<TaskSummary> = {}): TaskSummary => ({
  id: String(id),
  name: `a task with quite a long name, number ${id}`,
  status: 'running',
  round: 3,
  rounds: 50,
  phase: 'reference',
  deadline: null,
  roles: ['trainer', 'aggregator'],
  owner: false,
  duty: null,
  activity: { stage: 'train', round: 3, since: '2026-01-01T00:00:00Z', fraction: 0.456 },
  token: TOKEN,
  decimals: 18,
  stake: `10${ETHER}`,
  leaving: false,
  ...change,
});

const round = (number: number): RoundSummary => ({
  taskId: '1',
  round: number,
  outcome: 'settled',
  endedAt: '2026-01-01T12:34:56.000Z',
  trainer: 0,
  weight: 16_384,
  share: 2 ** 30,
  token: TOKEN,
  decimals: 18,
  reward: '12345678900000000000',
  fee: '0',
  reason: null,
  transaction: null,
  stageSeconds: {},
});

function status(change: Partial<Status> = {}): Status {
  return {
    time: '2026-01-01T00:00:00Z',
    state: 'ready',
    paused: [],
    node: {
      version: '0.1.0',
      protocol: '1',
      runtime: '24',
      platform: 'linux',
      pid: 1234,
      startedAt: '2026-01-01T00:00:00Z',
      uptimeSeconds: 7_300,
      roles: ['trainer'],
      dataFolder: '/data',
    },
    identity: {
      peerId: '12D3KooWBAu4cSNeveSo5qa5faETZcR3VVcvmHRXpdBGNg52Hkno',
      did: 'did:key:z6MkfonwTZ3P5HfmnSuMiYSxdutCpjr99UbQZ3jApxt9K2rF',
      wallet: `0x${'12'.repeat(20)}`,
    },
    network: {
      peers: 40,
      addresses: ['/ip4/203.0.113.7/tcp/4011/p2p/12D3KooW'],
      gateway: null,
      bans: 3,
      bytesIn: 5e9,
      bytesOut: 7e9,
    },
    chain: {
      id: 31337,
      contract: `0x${'34'.repeat(20)}`,
      reachable: true,
      height: 12_345_678,
      blockTime: null,
      lagSeconds: 12,
      requests: { lastMinute: 30, limit: 600, limited: 0, pausedUntil: null },
      gasBalance: `1${ETHER}`,
    },
    tasks: [],
    refused: [],
    rounds: [],
    earned: [EARNED],
    claimable: [],
    staked: [{ token: TOKEN, decimals: 18, amount: `20${ETHER}` }],
    resources: {
      cpuPercent: 99.4,
      rssBytes: 412e6,
      heapBytes: 1,
      eventLoopLagMs: 1,
      disk: { usedBytes: 2.5e9, freeBytes: 7e10 },
    },
    limits: allowed({}),
    privacy: { models: 'known', minNoise: 0, ownNoise: 0, maxEpsilon: null, delta: 1e-5, spent: [] },
    warnings: [],
    ...change,
  };
}

const notice = (n: number) => ({
  code: 'E_X',
  message: `something is wrong, and it takes a long sentence to say what: number ${n}`,
  hint: null,
  count: n,
  firstAt: '2026-01-01T00:00:00Z',
  lastAt: '2026-01-01T00:00:00Z',
});

/** The part of the limits that the screen shows. */
function allowed(change: Partial<Status['limits']>): Status['limits'] {
  return {
    stakePerTask: '10',
    stakePerDay: '30',
    onlyListedTokens: true,
    listedTokens: [`0x${'ab'.repeat(20)}`],
    owners: null,
    minValidators: 3,
    ...change,
  } as Status['limits'];
}

describe('the status screen', () => {
  it('the status screen fits 80 columns and 24 rows, however much it has to show', () => {
    const full = status({
      tasks: Array.from({ length: 30 }, (_, i) => task(i + 1)),
      rounds: Array.from({ length: 30 }, (_, i) => round(i + 1)),
      warnings: Array.from({ length: 9 }, (_, i) => notice(i + 1)),
    });
    const lines = stripVTControlCharacters(statusScreen(full, { columns: 80, rows: 24 })).split('\n');
    // One row stays for the prompt.
    expect(lines.length).toBeLessThanOrEqual(23);
    for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(80);
    const text = lines.join('\n');
    expect(text).toMatch(/and \d+ more: chorus task list/);
    expect(text).toContain('and 6 more: chorus status --json');
    expect(text).toContain('train 45 %');
  });

  it('the status screen shows everything a contributor asks', () => {
    const text = stripVTControlCharacters(
      statusScreen(status({ tasks: [task(7)], rounds: [round(2)] }), { columns: 120, rows: 40 }),
    );
    for (const part of [
      'ready, up 2 h',
      '40 peers, 3 banned',
      '31337 at block 12345678, last block 12 s ago',
      'earned 1,234, claimable 0, locked in tasks 20',
      '412 MB memory',
      '10 a task, 30 a day, in 0xababab…abab, for tasks of any owner, at least 3 validators',
      '3/50 reference',
      '25.0 %',
      '12.3457',
      '12:34:56',
    ]) {
      expect(text).toContain(part);
    }
  });

  it('shows amounts in the decimals of their own token', () => {
    const SIX = `0x${'06'.repeat(20)}`;
    const ODD = `0x${'0d'.repeat(20)}`;
    const six = { token: SIX, decimals: 6 };
    const text = stripVTControlCharacters(
      statusScreen(
        status({
          tasks: [task(7, { ...six, stake: '12500000' })],
          rounds: [{ ...round(2), ...six, reward: '3750000', fee: '250000' }],
          earned: [{ ...EARNED, ...six, amount: '4000000' }],
          claimable: [
            { ...six, amount: '1500000' },
            { token: TOKEN, decimals: 18, amount: `2${ETHER}` },
          ],
          staked: [{ token: ODD, decimals: null, amount: '77' }],
        }),
        { columns: 140, rows: 40 },
      ),
    );
    expect(text).toContain(
      'earned 4, claimable 1.5 of 0x060606…0606 + 2 of 0xababab…abab, locked in tasks 77 units',
    );
    expect(text).toMatch(/train 45 % +12\.5\n/);
    expect(text).toMatch(/25\.0 % +3\.75 +0\.25 /);
  });

  it('tells of a chain that does not answer, of a pause, and of no task', () => {
    const text = stripVTControlCharacters(
      statusScreen(
        status({
          state: 'paused',
          chain: { ...status().chain, reachable: false, lagSeconds: null },
          paused: [{ code: 'E_LIMIT_HOURS', message: 'outside its hours', hint: null }],
        }),
        { columns: 80, rows: 24 },
      ),
    );
    expect(text).toContain('31337 not reachable');
    expect(text).toContain('! paused: outside its hours');
    expect(text).toContain('no tasks yet');
  });

  it('the status screen shows what was revealed of the data: the largest value of several', () => {
    const { privacy } = status();
    const spent = [
      { data: 'faces', epsilon: 1346.99, trainings: 2, plain: 0 },
      { data: 'digits', epsilon: 3.456, trainings: 1, plain: 0 },
    ];
    const shown = (change: Partial<Status['privacy']>) =>
      stripVTControlCharacters(
        statusScreen(status({ privacy: { ...privacy, ...change } }), { columns: 120, rows: 24 }),
      );
    expect(shown({})).not.toContain('privacy');
    expect(shown({ spent, maxEpsilon: 2_000 })).toMatch(
      /privacy +data faces: epsilon 1,350 spent in 2 trainings \(delta 0\.00001\), at most 2000; 1 more/,
    );
    const plain = { data: 'notes', epsilon: null, trainings: 9, plain: 4 };
    expect(shown({ spent: [...spent, plain] })).toMatch(
      /privacy +data notes: no bound on epsilon, 4 of 9 trainings without noise/,
    );
  });

  it('the status screen names each job that waits for its owner, and nothing of jobs without one', () => {
    const shown = (market: Status['market'] & object) =>
      stripVTControlCharacters(statusScreen(status({ market }), { columns: 160, rows: 24 }));
    expect(shown({ jobs: 0, waiting: [] })).not.toMatch(/^ *jobs/m);
    expect(shown({ jobs: 2, waiting: [] })).toContain('2 open, none waits for you');
    const waiting = [{ jobId: '3', what: 'accept-or-dispute', until: '2026-12-01T12:00:00.000Z' }];
    expect(shown({ jobs: 2, waiting })).toContain(
      'job 3 waits for you: accept-or-dispute until 2026-12-01T12:00:00.000Z',
    );
  });

  it('the status screen shows agents by their state, and nothing of them without one', () => {
    const shown = (agents: Status['agents'] & object) =>
      stripVTControlCharacters(statusScreen(status({ agents }), { columns: 120, rows: 24 }));
    expect(shown([])).not.toContain('agents');
    const named = (name: string, state: 'serving' | 'failed') => ({ name, state });
    expect(shown([named('guide', 'serving'), named('poet', 'failed'), named('reader', 'serving')])).toMatch(
      /agents +2 serving \(guide, reader\), 1 failed \(poet\)/,
    );
  });

  it('the status screen tells a node that never had a task from one that has none now', () => {
    const shown = (rounds: Status['rounds']) =>
      stripVTControlCharacters(statusScreen(status({ rounds }), { columns: 120, rows: 24 }));
    expect(shown([])).toContain('no tasks yet: ');
    expect(shown([round(2)])).toContain('no task now: ');
    expect(shown([round(2)])).not.toContain('no tasks yet');
  });

  it('counts of one are written as one', () => {
    const { network } = status();
    const one = status({
      network: { ...network, peers: 1 },
      limits: allowed({ owners: [`0x${'01'.repeat(20)}`], minValidators: 1 }),
    });
    const text = stripVTControlCharacters(statusScreen(one, { columns: 140, rows: 24 }));
    expect(text).toMatch(/ 1 peer,/);
    expect(text).toContain('for tasks of 1 owner, at least 1 validator\n');
  });

  it('the status screen says that nothing may be staked, and how to allow it', () => {
    const cautious = status({ limits: allowed({ stakePerTask: '0' }) });
    const text = stripVTControlCharacters(statusScreen(cautious, { columns: 120, rows: 24 }));
    expect(text).toMatch(/stakes +nothing/);
    expect(text).toContain('chorus config set training.maxStake 10');
  });
});

describe('quantities', () => {
  it('are rounded as people read them', () => {
    expect(amount('1500000000000000000', 18)).toBe('1.5');
    expect(amount('1', 18)).toBe('<0.0001');
    expect(amount('0', 18)).toBe('0');
    expect(amount('1500000', 6)).toBe('1.5');
    expect(amount('1500000', null)).toBe('1500000 units');
    expect(amount('0', null)).toBe('0');
    expect([0, 999, 1500, 2.5e9].map(bytes)).toEqual(['0 B', '999 B', '1.5 kB', '2.5 GB']);
    expect([5, 100, 7_200, 400_000].map(duration)).toEqual(['5 s', '2 min', '2 h', '5 days']);
  });
});
