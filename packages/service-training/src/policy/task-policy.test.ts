import { tokenUnits } from '@chorus/node';
import type { Address } from '@chorus/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OWN_NETWORK } from '../config/own-network.ts';
import { privacyConfigSchema } from '../config/privacy-config.ts';
import { type Limits, limitsSchema } from '../config/settings.ts';
import type { ConsideredTask, ConsideredTerms, NodeState } from './considered-task.ts';
import { expectedReward, independentValidators, longestLockSeconds, longestSeconds } from './task-figures.ts';
import { evaluateTask } from './task-policy.ts';
import { leastPhases } from './work.ts';

const TOKEN = '0x00000000000000000000000000000000000000aA';
const OTHER = '0x00000000000000000000000000000000000000bb';

const OWNER: Address = '0x00000000000000000000000000000000000000cc';
const ME: Address = '0x00000000000000000000000000000000000000dd';

const task: ConsideredTask = {
  owner: OWNER,
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
  minValidators: 1,
  slashReporterBps: 0,
  slashBurnBps: 0,
  slashing: { trainerAbsence: 0, validatorAbsence: 500, aggregatorAbsence: 1000 },
};
const terms: ConsideredTerms = {
  modelBytes: 200_000,
  batchSize: 10,
  localEpochs: 1,
  referenceEpochs: 10,
  data: { kind: 'classification', inputShape: [1, 28, 28], classes: 10 },
  loss: { kind: 'softmax-cross-entropy' },
  rule: 'reference-trust',
};
const state: NodeState = {
  roles: ['trainer'],
  account: ME,
  decimals: 0,
  maxStake: '1000',
  maxStakePerDay: '3000',
  stakedToday: 0n,
  gas: { spentToday: 0n, price: 0n },
  tasks: 0,
  machine: { samples: 100, stepSeconds: 1e-3, blockSeconds: 1 },
  privacy: privacyConfigSchema.parse({}),
  told: [],
  minuteOfDay: 720,
  staked: [],
  rssBytes: 200e6,
  reservedBytes: 0,
  underPressure: false,
  diskFull: false,
  diskFreeBytes: 10e9,
};
interface Parts {
  [key: string]: unknown;
  stake?: object;
  tasks?: object;
}

/** Limits that leave everything open but what is given. */
function limits({ stake = {}, tasks = {}, ...rest }: Parts): Limits {
  const own = OWN_NETWORK.training;
  const opened = { stake: { ...own.stake, ...stake }, tasks: { ...own.tasks, ...tasks } };
  return limitsSchema.parse({ gas: OWN_NETWORK.limits.gas, ...rest, ...opened });
}

