import { describe, expect, it } from 'vitest';
import {
  type Duty,
  dutiesOf,
  type RoundPhase,
  type RoundState,
  referenceGroups,
  requestWindow,
  settlementCandidate,
  stageOf,
  verdictsCost,
} from './round.ts';
import { G1_INFINITY } from './settlement.ts';
import { OPEN_TO_ALL, type TaskState } from './task.ts';

const [alice, bob, carol, dave] = ['a', 'b', 'c', 'd'].map((c) => `0x${c.repeat(40)}` as const) as [
  `0x${string}`,
  `0x${string}`,
  `0x${string}`,
  `0x${string}`,
];
const vector = { commitment: G1_INFINITY, digest: '0x00' as const };

/** Trainers alice and bob, validator carol, aggregators dave then alice. */
const task: TaskState = {
  id: 1n,
  owner: carol,
  agreement: '0x00',
  status: 'running',
  remaining: 100n,
  round: 2,
  joinDeadline: 50,
  trainers: [alice, bob],
  aggregators: [alice, dave],
  activeValidators: [carol],
  departed: [],
  totalCommitment: G1_INFINITY,
  token: carol,
  budget: 100n,
  rounds: 3,
  minTrainers: 1,
  maxTrainers: 2,
  minAggregators: 1,
  stake: 1n,
  aggregatorFeeBps: 0,
  validatorFeeBps: 0,
  joinSeconds: 10,
  commitSeconds: 10,
  referenceSeconds: 10,
  settleSeconds: 10,
  dimension: 4,
  termsDigest: '0x00',
  validators: [carol],
  minValidators: 1,
  rule: '0x00',
  ...OPEN_TO_ALL,
  verifier: dave,
  protocolFeeBps: 100,
  contestSeconds: 10,
  slashing: {
    trainerAbsence: 100,
    validatorAbsence: 1000,
    aggregatorAbsence: 1000,
    unavailable: 2000,
    falseVerdict: 2000,
    rejectedReference: 2000,
    absenceCap: 1000,
    missedRounds: 3,
  },
  protocolFees: 0n,
  openCases: 0,
};

function roundIn(phase: RoundPhase, change: Partial<RoundState> = {}): RoundState {
  return {
    taskId: 1n,
    round: 2,
    phase,
    deadline: 200,
    settleStart: 100,
    updates: [null, null],
    references: [{ validator: carol, index: 0, seal: null, opened: null }],
    drawnAggregator: 1,
    verdictsRequested: false,
    verdictsPosted: [],
    ...change,
  };
}
const kinds = (duties: Duty[]) => duties.map((d) => d.kind);

describe('the stage a member tells of', () => {
  const done = {
    updates: [vector, null],
    references: [{ validator: carol, index: 0, seal: '0x01' as const, opened: null }],
  };

  it('stageOf gives the account its own stage: training, committed, providing, aggregating', () => {
    expect([alice, bob, carol, dave].map((a) => stageOf(a, task, roundIn('commit', done)))).toEqual([
      'committed',
      'training',
      'committed',
      'joined',
    ]);
    expect([alice, bob, carol, dave].map((a) => stageOf(a, task, roundIn('settle', done)))).toEqual([
      'providing',
      'joined',
      'providing',
      'aggregating',
    ]);
  });
});

