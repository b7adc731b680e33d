import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { compileForTests } from '../../compiled.ts';
import { fuzz, openArena } from './fuzz.ts';

interface Fault {
  fault: string;
  file: string;
  from: string;
  to: string;
  /** What has to be compiled again. */
  deploy: string[];
}

/** Faults as they happen: one line gone or changed. */
export const FAULTS: Fault[] = [
  {
    fault: 'claimed fees are not written down',
    file: 'contracts/tasks/TaskClaims.sol',
    from: 'store.fees[token][account] = 0;',
    to: '',
    deploy: ['tasks/TaskClaims'],
  },
  {
    fault: 'the validators are paid out of nothing',
    file: 'contracts/tasks/TaskSettlement.sol',
    from: 'work.protocolFee + work.aggregatorFee + work.validatorFee + _creditTrainers',
    to: 'work.protocolFee + work.aggregatorFee + _creditTrainers',
    deploy: ['tasks/TaskSettlement'],
  },
  {
    fault: 'trainers that did commit are slashed',
    file: 'contracts/tasks/TaskRounds.sol',
    from: 'if (Tasks.hasBit(state.committed, i)) continue;',
    to: '',
    deploy: ['tasks/TaskRounds'],
  },
  {
    fault: 'locked stake can be unbonded',
    file: 'contracts/StakeManager.sol',
    from: 'if (_value(p, bonded - shares) < p.locked) revert',
    to: 'if (_value(p, bonded - shares) < 0) revert',
    deploy: ['StakeManager'],
  },
  {
    fault: 'vesting goes on after the end of a task',
    file: 'contracts/tasks/RoundRecords.sol',
    from: 'if (span == 0 || task.status != ITaskManager.TaskStatus.Running) return 0;',
    to: 'if (span == 0) return 0;',
    deploy: ['tasks/TaskClaims'],
  },
];

/** Plant it, and expect the invariants to find it. */
export async function expectFound({ file, from, to, deploy }: Fault): Promise<void> {
  const path = new URL(`../../../packages/contracts/${file}`, import.meta.url);
  const source = readFileSync(path, 'utf8');
  expect(source).toContain(from);
  const compiled = compileForTests({ names: deploy, sources: { [file]: source.replace(from, to) } });
  const arena = await openArena(Object.fromEntries(compiled.map((c) => [c.contractName, c])));
  try {
    const options = { seed: 5, runs: 20, calls: 800, shrink: false };
    await expect(fuzz(arena, options)).rejects.toThrow('Property failed');
  } finally {
    await arena.close();
  }
}
