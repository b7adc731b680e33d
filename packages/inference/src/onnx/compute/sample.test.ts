import { expect, it } from 'vitest';
import { sampleByte } from './sample.ts';

const logits = Float32Array.from({ length: 256 }, (_, byte) =>
  byte === 65 ? Math.log(3) : byte === 66 ? 0 : -1e4,
);

it('temperature 0 takes the most probable byte', () => {
  expect(sampleByte(logits, { temperature: 0, topK: 256 }, 0.999)).toBe(65);
});

it('bytes are drawn by their probabilities', () => {
  const draw = (uniform: number) => sampleByte(logits, { temperature: 1, topK: 256 }, uniform);
  expect([0, 0.74, 0.76, 0.999999].map(draw)).toEqual([65, 65, 66, 66]);
});

it('topK leaves out the others', () => {
  expect(sampleByte(logits, { temperature: 1, topK: 1 }, 0.999999)).toBe(65);
});

it('a low temperature of far logits overflows nothing', () => {
  const far = Float32Array.from({ length: 256 }, (_, byte) => byte * 1000);
  expect(sampleByte(far, { temperature: 0.001, topK: 256 }, 0.5)).toBe(255);
});
