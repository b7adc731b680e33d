import { parseDemoOptions, runDemo } from '@chorus/cli';
import { describe, expect, it } from 'vitest';

const options = parseDemoOptions({
  nodes: '6',
  rounds: '4',
  split: 'iid',
  attack: 'label',
  attackers: '1',
  seed: '7',
  model: 'mlp',
  chaos: true,
  agents: false,
});

describe('a network in which the drawn aggregator and a validator are killed', () => {
  it('goes on with the next candidate and the other reference, slashes members that missed their deadline, and balances', async () => {
    const killed: string[] = [];
    const report = await runDemo(
      options,
      (progress) => {
        if (progress.type === 'killed') killed.push(progress.name);
      },
      new AbortController().signal,
    );
    expect(killed).toHaveLength(2);
    const [aggregator, validator] = killed;
    const offences = report.slashes.map(({ round, id, offence }) => `${round} ${id} ${offence}`);
    expect(offences).toContain(`2 ${aggregator} aggregator-absent`);
    expect(offences).toContain(`3 ${validator} validator-absent`);
    expect(report.rounds.map((r) => r.round)).toContain(4);
    expect(report.rounds.every((r) => r.proof === 'ok')).toBe(true);
    expect(report.ledger.balanced).toBe(true);
    expect(BigInt(report.ledger.burned)).toBeGreaterThan(0n);
    expect(report.modelOpensCommitment).toBe(true);
  });
});
