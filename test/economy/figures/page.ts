import { ONE_NAME, SPLITS, type Table } from './experiments.ts';
import type { Result } from './play.ts';
import { RATING_ROWS, ratedBy } from './ratings.ts';

const SPLIT_NAMES: Record<(typeof SPLITS)[number], string> = {
  iid: 'IID',
  'dirichlet:0.5': 'Dirichlet 0.5',
  'shards:2': '2 classes each',
};

type Split = (typeof SPLITS)[number];
type Party = Result['parties'][number];

/** Results by what was played. */
export class Figures {
  readonly #results: readonly Result[];

  constructor(results: readonly Result[]) {
    this.#results = results;
  }

  names(table: Table): string[] {
    return [...new Set(this.#results.filter((r) => r.table === table).map(({ name }) => name))];
  }

  /** One number of each seed. */
  values(table: Table, name: string, split: Split, of: (result: Result) => number): number[] {
    return this.#results.filter((r) => r.table === table && r.name === name && r.split === split).map(of);
  }

  mean(table: Table, name: string, split: Split, of: (result: Result) => number): number {
    const values = this.values(table, name, split, of);
    return values.reduce((sum, x) => sum + x, 0) / values.length;
  }

  /** Those that were played. */
  get splits(): Split[] {
    return SPLITS.filter((split) => this.#results.some((r) => r.split === split));
  }

  get seeds(): number[] {
    return [...new Set(this.#results.map(({ seed }) => seed))].sort((a, b) => a - b);
  }
}

export const party =
  (name: string, of: (party: Party) => number) =>
  (result: Result): number =>
    of(result.parties.find((one) => one.party === name)!);
/** Of all rewards, to a party. */
export const share = (name: string) => party(name, (one) => one.share);
/** The same from the second round on: in the first there is nothing to ride on. */
export const later = (name: string) => party(name, (one) => one.later);
/** What all names of a person get, of what one honest trainer does. */
export const ofOneTrainer = (name: string) =>
  party(name, (one) => one.relative * Number(name.split(':')[1] ?? 1));
/** What one trainer gets, of what an honest one with all its data gets. */
export const ofHonest = (name: string) => party(name, (one) => one.relative);
export const accuracy = (result: Result): number => result.accuracy;
export const correlation = (result: Result): number => result.shapley!;

/** The mean over seeds of what all names of a person get, of what they would get under one with the same data. */
export function ofOneName(figures: Figures, name: string, split: Split): number {
  const one = figures.values('names', ONE_NAME, split, ofOneTrainer(ONE_NAME));
  const several = figures.values('names', name, split, ofOneTrainer(name));
  return several.reduce((sum, x, k) => sum + x / one[k]!, 0) / several.length;
}

const percent = (x: number): string => `${(100 * x).toFixed(1)} %`;
const factor = (x: number): string => x.toFixed(2);

function markdown(head: string[], rows: string[][]): string {
  const line = (cells: string[]): string => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, k) => (k === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

/** A row for each name: the mean over seeds, and the least and most of them. */
function bySplit(
  figures: Figures,
  table: Table,
  head: string,
  of: (name: string) => (result: Result) => number,
  text: (x: number) => string,
  names = figures.names(table),
): string {
  const { splits } = figures;
  return markdown(
    [head, ...splits.map((split) => SPLIT_NAMES[split])],
    names.map((name) => [
      name,
      ...splits.map((split) => {
        const values = figures.values(table, name, split, of(name));
        const mean = text(figures.mean(table, name, split, of(name)));
        if (values.length === 1) return mean;
        return `${mean} (${text(Math.min(...values))} - ${text(Math.max(...values))})`;
      }),
    ]),
  );
}

/** The blocks of docs/explain/economics.md that hold numbers, by name. */
export function blocks(results: readonly Result[]): Record<string, string> {
  const figures = new Figures(results);
  const { splits, seeds } = figures;
  const attacks = figures.names('attacks');
  const cells = (name: string, split: Split) =>
    `${percent(figures.mean('attacks', name, split, share(name)))}, ${percent(figures.mean('attacks', name, split, later(name)))}`;
  const parts = ['half', 'a quarter', 'a tenth'];
  return {
    played: `Played so far: ${splits.map((split) => SPLIT_NAMES[split]).join(', ')}; ${seeds.length === 1 ? 'one seed' : `${seeds.length} seeds`}.`,
    accuracy: bySplit(figures, 'accuracy', 'accuracy after the last round', () => accuracy, percent),
    attacks: markdown(
      ['attack', ...splits.map((split) => SPLIT_NAMES[split])],
      attacks.map((name) => [name, ...splits.map((split) => cells(name, split))]),
    ),
    damage: markdown(
      ['attack', ...splits.map((split) => SPLIT_NAMES[split])],
      attacks.map((name) => [
        name,
        ...splits.map((split) => percent(figures.mean('attacks', name, split, accuracy))),
      ]),
    ),
    ratings: markdown(
      ['who', 'score', 'cost, tokens'],
      RATING_ROWS.map(({ what, parties, cost }) => [
        what,
        ratedBy(parties).score.toFixed(1),
        cost(parties.at(-1)!).toLocaleString('en', { maximumFractionDigits: 2 }),
      ]),
    ),
    names: bySplit(figures, 'names', 'names', ofOneTrainer, factor),
    more: markdown(
      ['names', ...splits.map((split) => SPLIT_NAMES[split])],
      figures
        .names('names')
        .filter((name) => name !== ONE_NAME)
        .map((name) => [name, ...splits.map((split) => factor(ofOneName(figures, name, split)))]),
    ),
    effort: markdown(
      ['trainer with', ...splits.map((split) => SPLIT_NAMES[split])],
      parts.map((name) => [
        `${name} of the data`,
        ...splits.map((split) => percent(figures.mean('effort', 'parts of the data', split, ofHonest(name)))),
      ]),
    ),
    shapley: bySplit(figures, 'shapley', 'rule', () => correlation, factor),
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
