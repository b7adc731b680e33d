import { readFileSync, realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import { AutodiffError, encodeModel, parseModel } from '@chorus/autodiff';
import { isGguf } from '@chorus/language-models/gguf';
import { ChorusError } from '@chorus/protocol';
import { modelFault } from './model-fault.ts';
import { hintOnOtherFile } from './other-files.ts';

const HINTS: Readonly<Record<string, string>> = {
  ENOENT: 'check the spelling',
  EISDIR: 'name the file in it',
  ENOTDIR: 'check the spelling',
};

/**
 * Read a model file: a GGUF file as it is, or an ONNX file; tensors in external data files are merged into it (up to 2 GiB in all).
 * @throws ChorusError `E_MODEL_UNREADABLE` if a file cannot be read, or a data file lies outside the model's folder
 * (even by a link); `E_MODEL_CORRUPT` if the file is not a valid ONNX model; `E_MODEL_UNSUPPORTED` if it is of a kind
 * that is not read
 */
export async function readModelFile(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new ChorusError('E_MODEL_UNREADABLE', 'the model file cannot be read', {
      facts: { path, reason: cause.code },
      hint: HINTS[cause.code ?? ''] ?? 'check its permissions',
      cause,
    });
  });
  // Its structure is checked where it is opened.
  if (isGguf(bytes)) return bytes;
  let complete = true;
  const folder = dirname(resolve(path));
  const externalData = (location: string): Uint8Array => {
    complete = false;
    return dataFile(folder, location);
  };
  try {
    const model = parseModel(bytes, { externalData });
    return complete ? bytes : encodeModel(model);
  } catch (cause) {
    if (!(cause instanceof AutodiffError)) throw cause;
    if (cause.code === 'EXTERNAL_DATA') {
      throw new ChorusError('E_MODEL_UNREADABLE', "the model's data file cannot be used", {
        facts: { path, ...cause.facts },
        hint: cause.hint,
        cause,
      });
    }
    throw modelFault(cause, { path }, hintOnOtherFile(bytes));
  }
}

/** A file in the folder itself, not behind a link that leads out of it. */
function dataFile(folder: string, location: string): Uint8Array {
  const path = realpathSync(resolve(folder, location));
  if (!path.startsWith(realpathSync(folder) + sep)) throw new Error('a link leads out of the folder');
  return readFileSync(path);
}
