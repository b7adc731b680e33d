import { readFileSync } from 'node:fs';
import { compileContracts } from '@chorus/contracts/compile';
import { afterEach, describe, expect, it } from 'vitest';
import { fuzz, openArena } from './fuzz/fuzz.ts';
import { type Arena, OPERATIONS } from './fuzz/operations.ts';

const seed = Number(process.env.CHORUS_FUZZ_SEED ?? Date.now() % 2 ** 31);
const runs = Number(process.env.CHORUS_FUZZ_RUNS ?? 40);
let arena: Arena | undefined;
afterEach(async () => {
  await arena?.close();
  arena = undefined;
});

it(`no long sequence of calls breaks the money's invariants (CHORUS_FUZZ_SEED=${seed})`, async () => {
  arena = await openArena();
  const result = await fuzz(arena, { seed, runs, calls: 800 });
  console.log(JSON.stringify(result).replaceAll('},', '},\n'));
  expect(result.transactions).toBeGreaterThan(200 * runs);
  for (const kind of Object.keys(OPERATIONS)) expect(result.outcomes[kind]?.done, kind).toBeGreaterThan(0);
  for (let kind = 0; kind <= 5; kind++) {
    expect(result.events[`MemberSlashed ${kind}`], `offence ${kind}`).toBeGreaterThan(0);
  }
});

/** Faults as they happen: one line gone or changed. */
const FAULTS: { fault: string; file: string; from: string; to: string; deploy: string[] }[] = [
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

describe('planted faults are found', () => {
  it.each(FAULTS)('$fault', async ({ file, from, to, deploy }) => {
    const path = new URL(`../../packages/contracts/${file}`, import.meta.url);
    const source = readFileSync(path, 'utf8');
    expect(source).toContain(from);
    const compiled = compileContracts({ names: deploy, sources: { [file]: source.replace(from, to) } });
    const opened = await openArena(Object.fromEntries(compiled.map((c) => [c.contractName, c])));
    arena = opened;
    const options = { seed: 5, runs: 20, calls: 800, shrink: false };
    await expect(fuzz(opened, options)).rejects.toThrow('Property failed');
  });
});
