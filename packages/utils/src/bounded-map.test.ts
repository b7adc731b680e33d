import { describe, expect, it } from 'vitest';
import { BoundedMap, BoundedSet } from './bounded-map.ts';

describe('a bounded map', () => {
  it('drops the entry that was set longest ago', () => {
    const map = new BoundedMap<string, number>(2);
    map.set('a', 1).set('b', 2).set('c', 3);
    expect([...map]).toEqual([
      ['b', 2],
      ['c', 3],
    ]);
  });

  it('keeps an entry that is set again, and counts it once', () => {
    const map = new BoundedMap<string, number>(2);
    map.set('a', 1).set('b', 2).set('a', 3).set('c', 4);
    expect([...map]).toEqual([
      ['a', 3],
      ['c', 4],
    ]);
  });

  it('drops a key that is not a value of its own, such as undefined', () => {
    const map = new BoundedMap<string | undefined, number>(1);
    map.set(undefined, 1).set('a', 2);
    expect([...map.keys()]).toEqual(['a']);
  });

  it('needs room for one entry', () => {
    for (const most of [0, -1, Number.NaN]) expect(() => new BoundedMap(most)).toThrow(RangeError);
  });
});

describe('a bounded set', () => {
  it('drops the value that was added longest ago, and keeps one that is added again', () => {
    const set = new BoundedSet<number>(2);
    set.add(1).add(2).add(1).add(3);
    expect([...set]).toEqual([1, 3]);
    for (const most of [0, -1, Number.NaN]) expect(() => new BoundedSet(most)).toThrow(RangeError);
  });
});
