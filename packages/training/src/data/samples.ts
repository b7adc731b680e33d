import { setImmediate } from 'node:timers/promises';
import { type Dataset, valuesOf } from './dataset.ts';
import { SampleReader } from './sample-file.ts';

/** Values of one piece. */
const PIECE_VALUES = 2 ** 20;

/** The values of all samples in their order, a few MiB at a time, wherever they lie. */
export async function* floatPieces(dataset: Dataset): AsyncGenerator<Float32Array> {
  if (dataset.inputs) {
    const { inputs } = dataset;
    for (let at = 0; at < inputs.length; at += PIECE_VALUES) yield inputs.subarray(at, at + PIECE_VALUES);
    return;
  }
  const { file, rows, count, inputShape } = dataset;
  const width = valuesOf(inputShape);
  const perPiece = Math.max(1, Math.floor(PIECE_VALUES / width));
  const reader = new SampleReader(file, width);
  try {
    for (let from = 0; from < count; from += perPiece) {
      const length = Math.min(perPiece, count - from);
      yield reader.read(Uint32Array.from({ length }, (_, k) => rows?.[from + k] ?? from + k));
      // Reading does not wait: let others have their turn.
      await setImmediate();
    }
  } finally {
    reader.close();
  }
}
