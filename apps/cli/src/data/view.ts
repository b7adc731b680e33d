import { counted, plainLine } from '@chorus/protocol';
import type { DataDescription } from '@chorus/training';
import colors from 'yoctocolors';

/** Maximum number of classes shown one by one. */
const SHOWN = 24;

/** How chorus reads the data, before any use: shape, classes with counts, and what was left out and why. */
export function dataLines({
  name,
  samples,
  shape,
  classes,
  classCount,
  notes,
  leftOut,
}: DataDescription): string[] {
  return [
    `${colors.bold(plainLine(name))}: ${counted(samples, 'sample')} of ${shape.join('x')}, ${counted(classCount, 'class', 'classes')}`,
    `  classes   ${classLine(classes)}`,
    ...notes.map((note) => `  note      ${plainLine(note)}`),
    ...leftOut.map(
      ({ what, count, example }) =>
        `  left out  ${count.toLocaleString('en')} ${what}, such as ${plainLine(example)}`,
    ),
  ];
}

function classLine(classes: DataDescription['classes']): string {
  const shown = classes
    .slice(0, SHOWN)
    .map(({ name, samples }) => `${plainLine(name)} ${samples.toLocaleString('en')}`);
  if (classes.length <= SHOWN) return shown.join(', ');
  const counts = classes.map(({ samples }) => samples);
  const least = counts.reduce((a, b) => Math.min(a, b));
  const most = counts.reduce((a, b) => Math.max(a, b));
  return `${shown.join(', ')} and ${classes.length - SHOWN} more, of ${least} to ${most} samples each`;
}