describe('duties', () => {
  it('a trainer’s duty is to train, and a validator’s to seal, while updates are open', () => {
    expect(kinds(dutiesOf(alice, task, roundIn('commit')))).toEqual(['train', 'advance']);
    expect(kinds(dutiesOf(carol, task, roundIn('commit')))).toEqual(['seal-reference', 'advance']);
    expect(kinds(dutiesOf(dave, task, roundIn('commit')))).toEqual(['advance']);
  });

  it('duties do not repeat what the chain already has', () => {
    const round = roundIn('commit', {
      updates: [vector, null],
      references: [{ validator: carol, index: 0, seal: '0x01', opened: null }],
    });
    expect(kinds(dutiesOf(alice, task, round))).toEqual(['advance']);
    expect(kinds(dutiesOf(carol, task, round))).toEqual(['advance']);
  });

  it('a member must provide its payload only after commitments have closed, and only if it committed', () => {
    const committed = { updates: [vector, null] };
    expect(kinds(dutiesOf(alice, task, roundIn('commit', committed)))).not.toContain('provide-update');
    expect(kinds(dutiesOf(alice, task, roundIn('reference', committed)))).toContain('provide-update');
    expect(kinds(dutiesOf(bob, task, roundIn('reference', committed)))).not.toContain('provide-update');
  });

  it('a validator must open a reference only if it sealed one', () => {
    expect(kinds(dutiesOf(carol, task, roundIn('reference')))).not.toContain('open-reference');
    const sealed = { references: [{ validator: carol, index: 0, seal: '0x01' as const, opened: null }] };
    expect(kinds(dutiesOf(carol, task, roundIn('reference', sealed)))).toContain('open-reference');
  });

  it('the drawn aggregator gets the first settlement window, the next one the second, anyone the last', () => {
    const round = roundIn('settle');
    expect(dutiesOf(dave, task, round)).toContainEqual({ kind: 'settle', round: 2, from: 100 });
    expect(dutiesOf(alice, task, round)).toContainEqual({ kind: 'settle', round: 2, from: 110 });
    expect(kinds(dutiesOf(bob, task, round))).not.toContain('settle');
    expect([99, 100, 109, 110, 119, 120].map((now) => settlementCandidate(task, round, now))).toEqual([
      dave,
      dave,
      dave,
      alice,
      alice,
      null,
    ]);
  });

  it('a validator must post a requested verdict once', () => {
    const asked = roundIn('settle', { verdictsRequested: true });
    expect(kinds(dutiesOf(carol, task, asked))).toContain('post-verdict');
    expect(kinds(dutiesOf(alice, task, asked))).not.toContain('post-verdict');
    expect(kinds(dutiesOf(carol, task, { ...asked, verdictsPosted: [0] }))).not.toContain('post-verdict');
    expect(kinds(dutiesOf(carol, task, roundIn('settle')))).not.toContain('post-verdict');
  });

  it('a departed member has no duties, and the windows of the others move up', () => {
    const without = { ...task, departed: [dave] };
    const round = roundIn('settle');
    expect(dutiesOf(dave, without, round)).toEqual([]);
    expect(dutiesOf(alice, without, round)).toContainEqual({ kind: 'settle', round: 2, from: 100 });
    expect([100, 109, 110].map((now) => settlementCandidate(without, round, now))).toEqual([
      alice,
      alice,
      null,
    ]);
    expect(dutiesOf(alice, { ...task, departed: [alice] }, roundIn('commit'))).toEqual([]);
  });

  it('a candidate may request verdicts on chain in the second half of its own window', () => {
    const round = roundIn('settle');
    expect(requestWindow(task, round, dave)).toEqual({ from: 105, to: 110 });
    expect(requestWindow(task, round, alice)).toEqual({ from: 115, to: 120 });
    expect(requestWindow(task, round, bob)).toBeNull();
    expect(requestWindow(task, roundIn('commit'), dave)).toBeNull();
    expect(requestWindow({ ...task, departed: [dave] }, round, alice)).toEqual({ from: 105, to: 110 });
  });

  it('requesting verdicts costs a candidate half of what settling pays, in equal parts for the validators', () => {
    const paying = { ...task, remaining: 100_001n, aggregatorFeeBps: 300 };
    // Two rounds are left: 3 % of 50,000 is 1,500.
    expect(verdictsCost(paying)).toBe(750n);
    const seven = { ...paying, activeValidators: Array.from({ length: 7 }, () => carol) };
    expect(verdictsCost(seven)).toBe(749n);
    expect(verdictsCost({ ...paying, departed: [carol] })).toBe(0n);
  });

  it('a member has no duties once the task has ended, and only that to advance while it is joining', () => {
    expect(dutiesOf(alice, { ...task, status: 'ended' }, roundIn('settled'))).toEqual([]);
    expect(dutiesOf(alice, { ...task, status: 'joining', round: 0 }, null)).toEqual([
      { kind: 'advance', round: 0, from: 50 },
    ]);
  });
});

describe('references', () => {
  const references = [0, 1, 2, 4, 7].map((index) => ({ index }));
  const places = (appointed: number) =>
    referenceGroups(references, appointed).map((group) => group.map(({ index }) => index));

  it('references are grouped by their place in the appointment', () => {
    expect(places(8)).toEqual([[0], [1, 4, 7], [2]]);
    expect(referenceGroups([{ index: 4 }], 5)).toEqual([[], [{ index: 4 }], []]);
  });

  it('every group holds all references if fewer than three validators are appointed', () => {
    expect(referenceGroups(references.slice(0, 2), 2)).toEqual(Array(3).fill([{ index: 0 }, { index: 1 }]));
    expect(referenceGroups([{ index: 0 }], 1)).toEqual(Array(3).fill([{ index: 0 }]));
  });
});
