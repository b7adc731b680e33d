import { type NodeProcess, parseDemoOptions, runDemo } from '@chorus/cli';
import { describe, expect, it } from 'vitest';

const raw = {
  nodes: '5',
  rounds: '2',
  split: 'iid',
  attack: 'label',
  attackers: '0',
  seed: '5',
  model: 'mlp',
  commitSeconds: '20',
};

/** Run a small demo and kill the named node's process when `when` says so. */
async function demoKilling(name: string, when: (text: string) => boolean, restart = false) {
  const processes = new Map<string, NodeProcess>();
  let killed = false;
  const report = await runDemo(
    parseDemoOptions(raw),
    (progress) => {
      if (progress.type === 'process') processes.set(progress.process.name, progress.process);
      if (progress.type !== 'node' || progress.name !== name || killed) return;
      const { event } = progress;
      if ('round' in event && when(`${event.type} ${'stage' in event ? event.stage : ''} ${event.round}`)) {
        killed = true;
        const process = processes.get(name)!;
        process.kill('SIGKILL');
        if (restart) void process.restart();
      }
    },
    new AbortController().signal,
  );
  expect(killed).toBe(true);
  return report;
}

describe('a trainer that dies', () => {
  it('while training is left out after the deadline, and the round settles without it', async () => {
    const report = await demoKilling('trainer-2', (event) => event === 'progress train 1');
    expect(report.rounds.map((r) => r.round)).toEqual([1, 2]);
    for (const round of report.rounds) {
      const dead = round.trainers.find((t) => t.id === 'trainer-2')!;
      expect(dead).toMatchObject({ weight: 0, share: 0, reward: '0' });
      expect(round.trainers.filter((t) => BigInt(t.reward) > 0n)).toHaveLength(3);
      expect(round.agreement).toEqual({ same: 5, of: 5 });
    }
    expect(report.ledger.balanced).toBe(true);
    expect(report.modelOpensCommitment).toBe(true);
  });

  it('after committing is left out by the votes of the validators that its payload cannot be had', async () => {
    const report = await demoKilling('trainer-2', (event) => event.startsWith('committed'));
    const dead = report.rounds[0]!.trainers.find((t) => t.id === 'trainer-2')!;
    expect(dead).toMatchObject({ weight: 0, share: 0, reward: '0' });
    expect(dead.reason).toContain('could not be had');
    expect(report.rounds).toHaveLength(2);
    expect(report.ledger.balanced).toBe(true);
    expect(report.modelOpensCommitment).toBe(true);
  });

  it.each(['stage train 1', 'committed  1', 'committed  2'])(
    'and is started again after "%s" goes on where it was, and is paid for every round',
    async (point) => {
      const report = await demoKilling('trainer-2', (event) => event === point, true);
      expect(report.rounds).toHaveLength(2);
      for (const round of report.rounds) {
        expect(BigInt(round.trainers.find((t) => t.id === 'trainer-2')!.reward)).toBeGreaterThan(0n);
      }
      expect(report.rounds[1]!.agreement).toEqual({ same: 6, of: 6 });
      expect(report.ledger.balanced).toBe(true);
    },
  );
});
