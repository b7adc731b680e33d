import { decodeModel } from './decode.ts';
import { CorruptModelError } from './errors.ts';
import type { Model } from './model.ts';
import type { ExternalDataReader } from './tensor-data.ts';
import { validateModel } from './validate.ts';

/**
 * Decodes an ONNX file and checks that it is a sound graph. Nothing of the file is trusted: lengths,
 * dimensions and names are bounded, cycles and undefined values refused, external data confined to the
 * model's folder.
 *
 * @param bytes the file; tensors of the result are views of it
 * @param opts.externalData gives the bytes of a data file by its location relative to the model's folder
 * @throws CorruptModelError when the bytes are no ONNX model
 * @throws InvalidGraphError when they are, but the graph is invalid
 * @throws ExternalDataError when tensor data outside the file is missing, too short, or outside its folder
 */
export function parseModel(bytes: Uint8Array, opts: { externalData?: ExternalDataReader } = {}): Model {
  if (bytes.length === 0) throw new CorruptModelError('the file is empty');
  return validateModel(decodeModel(bytes, opts.externalData));
}
