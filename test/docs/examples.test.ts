import { gramMatrix } from '@chorus/aggregation';
import { describe, expect, it } from 'vitest';
import { multiKrum } from '../../docs/examples/aggregation-rule.ts';
import { trainLocally } from '../../docs/examples/train-locally.ts';

describe('docs/examples/train-locally.ts', () => {
  it('trains a model that is better at the end, and returns it as ONNX', async () => {
    const { model, history } = await trainLocally(320, 2);
    expect(history[1]!.loss).toBeLessThan(history[0]!.loss);
    expect(model.length).toBeGreaterThan(100_000);
  });
});

describe('docs/examples/aggregation-rule.ts', () => {
  const reference = Int16Array.of(60, 80);
  const honest = [Int16Array.of(31, 39), Int16Array.of(33, 41), Int16Array.of(29, 42), Int16Array.of(30, 40)];

  it('multi-Krum leaves the flipped update out, wherever it stands', () => {
    for (let at = 0; at <= honest.length; at++) {
      const updates = honest.toSpliced(at, 0, Int16Array.of(-300, -400));
      const { weights, shares } = multiKrum(gramMatrix([reference, ...updates]), 1);
      expect(weights).toEqual(updates.map((_, i) => (i === at ? 0 : 16384)));
      expect(shares).toEqual(updates.map((_, i) => (i === at ? 0 : 2 ** 30)));
    }
  });

  it('multi-Krum hands out no more than the whole if scores are equal', () => {
    const { weights } = multiKrum(gramMatrix([reference, ...Array.from({ length: 7 }, () => honest[0]!)]), 2);
    expect(weights).toEqual(new Array(7).fill(Math.floor(65536 / 7)));
  });

  it('multi-Krum refuses a round with too many attackers', () => {
    expect(() => multiKrum(gramMatrix([reference, ...honest]), 1)).toThrow('too many for Krum');
  });
});
