import { TERMS } from './economy.ts';
import { type Figures, POPULATION } from './figures.ts';

const amount = (x: number): string => x.toFixed(2);
const percent = (x: number): string => `${Math.round(100 * x)} %`;

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]): string => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, k) => (k === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

/** The blocks of docs/economics.md that hold numbers, by name. */
export function blocks(f: Figures): Record<string, string> {
  const t = TERMS;
  const honest = f.mixed.incomes[0]!;
  const places = POPULATION.reduce((sum, s) => sum + s.identities, 0);
  const text = (name: string): string => POPULATION.find((s) => s.name === name)!.text;
  const last = f.effort.at(-1)!;
  const breakEvens = f.effort.filter((e) => e.work < 1);
  const most = f.identities.at(-1)!;
  return {
    assumptions:
      `${places} places, ${t.rounds.toLocaleString('en-US')} rounds. A round's budget is ${t.roundBudget} tokens: ${t.protocolFeeBps / 100} % to the protocol, ` +
      `${t.aggregatorFeeBps / 100} % to the aggregator, ${t.validatorFeeBps / 100} % to ${t.validators} validators, the rest to trainers. One round of full ` +
      `training costs ${t.trainingCost} tokens. Stake ${t.stake} an identity; a round without a commitment costs ${t.trainerAbsenceBps / 100} % of it. Gas: ` +
      `${t.gas.commit.toLocaleString('en-US')} for a commitment, ${t.gas.claim.toLocaleString('en-US')} for a claim every ${t.claimEvery} rounds, ` +
      `${t.gas.join.toLocaleString('en-US')} to join, at ${t.gasPrice.toExponential()} tokens each. Locked stake forgoes 10 % a year, in rounds of ten minutes.`,
    mixed: table(
      [
        'strategy',
        'what it does',
        'parties',
        'identities',
        'earned',
        'training',
        'gas, capital',
        'slashed',
        '**net**',
        'of honest',
      ],
      f.mixed.incomes.map((i) => [
        i.strategy,
        text(i.strategy),
        String(i.parties),
        String(i.identities),
        amount(i.earned),
        amount(i.training),
        (i.gas + i.capital).toFixed(3),
        amount(i.slashed),
        `**${amount(i.net)}**`,
        percent(i.net / honest.net),
      ]),
    ),
    effort:
      `${table(
        ['work of one trainer among honest ones', ...f.effort.map((e) => percent(e.work))],
        [
          ['earned a round', ...f.effort.map((e) => amount(e.earned))],
          [`net, at ${t.trainingCost} tokens for full work`, ...f.effort.map((e) => amount(e.net))],
          [
            'as good as full work where that costs, of its reward',
            ...f.effort.map((e) => (e.breakEven === null ? '' : percent(e.breakEven))),
          ],
        ],
      )}\n\nFull work pays better than half the work while it costs less than ${percent(breakEvens.at(-1)!.breakEven!)} of what it earns; twice the work pays ` +
      `only below ${percent(last.breakEven!)}. A budget must be several times the cost of the training it asks for.`,
    identities:
      `${table(
        ['identities of one party', ...f.identities.map((e) => String(e.identities))],
        [
          ['net a round, the same vector each', ...f.identities.map((e) => amount(e.copies))],
          ['net a round, its work split', ...f.identities.map((e) => amount(e.split))],
        ],
      )}\n\nEach further identity gains about ${amount(most.perExtra)} tokens a round: a share is paid per identity, not per work. The stake whose ` +
      `forgone interest would eat that gain is about ${(Math.round(most.stakeNeeded / 1e5) / 10).toFixed(1)} million tokens an identity, ${Math.round(most.stakeNeeded / t.stake).toLocaleString('en-US')} times the stake above: ` +
      'no stake that an honest trainer can lock prices copies out.',
    whisper:
      `It earns ${percent(f.whisper.relative)} of what an honest trainer earns, and ${percent(f.whisper.netRelative)} of its net income, ` +
      'since the reference is the best update there can be under the rule.',
    replay: `${table(
      ['cosine of one round’s signal with the next', ...f.replay.map((r) => String(r.persistence))],
      [
        ['earned, of an honest trainer', ...f.replay.map((r) => percent(r.relative))],
        ['net, of an honest trainer', ...f.replay.map((r) => percent(r.netRelative))],
      ],
    )}`,
  };
}

const BLOCK = /(<!-- figures:([a-z]+) -->\n)[\s\S]*?(\n<!-- \/figures -->)/g;

/** The page with its blocks filled in; everything else stays as written. */
export function fillPage(page: string, filled: Record<string, string>): string {
  const seen = new Set<string>();
  const result = page.replace(BLOCK, (_, open: string, name: string, close: string) => {
    const block = filled[name];
    if (block === undefined) throw new Error(`there are no figures "${name}"`);
    seen.add(name);
    return open + block + close;
  });
  const missing = Object.keys(filled).filter((name) => !seen.has(name));
  if (missing.length > 0) throw new Error(`the page has no place for ${missing.join(', ')}`);
  return result;
}
