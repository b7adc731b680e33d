import type { Dataset } from '../data/dataset.ts';
import { floatPieces } from '../data/samples.ts';

/** All that a data set is, wherever its values lie. */
export async function contentOf(dataset: Dataset) {
  const values: number[] = [];
  for await (const piece of floatPieces(dataset)) for (const value of piece) values.push(value);
  const { labels, inputShape, classes, count, name, classNames, report } = dataset;
  return { values, labels: [...labels], inputShape, classes, count, name, classNames, report };
}