describe('a task', () => {
  it('a task is accepted with its needs if nothing is limited', () => {
    const verdict = evaluateTask(limits({}), task, terms, state);
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
    ['E_LIMIT_OWNER', { stake: { owners: [OTHER] } }, {}, {}, {}, false],
    [
      'E_LIMIT_VALIDATORS',
      { tasks: { minValidators: 3 } },
      { validators: [OTHER, TOKEN, ME] },
      {},
      {},
      false,
    ],
    [
      'E_LIMIT_SLASH_REPORTER',
      { tasks: { maxReporterPercent: 5 } },
      { slashReporterBps: 501 },
      {},
      {},
      false,
    ],
    ['E_LIMIT_SLASH_OWNER', { tasks: { maxOwnerPercent: 10 } }, { slashBurnBps: 8_999 }, {}, {}, false],
    ['E_LIMIT_SLASH', { tasks: { maxSlashPercent: 49 } }, {}, {}, { roles: ['validator'] }, false],
    ['E_LIMIT_PHASES', { tasks: { phaseMargin: 2 } }, { commitSeconds: 6 }, {}, {}, false],
    ['E_LIMIT_PHASES', { tasks: { phaseMargin: 2 } }, { referenceSeconds: 3 }, {}, {}, false],
    [
      'E_LIMIT_PHASES',
      { tasks: { phaseMargin: 2 } },
      { settleSeconds: 27 },
      {},
      { roles: ['aggregator'] },
      false,
    ],
    ['E_LIMIT_TASKS', { tasks: { maxTasks: 4 } }, {}, {}, { tasks: 4 }, true],
    ['E_LIMIT_STAKE_DAY', {}, {}, {}, { stakedToday: 2_901n }, true],
    [
      'E_LIMIT_GAS',
      { gas: { perDay: '0.1' } },
      {},
      {},
      { gas: { spentToday: 0n, price: 3n * 10n ** 10n } },
      true,
    ],
    ['E_LIMIT_GAS', { gas: { perDay: '0.1' } }, {}, {}, { gas: { spentToday: 10n ** 17n, price: 1n } }, true],
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
  ])('a task is refused with %s under %j', (code, config, taskChange, termsChange, stateChange, passing) => {
    const verdict = evaluateTask(
      limits(config as Parts),
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

  it('a task with an accepted licence, at the edge of every limit, is accepted', () => {
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
    const verdict = evaluateTask(
      tight,
      task,
      { ...terms, licence: 'Apache-2.0' },
      { ...state, maxStake: '100' },
    );
    expect(verdict).toMatchObject({ accept: true });
  });
});

describe('a stranger with a trap', () => {
  /** As `chorus init` writes it, with the consent to stake 1,000 of the network's token in a task. */
  const consented = limitsSchema.parse({ stake: { perToken: { [TOKEN]: {} } } });
  /** His own validators, phases too short to act in, every slash for the reporter, a hundred rounds. */
  const trap: ConsideredTask = {
    ...task,
    rounds: 100,
    stake: 1_000n,
    commitSeconds: 1,
    validators: [OTHER],
    slashReporterBps: 10_000,
    slashing: { trainerAbsence: 100, validatorAbsence: 1_000, aggregatorAbsence: 1_000 },
  };
  const hard = { ...terms, localEpochs: 1_000 };
  /** What a requester who means it would say instead, one thing after the other. */
  const mends: [string, Partial<ConsideredTask>][] = [
    ['E_LIMIT_VALIDATORS', { validators: [OTHER, TOKEN, ME], minValidators: 3 }],
    ['E_LIMIT_SLASH_REPORTER', { slashReporterBps: 0 }],
    ['E_LIMIT_SLASH_OWNER', { slashBurnBps: 10_000 }],
    ['E_LIMIT_SLASH', { rounds: 50 }],
    ['E_LIMIT_PHASES', { commitSeconds: 60 }],
  ];

  const mended = (from: ConsideredTask, but?: string): ConsideredTask =>
    Object.assign({ ...from }, ...mends.filter(([code]) => code !== but).map(([, change]) => change));

  it('a trap is refused first by a node without consent', () => {
    const asInit = evaluateTask(limitsSchema.parse({}), trap, hard, { ...state, maxStake: '0' });
    expect(asInit).toMatchObject({ accept: false, code: 'E_LIMIT_TOKEN' });
    const listed = evaluateTask(consented, trap, hard, { ...state, maxStake: '0' });
    expect(listed).toMatchObject({ accept: false, code: 'E_TASK_STAKE', change: 'raise training.maxStake' });
  });

  it.each(mends)(
    'a trap is refused with %s by a node that consented, even if its owner fixes the rest',
    (code, _) => {
      const nearly = mended(trap, code);
      const verdict = evaluateTask(consented, nearly, { ...terms, localEpochs: 10 }, state);
      expect(verdict).toMatchObject({ accept: false, code, passing: false });
      if (!verdict.accept) expect(verdict.change).toMatch(/training\.tasks\.\w+/);
    },
  );

  it('a task is joined once nothing of the trap is left', () => {
    const honest = mended(trap);
    expect(evaluateTask(consented, honest, { ...terms, localEpochs: 10 }, state)).toMatchObject({
      accept: true,
    });
  });

  it('a trap fails with its owner’s own token, and with many tasks', () => {
    const honest = mended({ ...trap, stake: 0n });
    const worthless = evaluateTask(consented, { ...honest, token: OTHER }, terms, state);
    expect(worthless).toMatchObject({ code: 'E_LIMIT_TOKEN' });
    expect(evaluateTask(consented, honest, terms, { ...state, tasks: 4 })).toMatchObject({
      code: 'E_LIMIT_TASKS',
    });
  });

  it('an owner is trusted if it is this node itself', () => {
    const own = { ...trap, owner: ME, slashReporterBps: 0, commitSeconds: 60 };
    expect(evaluateTask(consented, own, { ...terms, localEpochs: 10 }, state)).toMatchObject({
      accept: true,
    });
  });
});

describe('independent validators', () => {
  it('independent validators are those that every round needs, without the owner', () => {
    const of = (validators: `0x${string}`[], minValidators: number) =>
      independentValidators({ owner: OWNER, validators, minValidators });
    expect(of([OTHER, TOKEN, ME], 3)).toBe(3);
    expect(of([OTHER, TOKEN, ME], 1)).toBe(1);
    expect(of([OTHER, TOKEN, OWNER], 3)).toBe(2);
    expect(of([OTHER, OTHER, OTHER], 3)).toBe(1);
    expect(of([OWNER], 1)).toBe(0);
  });
});

describe('the stake of a task', () => {
  it('the stake limit counts whole tokens, regardless of their decimals', () => {
    const of = (stake: bigint, decimals: number, maxStake: string) =>
      evaluateTask(limits({}), { ...task, stake }, terms, {
        ...state,
        decimals,
        maxStake,
        maxStakePerDay: '1000',
      });
    expect(of(10_000_000n, 6, '10').accept).toBe(true);
    expect(of(10_000_001n, 6, '10')).toMatchObject({
      code: 'E_TASK_STAKE',
      reason: 'it requires a stake of 10.000001 tokens, more than the 10 this node risks in one task',
    });
    expect(of(10n ** 19n, 18, '10').accept).toBe(true);
    expect(of(10n ** 19n + 1n, 18, '10').accept).toBe(false);
    expect(of(2n, 0, '2.5').accept).toBe(true);
    expect(of(3n, 0, '2.5').accept).toBe(false);
  });

  it('the stake counts only as far as absence can cost it', () => {
    const capped = {
      ...task,
      rounds: 100,
      slashing: { ...task.slashing, trainerAbsence: 100, absenceCap: 1_000 },
    };
    const strict = limits({ tasks: { maxSlashPercent: 10 } });
    expect(evaluateTask(strict, capped, terms, state).accept).toBe(true);
    const open = { ...capped, slashing: { ...task.slashing, trainerAbsence: 100 } };
    expect(evaluateTask(strict, open, terms, state)).toMatchObject({ code: 'E_LIMIT_SLASH' });
  });
});

describe('the phases of a task', () => {
  it('phases must leave time for the work as measured here, and for blocks', () => {
    const strict = limits({ tasks: { phaseMargin: 2 } });
    const slow = { ...state, machine: { samples: 1_000, stepSeconds: 0.2, blockSeconds: 12 } };
    // 100 steps of 0.2 s and 1.5 s to commit, twice, and three blocks.
    expect(
      evaluateTask(strict, { ...task, commitSeconds: 79, referenceSeconds: 60 }, terms, slow).accept,
    ).toBe(true);
    expect(
      evaluateTask(strict, { ...task, commitSeconds: 78, referenceSeconds: 60 }, terms, slow),
    ).toMatchObject({
      code: 'E_LIMIT_PHASES',
      reason: expect.stringContaining('measured'),
    });
    const untried = { ...slow, machine: { ...slow.machine, stepSeconds: null } };
    expect(
      evaluateTask(strict, { ...task, commitSeconds: 38, referenceSeconds: 60 }, terms, untried),
    ).toMatchObject({
      code: 'E_LIMIT_PHASES',
      reason: expect.stringContaining('estimated'),
    });
  });
});

describe('missing rounds', () => {
  it('running past the hours is accepted only if it costs nothing, or the task ends before', () => {
    const costly = { ...task, slashing: { trainerAbsence: 500, validatorAbsence: 0, aggregatorAbsence: 0 } };
    // At most 186 minutes, from noon.
    expect(evaluateTask(limits({ hours: ['12:00-15:06'] }), costly, terms, state).accept).toBe(true);
    expect(evaluateTask(limits({ hours: ['12:00-15:05'] }), costly, terms, state).accept).toBe(false);
    expect(evaluateTask(limits({ hours: ['12:00-15:05'] }), task, terms, state).accept).toBe(true);
    const bold = limits({ hours: ['12:00-15:05'], missRounds: true });
    expect(evaluateTask(bold, costly, terms, state).accept).toBe(true);
    const validating = { ...state, roles: ['validator'] as const };
    expect(evaluateTask(limits({ hours: ['12:00-15:05'] }), costly, terms, validating).accept).toBe(true);
  });
});

describe('how long the stake may be locked', () => {
  it('the lock time counts a window to settle for every possible candidate, and both windows of a dispute', () => {
    // 60 to join, ten rounds of 60 + 30 + 17 * 60.
    expect(longestSeconds(task)).toBe(11_160);
    expect(longestLockSeconds(task)).toBe(18_360);
    expect(longestSeconds({ ...task, minAggregators: 16 })).toBe(11_160);
  });

  it('the lock time is bounded by default, and the refusal states its parts and the setting to change', () => {
    const verdict = evaluateTask(limits({}), { ...task, rounds: 4_096, settleSeconds: 600 }, terms, state);
    expect(verdict).toMatchObject({
      accept: false,
      code: 'E_LIMIT_DURATION',
      reason:
        'it may lock the stake for 488 days (60 s to join, 4,096 rounds of up to 2.86 hours, 2 hours to dispute: 42155100 s), longer than 90 days (7776000 s)',
      change: 'raise training.tasks.maxSeconds',
    });
  });

  it('the refusal for the lock time of one token names its setting', () => {
    const verdict = evaluateTask(
      limits({ stake: { perToken: { [TOKEN]: { seconds: 60 } } } }),
      task,
      terms,
      state,
    );
    expect(verdict).toMatchObject({ change: expect.stringContaining('training.stake.perToken') });
  });
});

describe('limits by token', () => {
  it('limits name a token only once, however its address is written', () => {
    const twice = { [TOKEN]: '1', [TOKEN.toLowerCase()]: '2' };
    expect(() => limits({ stake: { perToken: twice } })).toThrow('twice');
    expect(() => limits({ stake: { perToken: { [TOKEN]: { seconds: -1 } } } })).toThrow();
    expect(() => limits({ stake: { perToken: { [TOKEN]: { totl: '1' } } } })).toThrow();
  });
});

describe('what a round is worth', () => {
  it('the value of a round is the equal share of a full committee, for each role held', () => {
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
  owner: fc.constantFrom<`0x${string}`>(OWNER, OTHER, ME),
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
  validators: fc.uniqueArray(fc.constantFrom<`0x${string}`>(OTHER, TOKEN, OWNER, ME), { maxLength: 4 }),
  minValidators: fc.integer({ min: 1, max: 4 }),
  slashReporterBps: fc.nat(5_000),
  slashBurnBps: fc.nat(5_000),
});
const anyTerms: fc.Arbitrary<ConsideredTerms> = fc
  .record({
    modelBytes: fc.integer({ min: 1, max: 2 ** 28 }),
    batchSize: fc.integer({ min: 1, max: 65536 }),
    epochs: fc.integer({ min: 1, max: 1000 }),
    size: fc.integer({ min: 1, max: 65536 }),
    licence: fc.option(fc.constantFrom('MIT', 'Apache-2.0'), { nil: undefined }),
  })
  .map(({ modelBytes, batchSize, epochs, size, licence }) => ({
    modelBytes,
    batchSize,
    localEpochs: epochs,
    referenceEpochs: epochs,
    data: { kind: 'classification', inputShape: [size], classes: 10 },
    loss: { kind: 'softmax-cross-entropy' },
    rule: 'reference-projection',
    ...(licence === undefined ? {} : { licence }),
  }));
const anyState: fc.Arbitrary<NodeState> = fc.record({
  roles: fc.subarray(['trainer', 'validator', 'aggregator'] as const),
  account: fc.constant(ME),
  decimals: fc.constantFrom(0, 6, 18),
  maxStake: fc.constantFrom('0', '10', '1000000', '999999999999999'),
  maxStakePerDay: fc.constantFrom('30', '3000000', '999999999999999'),
  stakedToday: amount,
  gas: fc.record({ spentToday: amount, price: fc.bigInt({ min: 0n, max: 10n ** 12n }) }),
  tasks: fc.nat(6),
  machine: fc.record({
    samples: fc.option(fc.nat(100_000)),
    stepSeconds: fc.option(fc.double({ min: 1e-4, max: 1, noNaN: true })),
    blockSeconds: fc.nat(15),
  }),
  privacy: fc.record({
    models: fc.constant('known' as const),
    bases: fc.constant([]),
    minNoise: fc.constantFrom(0, 1),
    ownNoise: fc.constantFrom(0, 0.5, 2),
    maxEpsilon: fc.constantFrom(undefined, 10, 1_000),
    delta: fc.constantFrom(1e-5, 1e-3),
  }),
  told: fc.array(fc.constant({ noiseMultiplier: 1, sampleRate: 0.1, steps: 100 }), { maxLength: 2 }),
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
      owners: maybe(fc.subarray([OWNER, OTHER])),
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
      maxTasks: fc.integer({ min: 0, max: 6 }),
      minValidators: fc.nat(3),
      maxSlashPercent: fc.constantFrom(10, 50, 100),
      maxReporterPercent: fc.constantFrom(5, 100),
      maxOwnerPercent: fc.constantFrom(10, 100),
      phaseMargin: fc.constantFrom(0, 2),
    }),
    gas: fc.record({ perDay: fc.constantFrom('0.1', '10', '1000000') }),
  })
  .map((input) => limits(input));

describe('the decision', () => {
  it('the policy never accepts more than any limit allows', () => {
    fc.assert(
      fc.property(anyLimits, anyTask, anyTerms, anyState, (l, t, w, s) => {
        const verdict = evaluateTask(l, t, w, s);
        if (!verdict.accept) return;
        const sum = (rows: NodeState['staked']) => rows.reduce((a, b) => a + b.amount, 0n);
        expect(t.stake <= tokenUnits(s.maxStake, s.decimals)).toBe(true);
        expect(s.tasks).toBeLessThan(l.tasks.maxTasks);
        if (t.stake > 0n)
          expect(s.stakedToday + t.stake <= tokenUnits(s.maxStakePerDay, s.decimals)).toBe(true);
        expect(s.gas.spentToday <= tokenUnits(l.gas.perDay, 18)).toBe(true);
        if (t.owner !== s.account) {
          expect(independentValidators(t)).toBeGreaterThanOrEqual(l.tasks.minValidators);
          if (l.stake.owners) expect(l.stake.owners).toContain(t.owner);
          if (t.stake > 0n) expect(t.slashReporterBps / 100).toBeLessThanOrEqual(l.tasks.maxReporterPercent);
        }
        if (l.tasks.phaseMargin > 0) {
          const least = leastPhases(t, w, s.roles, s.machine, l.tasks.phaseMargin);
          expect(t.commitSeconds).toBeGreaterThanOrEqual(least.commitSeconds);
        }
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

  it('the policy never turns an acceptance into a refusal if a limit is removed', () => {
    fc.assert(
      fc.property(anyLimits, anyTask, anyTerms, anyState, (l, t, w, s) => {
        if (!evaluateTask(l, t, w, s).accept) return;
        const without: Limits[] = [
          { ...l, memory: undefined },
          { ...l, disk: undefined },
          { ...l, hours: [] },
          { ...l, stake: { perToken: {}, onlyListed: false } },
          ...Object.keys(l.tasks).map((key) => ({ ...l, tasks: { ...l.tasks, [key]: undefined } })),
        ] as Limits[];
        for (const looser of without) expect(evaluateTask(looser, t, w, s).accept).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it('a task is refused permanently only if waiting alone could not help', () => {
    fc.assert(
      fc.property(anyLimits, anyTask, anyTerms, anyState, (l, t, w, s) => {
        const verdict = evaluateTask(l, t, w, s);
        if (verdict.accept || verdict.passing) return;
        // The best this node could ever be: idle, nothing at stake, in its hours, with an empty disk.
        const idle = { tasks: 0, stakedToday: 0n, gas: { spentToday: 0n, price: 0n } };
        const best = { ...s, ...idle, staked: [], rssBytes: 0, reservedBytes: 0, underPressure: false };
        const rested = { ...best, diskFull: false, diskFreeBytes: null };
        expect(evaluateTask({ ...l, hours: [] }, t, w, rested).accept).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });
});
