import { describe, it } from 'vitest';
import { expectResumedAfter } from '../e2e/killing.ts';

describe('a trainer that dies and is started again', () => {
  it.each(['progress train 1', 'stage train 1', 'stage commit 1', 'committed - 1', 'stage train 2'])(
    'at "%s" goes on where it was, and is paid for every round',
    expectResumedAfter,
  );
});
