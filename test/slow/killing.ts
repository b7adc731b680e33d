import { type DemoReport, type NodeProcess, parseDemoOptions, runDemo } from '@chorus/cli';
import { expect } from 'vitest';
import { patientSeconds } from '../patience.ts';

/** Kill this node's process, once, at the first of its events for which `when` is true (`type stage round`). */
export interface Kill {
  name: string;
  when: (event: string) => boolean;
  /** Start it again on the same folder. */
  restart?: boolean;
}

/** Run a small demo in which nodes are killed. */
export async function demoKilling(nodes: number, kills: Kill[]): Promise<DemoReport> {
  const processes = new Map<string, NodeProcess>();
  const left = new Set(kills);
  const options = parseDemoOptions({
    nodes: String(nodes),
    rounds: '2',
    split: 'iid',
    attack: 'label',
    attackers: '0',
    seed: '5',
    model: 'mlp',
    agents: false,
    commitSeconds: String(patientSeconds(15)),
    // A payload that no one has is looked for a quarter of this time.
    settleSeconds: String(patientSeconds(40)),
  });
  const report = await runDemo(
    options,
    (progress) => {
      if (progress.type === 'process') processes.set(progress.process.name, progress.process);
      if (progress.type !== 'node' || !('round' in progress.event)) return;
      const { name, event } = progress;
      const text = `${event.type} ${'stage' in event ? event.stage : '-'} ${'round' in event ? event.round : ''}`;
      for (const kill of left) {
        if (kill.name !== name || !kill.when(text)) continue;
        left.delete(kill);
        const process = processes.get(name)!;
        process.kill('SIGKILL');
        if (kill.restart) void process.restart();
      }
    },
    new AbortController().signal,
  );
  expect([...left]).toEqual([]);
  return report;
}

/** What holds for a trainer that was killed and started again: it is paid for every round, and that number of nodes agrees. */
export function expectResumed(report: DemoReport, name: string, agreeing: number): void {
  expect(report.rounds).toHaveLength(2);
  for (const round of report.rounds) {
    expect(BigInt(round.trainers.find((t) => t.id === name)!.reward)).toBeGreaterThan(0n);
  }
  expect(report.rounds[1]!.agreement).toEqual({ same: agreeing, of: agreeing });
  expect(report.ledger.balanced).toBe(true);
}
