import { describe, expect, it } from 'vitest';
import { gramMatrix } from './arithmetic/gram.ts';
import { explainTrainer } from './explain.ts';
import { ruleById } from './rules/registry.ts';

const apply = (...rows: number[][]) =>
  ruleById('reference-trust').apply(gramMatrix(rows.map((r) => Int16Array.from(r))));

describe('explainTrainer', () => {
  const result = apply([60, 80], [31, 39], [33, 41], [3000, 4000], [-30, -40], [0, 0]);

  it('explainTrainer says what a paid trainer earned and how it was trusted', () => {
    expect(explainTrainer(result, 0)).toMatch(/^Earned \d+\.\d\d % of the reward, .* fully trusted\.$/);
  });
  it('explainTrainer says that a large update was clipped', () => {
    expect(explainTrainer(result, 2)).toMatch(/norm 5000 is above the median 50, so it counts for 1\.00 %/);
  });
  it('explainTrainer says why a poisoner earned nothing', () => {
    expect(explainTrainer(result, 3)).toContain('points away from the reference');
  });
  it('explainTrainer says that a trainer was absent', () => {
    expect(explainTrainer(result, 4)).toContain('no update');
  });
  it('explainTrainer says that there was no reference', () => {
    expect(explainTrainer(apply([0, 0], [1, 1]), 0)).toContain('no reference');
  });
  it('explainTrainer says that an update helped too little', () => {
    const r = apply([30000, 1, 0], [32767, 0, 0], [32767, 0, 1], [0, 1, 32767]);
    expect(r.shares[2]).toBeLessThan(100);
    expect(explainTrainer(apply([32767, 0], [32767, 0], [32767, 0], [0, 32767]), 2)).toContain('points away');
  });
  it('explainTrainer refuses a trainer outside the round', () => {
    expect(() => explainTrainer(result, 5)).toThrowError(
      expect.objectContaining({ code: 'E_TRAINER_UNKNOWN' }),
    );
  });
});

describe('ruleById', () => {
  it('ruleById refuses an unknown rule', () => {
    expect(() => ruleById('median')).toThrowError(expect.objectContaining({ code: 'E_RULE_UNKNOWN' }));
  });
});
