/** Values over rounds, all of one length; null if a round has no value. */
export interface Series {
  name: string;
  values: readonly (number | null)[];
  /** Drawn above the others. */
  isOwn?: boolean;
}

/** A plot's ground in units of its own, and lines of points on it. */
export interface Drawing {
  /** Figures at the left, from the lowest to the highest, and where they are. */
  ticks: { at: number; value: number }[];
  /** For each series the attribute `d` of a path; a gap where a value is missing. */
  paths: string[];
  /** Where each round is. */
  xs: number[];
  toY(value: number): number;
}

export const WIDTH = 600;
export const HEIGHT = 180;
const TICKS = 4;

/** The largest of 1, 2 and 5 times a power of ten that makes at most {@link TICKS} steps. */
function stepFor(span: number): number {
  const power = 10 ** Math.floor(Math.log10(span / TICKS));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => span / step <= TICKS) ?? 10 * power;
}

/** Where everything of a plot lies. It begins at zero, so that twice as high is twice as much. */
export function draw(series: readonly Series[], rounds: number): Drawing {
  const all = series.flatMap(({ values }) => values.filter((value) => value !== null));
  const most = Math.max(...all, 0);
  const step = stepFor(most > 0 ? most : 1);
  const top = Math.max(step, Math.ceil(most / step - 1e-9) * step);
  const toY = (value: number) => HEIGHT - (HEIGHT * value) / top;
  // One round alone lies in the middle.
  const xs = Array.from({ length: rounds }, (_, i) =>
    rounds === 1 ? WIDTH / 2 : (WIDTH * i) / (rounds - 1),
  );
  const count = Math.round(top / step);
  return {
    toY,
    xs,
    ticks: Array.from({ length: count + 1 }, (_, i) => ({ at: toY(i * step), value: i * step })),
    paths: series.map(({ values }) => pathOf(values, xs, toY)),
  };
}

function pathOf(values: Series['values'], xs: readonly number[], toY: (value: number) => number): string {
  let pen = 'M';
  let path = '';
  for (const [i, value] of values.entries()) {
    if (value === null) {
      pen = 'M';
      continue;
    }
    path += `${pen}${xs[i]!.toFixed(1)} ${toY(value).toFixed(1)}`;
    pen = 'L';
  }
  return path;
}
