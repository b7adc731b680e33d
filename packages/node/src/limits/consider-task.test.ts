import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ConsideredTask,
  type ConsideredTerms,
  considerTask,
  expectedReward,
  longestLockSeconds,
  longestSeconds,
  type NodeState,
} from './consider-task.ts';
import { type Limits, limitsSchema } from './limits-config.ts';

const TOKEN = '0x00000000000000000000000000000000000000aA';
const OTHER = '0x00000000000000000000000000000000000000bb';

const task: ConsideredTask = {
  token: TOKEN,
  budget: 1_000_000n,
  rounds: 10,
  maxTrainers: 4,
  minAggregators: 1,
  stake: 100n,
  aggregatorFeeBps: 300,
  validatorFeeBps: 200,
  joinSeconds: 60,
  commitSeconds: 60,
  referenceSeconds: 30,
  settleSeconds: 60,
  contestSeconds: 3_600,
  dimension: 50_000,
  validators: [],
  slashing: { trainerAbsence: 0, validatorAbsence: 500, aggregatorAbsence: 1000 },
};
const terms: ConsideredTerms = {
  modelBytes: 200_000,
  batchSize: 10,
  data: { kind: 'classification', inputShape: [1, 28, 28], classes: 10 },
  loss: { kind: 'softmax-cross-entropy' },
  rule: 'reference-trust',
};
const state: NodeState = {
  roles: ['trainer'],
  maxStake: 1_000n,
  minuteOfDay: 720,
  staked: [],
  rssBytes: 200e6,
  reservedBytes: 0,
  underPressure: false,
  diskFull: false,
  diskFreeBytes: 10e9,
};
const limits = (input: object): Limits => limitsSchema.parse(input);

