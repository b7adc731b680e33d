import { type DemoReport, type NodeProcess, parseDemoOptions, runDemo } from '@chorus/cli';
import { expect } from 'vitest';
import { patientSeconds } from '../patience.ts';

const raw = {
  nodes: '6',
  rounds: '2',
  split: 'iid',
  attack: 'label',
  attackers: '0',
  seed: '5',
  model: 'mlp',
  commitSeconds: String(patientSeconds(20)),
};

/**
 * Run a small demo and kill the named node's process, once, at the first of its events for which `when` is true
 * (`type stage round`); start it again on the same folder where asked to.
 */
export async function demoKilling(
  name: string,
  when: (event: string) => boolean,
  restart = false,
): Promise<DemoReport> {
  const processes = new Map<string, NodeProcess>();
  let killed = false;
  const report = await runDemo(
    parseDemoOptions(raw),
    (progress) => {
      if (progress.type === 'process') processes.set(progress.process.name, progress.process);
      if (progress.type !== 'node' || progress.name !== name || killed) return;
      const { event } = progress;
      if (!('round' in event)) return;
      if (!when(`${event.type} ${'stage' in event ? event.stage : '-'} ${event.round}`)) return;
      killed = true;
      const process = processes.get(name)!;
      process.kill('SIGKILL');
      if (restart) void process.restart();
    },
    new AbortController().signal,
  );
  expect(killed).toBe(true);
  return report;
}

/** What holds for a trainer that was killed and started again: it is paid for every round. */
export async function expectResumedAfter(point: string): Promise<void> {
  const report = await demoKilling('trainer-2', (event) => event === point, true);
  expect(report.rounds).toHaveLength(2);
  for (const round of report.rounds) {
    expect(BigInt(round.trainers.find((t) => t.id === 'trainer-2')!.reward)).toBeGreaterThan(0n);
  }
  expect(report.rounds[1]!.agreement).toEqual({ same: 7, of: 7 });
  expect(report.ledger.balanced).toBe(true);
}
