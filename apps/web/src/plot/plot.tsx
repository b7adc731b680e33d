import { useState } from 'preact/hooks';
import { draw, HEIGHT, type Series, WIDTH } from './scale.ts';

interface PlotOptions {
  title: string;
  series: readonly Series[];
  /** Numbers of the rounds, as many as each series has values. */
  rounds: readonly number[];
  format: (value: number) => string;
  /** Where a round is shown. */
  hrefOf: (round: number) => string;
}

/** Lines over rounds. The round at the pointer is read out below, a click leads to it; the figures are a table as well. */
export function Plot({ title, series, rounds, format, hrefOf }: PlotOptions) {
  const [chosen, setChosen] = useState<number | null>(null);
  const { ticks, paths, xs, toY } = draw(series, rounds.length);
  const shown = chosen ?? rounds.length - 1;
  const nearest = (event: MouseEvent) => {
    const { left, width } = (event.currentTarget as Element).getBoundingClientRect();
    const x = (WIDTH * (event.clientX - left)) / width;
    return xs.reduce((best, at, i) => (Math.abs(at - x) < Math.abs(xs[best]! - x) ? i : best), 0);
  };
  return (
    <figure class="plot">
      <figcaption>{title}</figcaption>
      <div class="ground">
        <div class="ticks" aria-hidden="true">
          {ticks.toReversed().map(({ value }) => (
            <span key={value}>{format(value)}</span>
          ))}
        </div>
        <svg
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          preserveAspectRatio="none"
          aria-hidden="true"
          onMouseMove={(event) => setChosen(nearest(event))}
          onMouseLeave={() => setChosen(null)}
          onClick={(event) => {
            location.hash = hrefOf(rounds[nearest(event)]!);
          }}
        >
          {ticks.map(({ at, value }) => (
            <line key={value} class="grid" x1="0" x2={WIDTH} y1={at} y2={at} />
          ))}
          {chosen !== null && <line class="cursor" x1={xs[chosen]} x2={xs[chosen]} y1="0" y2={HEIGHT} />}
          {paths.map((path, i) => (
            <path
              key={series[i]!.name}
              class={`line line-${i % COLORS} ${series[i]!.isOwn ? 'own' : ''}`}
              d={path}
            />
          ))}
          {rounds.length === 1 &&
            series.map(({ name, values }, i) =>
              values[0] === null || values[0] === undefined ? null : (
                <circle key={name} class={`stage-${i % COLORS}`} cx={xs[0]} cy={toY(values[0])} r="4" />
              ),
            )}
        </svg>
        <span />
        <span class="ends" aria-hidden="true">
          <span>{nameOf(rounds[0]!)}</span>
          {rounds.length > 1 && <span>{rounds.at(-1)}</span>}
        </span>
      </div>
      <p class="legend">
        <a href={hrefOf(rounds[shown]!)}>{nameOf(rounds[shown]!)}</a>
        {series.map(({ name, values, isOwn }, i) => (
          <span key={name}>
            <i class={`dot stage-${i % COLORS}`} /> {isOwn ? <strong>{name}</strong> : name}{' '}
            {values[shown] === null || values[shown] === undefined ? '-' : format(values[shown])}
          </span>
        ))}
      </p>
      <details>
        <summary>The figures</summary>
        <Figures {...{ title, series, rounds, format, hrefOf }} />
      </details>
    </figure>
  );
}

/** Round 0 is the time before the first. */
const nameOf = (round: number) => (round < 1 ? 'before round 1' : `round ${round}`);

/** Colours that lines have in turn. */
const COLORS = 7;

function Figures({ title, series, rounds, format, hrefOf }: PlotOptions) {
  return (
    <div class="wide">
      <table aria-label={title}>
        <thead>
          <tr>
            <th>Round</th>
            {series.map(({ name }) => (
              <th key={name}>{name}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rounds.map((round, i) => (
            <tr key={round}>
              <td data-label="Round">
                <a href={hrefOf(round)}>{round < 1 ? nameOf(round) : round}</a>
              </td>
              {series.map(({ name, values }) => (
                <td key={name} data-label={name}>
                  {values[i] === null || values[i] === undefined ? '-' : format(values[i])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
