import { describe, expect, it } from 'vitest';
import { ActivityTracker } from './activity-tracker.ts';

describe('the book of activities', () => {
  const round = { taskId: 7n, round: 3 };

  it('the activity tracker knows the current stage and its progress', () => {
    const book = new ActivityTracker();
    book.observe({ type: 'stage-started', ...round, stage: 'train' }, 1_000);
    expect(book.of(7n)).toEqual({ stage: 'train', round: 3, since: 1_000, fraction: null });
    book.observe({ type: 'progress', ...round, stage: 'train', fraction: 0.5 });
    expect(book.of(7n)?.fraction).toBe(0.5);
    book.observe({ type: 'stage', ...round, stage: 'train', seconds: 1.2345 });
    expect(book.of(7n)).toBeNull();
    expect(book.stageSeconds(7n, 3)).toEqual({ train: 1.235 });
  });

  it('the activity tracker drops a failed stage when its round is over', () => {
    const book = new ActivityTracker();
    book.observe({ type: 'stage-started', ...round, stage: 'prove' });
    book.observe({
      type: 'round-ended',
      ...round,
      outcome: 'void',
      token: '0x00000000000000000000000000000000000000aa',
      decimals: 18,
      weight: null,
      share: null,
      reward: 0n,
      fee: 0n,
      reason: '',
    });
    expect(book.of(7n)).toBeNull();
  });

  it('the activity tracker lists each refused task once with what to change, until it is joined', () => {
    const book = new ActivityTracker();
    const refused = { type: 'task-refused', taskId: 7n, code: 'E_LIMIT_HOURS', hint: 'wait' } as const;
    book.observe({ ...refused, message: 'not now' }, 0);
    book.observe({ ...refused, message: 'not yet' }, 1_000);
    expect(book.refusals()).toEqual([
      {
        taskId: '7',
        at: '1970-01-01T00:00:01.000Z',
        code: 'E_LIMIT_HOURS',
        message: 'not yet',
        hint: 'wait',
      },
    ]);
    book.observe({ type: 'joined', taskId: 7n });
    expect(book.refusals()).toEqual([]);
  });
});