describe('a task', () => {
  it('is taken on where nothing is limited, with what it will need', () => {
    const verdict = considerTask(limits({}), task, terms, state);
    expect(verdict).toMatchObject({ accept: true });
    if (verdict.accept) expect(verdict.needs.memoryBytes).toBeGreaterThan(100e6);
  });

  it.each<[string, object, Partial<ConsideredTask>, Partial<ConsideredTerms>, Partial<NodeState>, boolean]>([
    ['E_TASK_STAKE', {}, { stake: 1_001n }, {}, {}, false],
    ['E_LIMIT_DIMENSION', { tasks: { maxDimension: 49_999 } }, {}, {}, {}, false],
    ['E_LIMIT_MODEL_BYTES', { tasks: { maxModelBytes: '199 kB' } }, {}, {}, {}, false],
    ['E_LIMIT_LOSS', { tasks: { losses: ['hinge'] } }, {}, {}, {}, false],
    ['E_LIMIT_LICENCE', { tasks: { licences: ['MIT'] } }, {}, {}, {}, false],
    ['E_LIMIT_LICENCE', { tasks: { licences: ['MIT'] } }, {}, { licence: 'GPL-3.0-or-later' }, {}, false],
    ['E_LIMIT_DURATION', { tasks: { maxSeconds: 18_359 } }, {}, {}, {}, false],
    ['E_LIMIT_DURATION', { stake: { perToken: { [TOKEN]: { seconds: 18_359 } } } }, {}, {}, {}, false],
    ['E_LIMIT_DURATION', {}, { joinSeconds: 90 * 86_400 }, {}, {}, false],
    ['E_LIMIT_TOKEN', { stake: { onlyListed: true, perToken: { [OTHER]: '1000' } } }, {}, {}, {}, false],
    [
      'E_LIMIT_STAKE_TASK',
      { stake: { perToken: { [TOKEN.toLowerCase()]: { task: '99' } } } },
      {},
      {},
      {},
      false,
    ],
    ['E_LIMIT_REWARD', { tasks: { minReward: '23751' } }, {}, {}, {}, false],
    [
      'E_LIMIT_STAKE_TOKEN',
      { stake: { perToken: { [TOKEN.toLowerCase()]: '150' } } },
      {},
      {},
      { staked: [{ token: TOKEN, amount: 60n }] },
      true,
    ],
    ['E_LIMIT_STAKE_TOKEN', { stake: { perToken: { [TOKEN]: '0' } } }, {}, {}, {}, false],
    [
      'E_LIMIT_STAKE_TOTAL',
      { stake: { total: '150' } },
      {},
      {},
      { staked: [{ token: OTHER, amount: 60n }] },
      true,
    ],
    ['E_LIMIT_MEMORY', { memory: '300 MB' }, {}, {}, {}, false],
    ['E_LIMIT_MEMORY', { memory: '600 MB' }, {}, {}, { reservedBytes: 400e6 }, true],
    ['E_LIMIT_MEMORY_PRESSURE', { memory: '4 GB' }, {}, {}, { underPressure: true }, true],
    ['E_LIMIT_DISK', { disk: '1 MB' }, {}, {}, {}, false],
    ['E_LIMIT_DISK', {}, {}, {}, { diskFreeBytes: 1e6 }, true],
    ['E_LIMIT_DISK_FULL', { disk: '1 GB' }, {}, {}, { diskFull: true }, true],
    ['E_LIMIT_HOURS', { hours: ['22:00-07:00'] }, {}, {}, {}, true],
    [
      'E_LIMIT_HOURS_STAKE',
      { hours: ['11:00-12:30'] },
      { slashing: { trainerAbsence: 500, validatorAbsence: 0, aggregatorAbsence: 0 } },
      {},
      {},
      true,
    ],
  ])('is refused with %s under %j', (code, config, taskChange, termsChange, stateChange, passing) => {
    const verdict = considerTask(
      limits(config),
      { ...task, ...taskChange },
      { ...terms, ...termsChange },
      { ...state, ...stateChange },
    );
    expect(verdict).toMatchObject({ accept: false, code, passing });
    if (!verdict.accept) {
      expect(verdict.reason.length).toBeGreaterThan(20);
      expect(verdict.change.length).toBeGreaterThan(3);
    }
  });

  it('with an accepted licence, at the edge of every limit, is taken on', () => {
    const tight = limits({
      hours: ['12:00-12:01'],
      stake: {
        total: '100',
        onlyListed: true,
        perToken: { [TOKEN]: { total: '100', task: '100', seconds: 18_360 } },
      },
      tasks: {
        maxDimension: 50_000,
        maxModelBytes: 200_000,
        losses: ['softmax-cross-entropy'],
        licences: ['MIT', 'Apache-2.0'],
        maxSeconds: 18_360,
        minReward: '23750',
      },
    });
    const verdict = considerTask(
      tight,
      task,
      { ...terms, licence: 'Apache-2.0' },
      { ...state, maxStake: 100n },
    );
    expect(verdict).toMatchObject({ accept: true });
  });
});

describe('missing rounds', () => {
  it('is risked only where it costs nothing, or the task ends before the node rests', () => {
    const costly = { ...task, slashing: { trainerAbsence: 500, validatorAbsence: 0, aggregatorAbsence: 0 } };
    // At most 186 minutes, from noon.
    expect(considerTask(limits({ hours: ['12:00-15:06'] }), costly, terms, state).accept).toBe(true);
    expect(considerTask(limits({ hours: ['12:00-15:05'] }), costly, terms, state).accept).toBe(false);
    expect(considerTask(limits({ hours: ['12:00-15:05'] }), task, terms, state).accept).toBe(true);
    const bold = limits({ hours: ['12:00-15:05'], missRounds: true });
    expect(considerTask(bold, costly, terms, state).accept).toBe(true);
    const validating = { ...state, roles: ['validator'] as const };
    expect(considerTask(limits({ hours: ['12:00-15:05'] }), costly, terms, validating).accept).toBe(true);
  });
});

describe('how long the stake may be locked', () => {
  it('counts a window to settle for every candidate there can be, whoever is there yet, and both windows of a dispute', () => {
    // 60 to join, ten rounds of 60 + 30 + 17 * 60.
    expect(longestSeconds(task)).toBe(11_160);
    expect(longestLockSeconds(task)).toBe(18_360);
    expect(longestSeconds({ ...task, minAggregators: 16 })).toBe(11_160);
  });

  it('is bounded where nothing was configured, and the refusal says what adds up and what to change', () => {
    const verdict = considerTask(limits({}), { ...task, rounds: 4_096, settleSeconds: 600 }, terms, state);
    expect(verdict).toMatchObject({
      accept: false,
      code: 'E_LIMIT_DURATION',
      reason:
        'it may lock the stake for 488 days (60 s to join, 4096 rounds of up to 2.86 hours, 2 hours to dispute: 42155100 s), longer than 90 days (7776000 s)',
      change: 'raise limits.tasks.maxSeconds',
    });
  });

  it('of one token is said where that token is configured', () => {
    const verdict = considerTask(
      limits({ stake: { perToken: { [TOKEN]: { seconds: 60 } } } }),
      task,
      terms,
      state,
    );
    expect(verdict).toMatchObject({ change: expect.stringContaining('limits.stake.perToken') });
  });
});

