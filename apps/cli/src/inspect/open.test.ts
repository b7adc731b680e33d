import type { TaskState } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { chosenTask, findTrainer, type OpenedNetwork, parseRound, parseTask, shortHex } from './open.ts';

const address = (n: number) => `0x${n.toString(16).padStart(40, '0')}` as const;

describe('the number of a task', () => {
  it.each(['0', '-1', '1.5', '01', '', 'a', '1'.repeat(20), '0x1'])('cannot be "%s"', (text) => {
    expect(() => parseTask(text)).toThrow('a task id must be a number from 1');
  });

  it('may be longer than a double counts', () => {
    expect(parseTask('1234567890123456789')).toBe(1_234_567_890_123_456_789n);
  });

  it('is the one given, before that of the kept network', async () => {
    const kept = { profile: { taskId: '5' }, chain: {} } as unknown as OpenedNetwork;
    expect(await chosenTask('3', kept)).toBe(3n);
    expect(await chosenTask(undefined, kept)).toBe(5n);
  });
});

describe('the number of a round', () => {
  it('is a whole number from 1', () => {
    expect(parseRound('7')).toBe(7);
    for (const text of ['0', '1.0', '-1', '1e1', '', '9'.repeat(12)]) {
      expect(() => parseRound(text), text).toThrow('a round must be a number from 1');
    }
  });
});

describe('a trainer', () => {
  const task = { trainers: [address(10), address(11), address(12)] } as unknown as TaskState;
  const network = {
    nameOf: (each: string) => (each === address(11) ? 'bob' : shortHex(each)),
  } as unknown as OpenedNetwork;

  it.each([
    ['1', 0],
    ['3', 2],
    [address(12).toUpperCase().replace('0X', '0x'), 2],
    ['bob', 1],
  ])('is found by "%s"', (text, index) => {
    expect(findTrainer(network, task, text)).toBe(index);
  });

  it.each(['0', '4', '100', 'Bob', '', address(1)])(
    'is not found by "%s", and the error lists those there are',
    (text) => {
      expect(() => findTrainer(network, task, text)).toThrow(
        expect.objectContaining({
          code: 'E_TRAINER_UNKNOWN',
          facts: expect.objectContaining({ trainers: expect.stringContaining('bob') }),
        }),
      );
    },
  );
});
