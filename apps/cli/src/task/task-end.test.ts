import { describe, expect, it } from 'vitest';
import { endLines, type TaskEnd, worthAWord } from './task-end.ts';

const end = (change: Partial<TaskEnd> = {}): TaskEnd => ({
  taskId: '7',
  round: 3,
  rounds: 10,
  home: '/home/me/my node',
  remaining: null,
  decimals: 18,
  ...change,
});

describe('the end of a task', () => {
  it('has a command for its model, with the folder quoted', () => {
    expect(endLines(end())).toEqual([
      'task 7 has ended after round 3 of 10',
      "its model: chorus model get --home '/home/me/my node' --task 7 -o model.onnx",
    ]);
  });

  it('has no model if no round began, and says that no one was paid', () => {
    expect(endLines(end({ round: 0 }))).toEqual([expect.stringContaining('no one was paid')]);
  });

  it('has a command for what can be refunded, in tokens or in units', () => {
    expect(endLines(end({ remaining: '1500000000000000000' })).at(-1)).toBe(
      "1.5 tokens were not paid: chorus task refund 7 --home '/home/me/my node'",
    );
    expect(endLines(end({ remaining: '3', decimals: null })).at(-1)).toContain(
      "3 of the token's smallest unit",
    );
  });

  it('does not mention what rounding left', () => {
    expect(endLines(end({ remaining: '12345' }))).toHaveLength(2);
  });

  it.each([
    ['0', 18, false],
    ['99999999999999', 18, false],
    ['100000000000000', 18, true],
    ['1', 0, true],
    ['1', 4, true],
    ['1', 5, false],
    ['0', null, false],
    ['1', null, true],
  ])('mentions %s units of a token with %s decimals: %s', (units, decimals, mentioned) => {
    expect(worthAWord(units, decimals)).toBe(mentioned);
  });
});
