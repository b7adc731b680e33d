import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noRecord } from '../record/record.ts';
import { fitOf } from './fit.ts';
import { type Contender, rank, type Wish } from './rank.ts';

const UNIT = 10n ** 18n;
const wish: Wish = { budget: 10n * UNIT, seconds: 600, minScore: 0, trust: 'proven', unit: UNIT };
const contender = (changes: Partial<Contender> = {}): Contender => ({
  ...{ agentId: 1n, offer: 'chart', fit: 1, units: 5n * UNIT, seconds: 60, latencyMs: 50 },
  ...{ reputation: null, record: noRecord(), own: { done: 0, failed: 0 } },
  ...changes,
});
const total = (changes: Partial<Contender>, of: Wish = wish) => rank(of, [contender(changes)])[0]!.total;

const amount = fc.bigInt({ min: 0n, max: 2n ** 120n });
const tally = fc.record({ jobs: fc.nat(), units: amount });
const wishes: fc.Arbitrary<Wish> = fc.record({
  ...{ budget: amount, seconds: fc.integer({ min: 1, max: 10 ** 7 }), minScore: fc.constant(0) },
  ...{ trust: fc.constant('proven' as const), unit: fc.bigInt({ min: 1n, max: 10n ** 30n }) },
});
const contenders: fc.Arbitrary<Contender> = fc.record({
  agentId: fc.bigInt({ min: 0n, max: 5n }),
  offer: fc.constantFrom('a', 'b'),
  fit: fc.double(),
  units: amount,
  seconds: fc.integer({ min: 1, max: 10 ** 7 }),
  latencyMs: fc.double(),
  reputation: fc.option(fc.record({ score: fc.double(), raters: fc.nat() })),
  record: fc.record({ done: tally, late: tally, lost: tally }),
  own: fc.record({ done: fc.nat(1_000), failed: fc.nat(1_000) }),
});
const more = fc.bigInt({ min: 0n, max: 2n ** 100n });
const raise = ({ jobs, units }: { jobs: number; units: bigint }, by: bigint) => ({ jobs, units: units + by });

describe('the rank of answers', () => {
  it('better terms never rank lower, whatever else is equal', () => {
    fc.assert(
      fc.property(wishes, contenders, more, fc.nat(100), (of, base, by, count) => {
        const { record, own } = base;
        const cheaper = base.units > by ? base.units - by : 0n;
        const better: Partial<Contender>[] = [
          { units: cheaper },
          { seconds: Math.max(1, base.seconds - count) },
          { record: { ...record, done: raise(record.done, by) } },
          { own: { ...own, done: own.done + count } },
        ];
        const worse: Partial<Contender>[] = [
          { record: { ...record, late: raise(record.late, by) } },
          { record: { ...record, lost: raise(record.lost, by) } },
          { own: { ...own, failed: own.failed + count } },
        ];
        const at = rank(of, [base])[0]!.total;
        for (const change of better)
          expect(rank(of, [{ ...base, ...change }])[0]!.total).toBeGreaterThanOrEqual(at);
        for (const change of worse)
          expect(rank(of, [{ ...base, ...change }])[0]!.total).toBeLessThanOrEqual(at);
      }),
    );
  });

  it('every total is a number from 0 to 100, and no answer changes that of another', () => {
    fc.assert(
      fc.property(wishes, fc.array(contenders, { maxLength: 6 }), (of, list) => {
        const alone = list.map((each) => rank(of, [each])[0]!.total);
        const together = rank(of, list);
        for (const { total: found, parts } of together) {
          expect(found >= 0 && found <= 100).toBe(true);
          expect(parts.every(({ value }) => value >= 0 && value <= 1)).toBe(true);
        }
        expect(together.map(({ total: found }) => found).sort()).toEqual(alone.sort());
      }),
    );
  });

  it('the order does not depend on the order of arrival, and equal answers keep that of agents and offers', () => {
    const ids = (list: Contender[]) =>
      rank(wish, list).map(({ contender: { agentId, offer } }) => `${agentId}${offer}`);
    const list = [
      contender({ agentId: 2n }),
      contender({ agentId: 1n, offer: 'b' }),
      contender({ agentId: 1n }),
    ];
    expect(ids(list)).toEqual(['1chart', '1b', '2chart'].sort());
    expect(ids(list.toReversed())).toEqual(ids(list));
  });

  it('a low price does not make up for work that does not come', () => {
    const cheap = { units: 1n };
    expect(total(cheap)).toBeGreaterThan(total({}));
    expect(total({ ...cheap, own: { done: 0, failed: 2 } })).toBeLessThan(total({}));
    const late = { ...noRecord(), late: { jobs: 2, units: 10n * UNIT } };
    expect(total({ ...cheap, record: late })).toBeLessThan(total({}));
    // A record that its owner has bought does not hide what this node has seen.
    const bought = { ...noRecord(), done: { jobs: 1_000, units: 10n ** 6n * UNIT } };
    const failing = { done: 0, failed: 3 };
    expect(total({ ...cheap, record: bought, own: failing })).toBeLessThan(total({}));
  });

  it('what cannot be hired says why, and comes last', () => {
    const unfit = (changes: Partial<Contender>, of: Wish = wish) => rank(of, [contender(changes)])[0]!.unfit;
    expect(unfit({ units: 11n * UNIT })).toContain('budget');
    expect(unfit({ seconds: 601 })).toContain('later');
    expect(unfit({ fit: 0 })).toContain('not offer');
    expect(unfit({ fit: Number.NaN })).toContain('not offer');
    expect(unfit({}, { ...wish, minScore: 99 })).toContain('below 99');
    expect(unfit({}, { ...wish, trust: 'rated' })).toContain('rated');
    expect(unfit({}, { ...wish, trust: 'known' })).toContain('this node');
    expect(unfit({ own: { done: 1, failed: 0 } }, { ...wish, trust: 'known' })).toBeNull();
    const list = rank(wish, [
      contender({ units: 11n * UNIT, seconds: 1 }),
      contender({ agentId: 9n, seconds: 599 }),
    ]);
    expect(list[0]!.contender.agentId).toBe(9n);
  });
});

describe('the fit of an offer', () => {
  const described = {
    title: 'Peg desk',
    description: 'Watches stablecoins',
    skills: [{ id: 'peg-chart', description: 'Draws prices', tags: ['charts'] }],
    offer: { id: 'chart', name: 'Chart', description: 'A chart as SVG' },
  };

  it('words of the agent and its offer count, and a skill that is asked for has to be there', () => {
    const fit = (text: string, skill: string | null = null) => fitOf({ text, skill }, described);
    expect(fit('chart stablecoin')).toBe(1);
    expect(fit('chart of a zebra')).toBeCloseTo(0.5);
    expect(fit('I need the charts')).toBe(1);
    expect(fit('pegs')).toBe(1);
    expect(fit('pegasus')).toBe(0);
    expect(fit('zebra')).toBe(0);
    expect(fit('', null)).toBe(0);
    expect(fit('zebra', 'CHARTS')).toBeCloseTo(0.6);
    expect(fit('chart', 'peg-chart')).toBe(1);
    expect(fit('chart', 'translate')).toBe(0);
  });
});
