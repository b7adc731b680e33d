import { describe, it } from 'vitest';
import { demoKilling, expectResumed } from './killing.ts';

describe('a trainer that dies and is started again', () => {
  it.each(['progress train 1', 'stage train 1', 'stage commit 1', 'committed - 1', 'stage train 2'])(
    'at "%s" goes on where it was, and is paid for every round',
    async (point) => {
      const name = 'trainer-2';
      expectResumed(
        await demoKilling(6, [{ name, when: (event) => event === point, restart: true }]),
        name,
        7,
      );
    },
  );
});
