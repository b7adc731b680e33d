import type { Income } from './figures.ts';

const WIDTH = 860;
const HEIGHT = 460;
const LEFT = 70;
const RIGHT = 240;
const TOP = 50;
const BOTTOM = 50;
/** Points of a line: every 1,000 rounds' tenth is enough for the eye. */
const POINTS = 100;

/** Told apart by colour-blind readers as well (Okabe and Ito), and by their labels. */
const COLOURS = [
  '#009e73',
  '#e69f00',
  '#56b4e9',
  '#999999',
  '#cc79a7',
  '#0072b2',
  '#f0a0a0',
  '#d55e00',
  '#000000',
];

const fixed = (x: number): string => String(Math.round(x * 10) / 10);

/** Net income so far by strategy, one line each: a picture of text, the same bytes from the same figures. */
export function incomePlot(incomes: readonly Income[]): string {
  const rounds = incomes[0]!.curve.length;
  const all = incomes.flatMap((i) => i.curve);
  const step = niceStep(Math.max(...all) - Math.min(...all, 0));
  const low = Math.floor(Math.min(...all, 0) / step) * step;
  const high = Math.ceil(Math.max(...all) / step) * step;
  const x = (round: number): number => LEFT + ((WIDTH - LEFT - RIGHT) * round) / rounds;
  const y = (value: number): number =>
    HEIGHT - BOTTOM - ((HEIGHT - TOP - BOTTOM) * (value - low)) / (high - low);

  const parts: string[] = [];
  for (let value = low; value <= high; value += step) {
    const at = fixed(y(value));
    parts.push(`<path d="M${LEFT} ${at}H${WIDTH - RIGHT}" stroke="${value === 0 ? '#555' : '#ddd'}"/>`);
    parts.push(text(LEFT - 8, y(value) + 4, value.toLocaleString('en-US'), 'end', '#555'));
  }
  for (let round = 0; round <= rounds; round += rounds / 5) {
    parts.push(text(x(round), HEIGHT - BOTTOM + 20, round.toLocaleString('en-US'), 'middle', '#555'));
  }
  parts.push(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, 'rounds', 'middle', '#555'));
  parts.push(
    text(LEFT - 55, 24, 'Net income of one party, in tokens, over all its identities', 'start', '#222', 15),
  );

  const ends = labelHeights(incomes.map((i) => y(i.curve.at(-1)!)));
  for (const [k, income] of incomes.entries()) {
    const colour = COLOURS[k % COLOURS.length]!;
    const points = Array.from({ length: POINTS + 1 }, (_, p) => {
      const round = Math.round((p * rounds) / POINTS);
      return `${fixed(x(round))},${fixed(y(round === 0 ? 0 : income.curve[round - 1]!))}`;
    });
    const width = k === 0 ? 4 : 2;
    parts.push(
      `<polyline points="${points.join(' ')}" fill="none" stroke="${colour}" stroke-width="${width}"/>`,
    );
    const end = y(income.curve.at(-1)!);
    const from = `${WIDTH - RIGHT} ${fixed(end)}`;
    parts.push(
      `<path d="M${from}L${WIDTH - RIGHT + 14} ${fixed(ends[k]!)}" stroke="${colour}" fill="none"/>`,
    );
    const amount = Math.round(income.curve.at(-1)!).toLocaleString('en-US');
    parts.push(text(WIDTH - RIGHT + 18, ends[k]! + 4, `${income.strategy}: ${amount}`, 'start', '#222'));
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" role="img">`,
    '<title>Net income by strategy over the rounds of the simulation</title>',
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

function text(x: number, y: number, content: string, anchor: string, colour: string, size = 12): string {
  return `<text x="${fixed(x)}" y="${fixed(y)}" text-anchor="${anchor}" fill="${colour}" font-size="${size}">${content}</text>`;
}

/** 1, 2 or 5 times a power of ten: about six lines over the range. */
function niceStep(range: number): number {
  const power = 10 ** Math.floor(Math.log10(range / 6));
  return [1, 2, 5, 10].map((f) => f * power).find((s) => range / s <= 7)!;
}

/** Moves labels apart to 16 units, from the top down and back up from the bottom, keeping their order. */
function labelHeights(wanted: readonly number[]): number[] {
  const order = wanted.map((_, k) => k).sort((a, b) => wanted[a]! - wanted[b]!);
  const heights = [...wanted];
  for (let k = 1; k < order.length; k++) {
    heights[order[k]!] = Math.max(heights[order[k]!]!, heights[order[k - 1]!]! + 16);
  }
  let limit = HEIGHT - BOTTOM + 8;
  for (let k = order.length - 1; k >= 0; k--, limit -= 16) {
    heights[order[k]!] = Math.min(heights[order[k]!]!, limit);
    limit = heights[order[k]!]!;
  }
  return heights;
}