describe('limits by token', () => {
  it('name a token once, however its address is written', () => {
    const twice = { [TOKEN]: '1', [TOKEN.toLowerCase()]: '2' };
    expect(() => limits({ stake: { perToken: twice } })).toThrow('twice');
    expect(() => limits({ stake: { perToken: { [TOKEN]: { seconds: -1 } } } })).toThrow();
    expect(() => limits({ stake: { perToken: { [TOKEN]: { totl: '1' } } } })).toThrow();
  });
});

describe('what a round is worth', () => {
  it('is the equal share of a full committee, of each role held', () => {
    // 100000 a round, 5 % fees, four trainers.
    expect(expectedReward(task, ['trainer'])).toBe(23_750n);
    expect(expectedReward(task, ['aggregator'])).toBe(3_000n);
    expect(expectedReward({ ...task, validators: [TOKEN, OTHER] }, ['validator', 'aggregator'])).toBe(4_000n);
    expect(expectedReward(task, [])).toBe(0n);
  });
});

// ---- properties ----

const amount = fc.bigInt({ min: 0n, max: 10n ** 24n });
const anyTask: fc.Arbitrary<ConsideredTask> = fc.record({
  token: fc.constantFrom<`0x${string}`>(TOKEN, OTHER),
  budget: amount,
  rounds: fc.integer({ min: 1, max: 200 }),
  maxTrainers: fc.integer({ min: 1, max: 16 }),
  minAggregators: fc.integer({ min: 1, max: 16 }),
  stake: amount,
  aggregatorFeeBps: fc.integer({ min: 0, max: 2000 }),
  validatorFeeBps: fc.integer({ min: 0, max: 2000 }),
  joinSeconds: fc.nat(100_000),
  commitSeconds: fc.nat(3_000),
  referenceSeconds: fc.nat(3_000),
  settleSeconds: fc.nat(3_000),
  contestSeconds: fc.nat(100_000),
  dimension: fc.integer({ min: 1, max: 2 ** 22 }),
  slashing: fc.record({
    trainerAbsence: fc.constantFrom(0, 500),
    validatorAbsence: fc.constantFrom(0, 500),
    aggregatorAbsence: fc.constantFrom(0, 500),
  }),
  validators: fc.array(fc.constant<`0x${string}`>(OTHER), { maxLength: 15 }),
});
const anyTerms: fc.Arbitrary<ConsideredTerms> = fc
  .record({
    modelBytes: fc.integer({ min: 1, max: 2 ** 28 }),
    batchSize: fc.integer({ min: 1, max: 65536 }),
    size: fc.integer({ min: 1, max: 65536 }),
    licence: fc.option(fc.constantFrom('MIT', 'Apache-2.0'), { nil: undefined }),
  })
  .map(({ modelBytes, batchSize, size, licence }) => ({
    modelBytes,
    batchSize,
    data: { kind: 'classification', inputShape: [size], classes: 10 },
    loss: { kind: 'softmax-cross-entropy' },
    rule: 'reference-projection',
    ...(licence === undefined ? {} : { licence }),
  }));
