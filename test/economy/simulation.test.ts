import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { TERMS } from './simulation/economy.ts';
import { computeFigures, type Figures, type Income } from './simulation/figures.ts';
import { blocks, fillPage } from './simulation/page.ts';
import { incomePlot } from './simulation/plot.ts';

const docs = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');

describe('docs/economics.md', () => {
  let figures: Figures;
  const income = (start: string): Income => figures.mixed.incomes.find((i) => i.strategy.startsWith(start))!;
  beforeAll(() => {
    figures = computeFigures();
  });

  it('holds the figures that the simulation gives, and its plot', () => {
    const page = docs('economics.md');
    expect(fillPage(page, blocks(figures))).toBe(page);
    expect(incomePlot(figures.mixed.incomes)).toBe(docs('economics.svg'));
  });

  it('assumes the gas of a commitment that the contracts were measured at, rounded up', () => {
    const url = new URL('../../packages/contracts/gas.json', import.meta.url);
    const measured = (JSON.parse(readFileSync(url, 'utf8')) as Record<string, number>)['commit an update']!;
    expect(TERMS.gas.commit).toBeGreaterThanOrEqual(measured);
    expect(TERMS.gas.commit).toBeLessThan(1.2 * measured);
  });

  it('rests on money that adds up to the last unit', () => {
    const { escrow, slashed, ...out } = figures.mixed.ledger;
    expect(Object.values(out).reduce((a, b) => a + b)).toBe(escrow + slashed);
    expect(slashed).toBeGreaterThan(0n);
  });

  it('says who pays less than honest work, and is right', () => {
    const honest = income('honest').net;
    for (const name of [
      'lazy, 10',
      'lazy, often',
      'vanished',
      'free rider, noise',
      'free rider, replay',
      'label',
    ]) {
      expect(income(name).net, name).toBeLessThan(honest);
    }
    expect(income('vanished').net).toBeLessThan(0);
    expect(income('free rider, noise').net).toBeLessThan(0.1 * honest);
    expect(income('label').net).toBeLessThan(0.1 * honest);
  });

  it('says who is paid better than honest work, and is right', () => {
    const honest = income('honest').net;
    expect(income('colluding').net).toBeGreaterThan(2 * honest);
    expect(income('Sybil').net).toBeGreaterThan(2 * honest);
    for (const { identities, copies, split } of figures.identities.slice(1)) {
      expect(copies).toBeGreaterThan(identities * figures.identities[0]!.copies);
      expect(copies).toBeGreaterThan(split);
      expect(split).toBeGreaterThan(figures.identities[0]!.split);
    }
    expect(figures.identities.at(-1)!.stakeNeeded).toBeGreaterThan(1000 * TERMS.stake);
  });

  it('says that full work pays best at its budget, and where it stops to', () => {
    const full = figures.effort.find((e) => e.work === 1)!;
    const better = figures.effort.filter((e) => e.net > full.net).map((e) => e.work);
    expect(better).toEqual([0.5]);
    const below = figures.effort.filter((e) => e.work < 1).map((e) => e.breakEven!);
    expect([...below].sort((a, b) => b - a)).toEqual(below);
  });

  it('says that knowing the reference pays better than work, and is right', () => {
    expect(figures.whisper.relative).toBeGreaterThan(1);
    expect(figures.whisper.netRelative).toBeGreaterThan(figures.whisper.relative);
  });

  it('says that a replayed aggregate pays the better, the slower the model turns', () => {
    const relative = figures.replay.map((r) => r.netRelative);
    expect([...relative].sort((a, b) => a - b)).toEqual(relative);
    expect(relative[0]).toBeLessThan(0.1);
    expect(relative.at(-1)).toBeGreaterThan(1);
  });
});
