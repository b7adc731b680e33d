import { ChorusError, counted, type Terms } from '@chorus/protocol';
import { canonicalLabel, type Dataset, isNumbered, rewindowed, someOf } from '@chorus/training';
import { checkIsText } from './task-texts.ts';

/**
 * Local data with labels as a task numbers them.
 *
 * Samples must have the task's shape; texts are divided into windows of its length. If the task and the data both name
 * their classes, labels are matched by name, and the data may hold only some of the classes. If the data has numbers,
 * they are the task's own. If the task names no classes, data with names must have the same number of classes, because
 * the numbers of a part would be unknown.
 * @throws ChorusError `E_TASK_DATA` naming what differs
 */
export function fitDataset({ data }: Pick<Terms, 'data'>, dataset: Dataset): Dataset {
  // Texts fit every task on tokens: they are divided by its model when that is open.
  if (data.kind === 'tokens') {
    checkIsText(dataset);
    return dataset;
  }
  const mine = dataset.classNames && !isNumbered(dataset.classNames) ? dataset.classNames : null;
  const refuse = (message: string, facts: Record<string, string | number>, hint: string) =>
    new ChorusError('E_TASK_DATA', message, {
      facts: {
        task: looks(data.inputShape, data.classes),
        local: `${dataset.name}: ${looks(dataset.inputShape, dataset.classes)}`,
        ...facts,
      },
      hint,
    });
  if (dataset.inputShape.join() !== data.inputShape.join()) {
    const windows = data.inputShape.length === 1 && rewindowed(dataset, data.inputShape[0]!);
    if (windows) return fitDataset({ data }, windows);
    throw refuse(
      'the local data does not fit the task: samples have another shape',
      {},
      'join a task for this kind of data, or register other data; --shape resizes images',
    );
  }
  if (data.classNames && mine) return byName(data.classNames, mine, dataset, refuse);
  if (mine ? dataset.classes === data.classes : dataset.classes <= data.classes) {
    return dataset.classes === data.classes ? dataset : { ...dataset, classes: data.classes };
  }
  throw mine && dataset.classes < data.classes
    ? refuse(
        'the local data does not fit the task: it has fewer classes, and the task does not name its own',
        { localClasses: someOf(mine) },
        'ask the requester for the classes in order, and register the data again with --classes FILE',
      )
    : refuse(
        'the local data does not fit the task: it has more classes',
        {},
        'join a task for this kind of data, or register other data',
      );
}

/** Whether local data is of the kind that the task's terms describe. */
export function fitsData(terms: Pick<Terms, 'data'>, dataset: Dataset): boolean {
  try {
    fitDataset(terms, dataset);
    return true;
  } catch (error) {
    if (error instanceof ChorusError && error.code === 'E_TASK_DATA') return false;
    throw error;
  }
}

function byName(
  theirs: readonly string[],
  mine: readonly string[],
  dataset: Dataset,
  refuse: (message: string, facts: Record<string, string>, hint: string) => ChorusError,
): Dataset {
  const numbers = new Map(theirs.map((name, i) => [canonicalLabel(name), i]));
  const occurring = new Set(dataset.labels);
  const strangers = mine.filter((name, i) => occurring.has(i) && !numbers.has(canonicalLabel(name)));
  if (strangers.length > 0) {
    throw refuse(
      'the local data does not fit the task: it has samples of classes that the task does not have',
      { unknown: someOf(strangers), taskClasses: someOf(theirs) },
      'join a task for this kind of data; or remove these samples, or name their classes as the task does, and register the data again',
    );
  }
  const labels = dataset.labels.map((label) => numbers.get(canonicalLabel(mine[label]!))!);
  return { ...dataset, labels, classes: theirs.length, classNames: [...theirs] };
}

const looks = (shape: readonly number[], classes: number) =>
  `${shape.join('x')}, ${counted(classes, 'class', 'classes')}`;
