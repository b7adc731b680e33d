import asciichart from 'asciichart';

const CHART_HEIGHT = 8;
const CHART_WIDTH = 60;

/** A curve of values, as wide as fits a terminal. */
export function chart(values: readonly number[]): string {
  return asciichart.plot(thinned(values), { height: CHART_HEIGHT });
}

/** As many points as fit a terminal, each the mean of its section. */
function thinned(values: readonly number[]): number[] {
  if (values.length <= CHART_WIDTH) return [...values];
  return Array.from({ length: CHART_WIDTH }, (_, k) => {
    const from = Math.floor((k * values.length) / CHART_WIDTH);
    const to = Math.floor(((k + 1) * values.length) / CHART_WIDTH);
    const part = values.slice(from, to);
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
}
