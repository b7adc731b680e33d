import { expect, it } from 'vitest';
import { classificationOf } from './classification.ts';

it('what a classifier answers is read, and what is no part of it left out', () => {
  const top = [{ label: '7', confidence: 0.9 }, { label: '1', confidence: 4 }, 'x', { confidence: 0.1 }];
  expect(classificationOf({ label: '7', confidence: 0.9, top, more: 1 })).toEqual({
    label: '7',
    confidence: 0.9,
    top: [{ label: '7', confidence: 0.9 }],
  });
  for (const other of [null, 7, 'x', [], {}, { label: 7, confidence: 0.5, top: [] }, { label: 'a', top: [] }])
    expect(classificationOf(other)).toBeNull();
});
