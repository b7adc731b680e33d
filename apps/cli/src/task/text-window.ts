import { stat } from 'node:fs/promises';
import { type Dataset, isOfText, readModelFile, rewindowed, windowOfModel } from '@chorus/training';

/**
 * Texts in windows of the length that a model file takes; other samples, and texts for the models built here, as they are.
 * @param model path of an ONNX file, or the name of a model
 * @throws ChorusError `E_MODEL_UNREADABLE`, `E_MODEL_CORRUPT`
 */
export async function windowedFor(model: string, samples: Dataset): Promise<Dataset> {
  if (!isOfText(samples)) return samples;
  if (!(await stat(model).catch(() => null))?.isFile()) return samples;
  const window = windowOfModel(await readModelFile(model));
  return (window !== undefined && rewindowed(samples, window)) || samples;
}
