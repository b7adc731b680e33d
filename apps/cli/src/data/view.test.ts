import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { dataLines } from './view.ts';

const DATA = {
  name: 'pets',
  samples: 12_345,
  shape: [3, 64, 64],
  classes: [
    { name: 'cat', samples: 12_000 },
    { name: 'dog', samples: 345 },
  ],
  classCount: 2,
  notes: ['the images were converted'],
  leftOut: [{ what: 'files that are no image', count: 1_200, example: 'a/readme.txt' }],
};

const text = (change: Partial<typeof DATA> = {}) =>
  dataLines({ ...DATA, ...change } as Parameters<typeof dataLines>[0]).map(stripVTControlCharacters);

describe('how data was read', () => {
  it('is one line each for its size, its classes, a note, and what was left out with an example', () => {
    expect(text()).toEqual([
      'pets: 12,345 samples of 3x64x64, 2 classes',
      '  classes   cat 12,000, dog 345',
      '  note      the images were converted',
      '  left out  1,200 files that are no image, such as a/readme.txt',
    ]);
  });

  it('names the first 24 of many classes, and the range of all', () => {
    const classes = Array.from({ length: 1_000 }, (_, i) => ({ name: `c${i}`, samples: i + 1 }));
    const [, line] = text({ classes, classCount: 1_000 });
    expect(line).toContain('c23 24 and 976 more, of 1 to 1000 samples each');
    expect(line).not.toContain('c24 ');
  });

  it('counts one sample and one class in the singular', () => {
    const [line] = text({ samples: 1, classCount: 1 });
    expect(line).toBe('pets: 1 sample of 3x64x64, 1 class');
  });
});
