import { counted } from '@chorus/protocol';
import type { RoundRecord } from '@chorus/simulation';
import colors from 'yoctocolors';
import { createSpinner } from '../output/spinner.ts';
import { table } from '../output/table.ts';
import { write } from '../output/terminal.ts';
import type { SimulateOptions } from './options.ts';
import type { SimulatedRun } from './run.ts';

const percent = (part: number) => (Number.isNaN(part) ? '-' : `${(100 * part).toFixed(1)} %`);

/** Progress on standard error: on a terminal the current round, elsewhere a line for each round. */
export function createSimulateView({ rounds, seeds }: SimulateOptions) {
  const spinner = createSpinner();
  return {
    begin: () => spinner.start('loading the data and the model'),
    round(seed: number, what: 'attacked' | 'baseline', record: RoundRecord): void {
      const run = seeds.length > 1 ? `seed ${seed}, ` : '';
      const text = `${run}${what === 'baseline' ? 'federated averaging, ' : ''}round ${record.round} of ${rounds}: accuracy ${percent(record.accuracy)}${record.void ? ', void' : ''}`;
      if (process.stderr.isTTY) spinner.text = text;
      else write(process.stderr, `${text}\n`);
    },
    end: () => spinner.stop(),
  };
}

/** The result as text. */
export function summaryOf(options: SimulateOptions, runs: readonly SimulatedRun[]): string {
  const lines = runs.map((run) => {
    const facts = [`accuracy ${colors.bold(percent(run.outcome.accuracy))}`];
    if (run.baseline !== null) facts.push(`federated averaging without attackers ${percent(run.baseline)}`);
    if (run.outcome.voidRounds > 0)
      facts.push(`${run.outcome.voidRounds} of ${counted(run.outcome.rounds, 'round')} void`);
    if (run.shapley !== null) {
      facts.push(`rank correlation of pay with Shapley values ${run.shapley.toFixed(2)}`);
    }
    return `seed ${run.seed}: ${facts.join(', ')}`;
  });
  const rows = runs[0]!.outcome.parties.map(({ party, clients }) => {
    const own = runs.map((run) => run.outcome.parties.find((one) => one.party === party)!);
    const mean = (of: (one: (typeof own)[number]) => number) =>
      own.reduce((sum, one) => sum + of(one), 0) / own.length;
    const gate = mean(({ gate }) => gate ?? Number.NaN);
    return [
      party,
      clients,
      percent(mean(({ share }) => share)),
      percent(mean(({ relative }) => relative)),
      ...(hasGate(runs) ? [Number.isNaN(gate) ? '-' : percent((gate / 256) ** 4)] : []),
    ];
  });
  const head = [
    'party',
    'took part',
    'of all rewards',
    'each, of honest',
    ...(hasGate(runs) ? ['gate'] : []),
  ];
  const over = options.seeds.length > 1 ? `Means of ${options.seeds.length} seeds:\n` : '';
  const gateText = hasGate(runs)
    ? '\nThe gate is the part of an update’s pay that its novelty leaves, averaged over its rounds.'
    : '';
  return `${lines.join('\n')}\n\n${over}${table(head, rows, { right: [1, 2, 3, 4] })}${gateText}\n`;
}

function hasGate(runs: readonly SimulatedRun[]): boolean {
  return runs.some(({ outcome }) => outcome.parties.some(({ gate }) => gate !== null));
}
