import { hasCode } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { Slots } from './slots.ts';

const never = new AbortController().signal;

describe('places and turns', () => {
  it('places are limited for each caller and in total, and a place that is given back is free', () => {
    const slots = new Slots({ maxRunning: 1, maxOpen: 3, maxOpenPerCaller: 2 });
    const busy = (caller: string) =>
      expect(() => slots.take(caller)).toThrow(expect.toSatisfy((error) => hasCode(error, 'E_A2A_BUSY')));
    const first = slots.take('a');
    slots.take('a');
    busy('a');
    slots.take('b');
    busy('c');
    first();
    first();
    expect(slots.open).toBe(2);
    slots.take('c');
    busy('a');
  });

  it('turns come in order, and one who leaves the queue takes none', async () => {
    const slots = new Slots({ maxRunning: 1, maxOpen: 9, maxOpenPerCaller: 9 });
    const order: string[] = [];
    const end = await slots.turn(never);
    const leave = new AbortController();
    const left = slots.turn(leave.signal);
    const second = slots.turn(never).then((done) => {
      order.push('second');
      done();
    });
    const third = slots.turn(never).then((done) => {
      order.push('third');
      done();
    });
    leave.abort(new Error('no time'));
    await expect(left).rejects.toThrow('no time');
    expect(order).toEqual([]);
    end();
    await Promise.all([second, third]);
    expect(order).toEqual(['second', 'third']);
    (await slots.turn(never))();
    await expect(slots.turn(leave.signal)).rejects.toThrow('no time');
  });
});