const anyState: fc.Arbitrary<NodeState> = fc.record({
  roles: fc.subarray(['trainer', 'validator', 'aggregator'] as const),
  maxStake: amount,
  minuteOfDay: fc.nat(1439),
  staked: fc.array(fc.record({ token: fc.constantFrom(TOKEN, OTHER), amount }), { maxLength: 5 }),
  rssBytes: fc.nat(2 ** 31),
  reservedBytes: fc.nat(2 ** 31),
  underPressure: fc.boolean(),
  diskFull: fc.boolean(),
  diskFreeBytes: fc.option(fc.nat(2 ** 31)),
});
const positive = fc.integer({ min: 1, max: 2 ** 31 });
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const anyLimits = fc
  .record({
    memory: maybe(positive),
    disk: maybe(positive),
    hours: fc.subarray(['00:00-06:00', '08:30-17:00', '22:00-07:00']),
    stake: fc.record({
      total: maybe(amount.map(String)),
      onlyListed: fc.boolean(),
      perToken: fc.dictionary(
        fc.constantFrom(TOKEN, OTHER),
        fc.oneof(
          amount.map(String),
          fc.record(
            { total: amount.map(String), task: amount.map(String), seconds: positive },
            { requiredKeys: [] },
          ),
        ),
      ),
    }),
    tasks: fc.record({
      minReward: maybe(amount.map(String)),
      maxModelBytes: maybe(positive),
      maxDimension: maybe(positive),
      losses: maybe(fc.subarray(['softmax-cross-entropy', 'mse'])),
      licences: maybe(fc.subarray(['MIT', 'Apache-2.0'])),
      maxSeconds: maybe(positive),
    }),
  })
  .map((input) => limits(input));

describe('the decision', () => {
  it('never takes on more than any limit allows', () => {
    fc.assert(
      fc.property(anyLimits, anyTask, anyTerms, anyState, (l, t, w, s) => {
        const verdict = considerTask(l, t, w, s);
        if (!verdict.accept) return;
        const sum = (rows: NodeState['staked']) => rows.reduce((a, b) => a + b.amount, 0n);
        expect(t.stake <= s.maxStake).toBe(true);
        if (l.stake.total !== undefined) expect(sum(s.staked) + t.stake <= BigInt(l.stake.total)).toBe(true);
        const own = l.stake.perToken[t.token];
        if (l.stake.onlyListed) expect(own).toBeDefined();
        if (own?.total !== undefined) {
          const atRisk = sum(s.staked.filter(({ token }) => token === t.token));
          expect(atRisk + t.stake <= BigInt(own.total)).toBe(true);
        }
        if (own?.task !== undefined) expect(t.stake <= BigInt(own.task)).toBe(true);
        expect(longestLockSeconds(t)).toBeLessThanOrEqual(
          Math.min(l.tasks.maxSeconds, own?.seconds ?? Infinity),
        );
        if (l.memory !== undefined)
          expect(s.rssBytes + verdict.needs.memoryBytes).toBeLessThanOrEqual(l.memory);
        if (l.disk !== undefined) expect(verdict.needs.diskBytes).toBeLessThanOrEqual(l.disk);
        if (l.tasks.licences) expect(l.tasks.licences).toContain(w.licence);
        if (l.tasks.maxDimension !== undefined) expect(t.dimension).toBeLessThanOrEqual(l.tasks.maxDimension);
      }),
      { numRuns: 2_000 },
    );
  });

  it('never turns an acceptance into a refusal where a limit is taken away', () => {
    fc.assert(
      fc.property(anyLimits, anyTask, anyTerms, anyState, (l, t, w, s) => {
        if (!considerTask(l, t, w, s).accept) return;
        const without: Limits[] = [
          { ...l, memory: undefined },
          { ...l, disk: undefined },
          { ...l, hours: [] },
          { ...l, stake: { perToken: {}, onlyListed: false } },
          ...Object.keys(l.tasks).map((key) => ({ ...l, tasks: { ...l.tasks, [key]: undefined } })),
        ] as Limits[];
        for (const looser of without) expect(considerTask(looser, t, w, s).accept).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is refused for good only where waiting alone could not help', () => {
    fc.assert(
      fc.property(anyLimits, anyTask, anyTerms, anyState, (l, t, w, s) => {
        const verdict = considerTask(l, t, w, s);
        if (verdict.accept || verdict.passing) return;
        // The best this node could ever be: idle, nothing at stake, in its hours, with an empty disk.
        const best = { ...s, staked: [], rssBytes: 0, reservedBytes: 0, underPressure: false };
        const rested = { ...best, diskFull: false, diskFreeBytes: null };
        expect(considerTask({ ...l, hours: [] }, t, w, rested).accept).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });
});
