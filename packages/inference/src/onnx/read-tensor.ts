import { ChorusError, ELEMENT_BYTES, type NamedTensor, type TensorInfo } from '@chorus/protocol';
import { MAX_SAMPLE_VALUES } from './jobs/limits.ts';

/** Samples of one request: they are computed one after the other. */
const MAX_SAMPLES = 256;

/**
 * The samples of a request, as the model takes them.
 *
 * @param input what the model takes; the first dimension is that of the samples
 * @throws ChorusError `E_AGENT_INPUT` if it is another tensor, or another number of them
 */
export function checkedSamples(
  input: TensorInfo,
  inputs: readonly NamedTensor[],
): { data: Uint8Array; samples: number } {
  const [given, ...others] = inputs;
  if (!given || others.length > 0 || given.name !== input.name) {
    throw refused(`the model has one input, "${input.name.slice(0, 100)}"`);
  }
  const { datatype, shape, data } = given;
  if (datatype !== input.datatype) throw refused(`its type is ${input.datatype}, not ${datatype}`);
  const [samples = 0, ...sample] = shape;
  const isSample =
    sample.length === input.shape.length - 1 && sample.every((dim, i) => dim === input.shape[i + 1]);
  if (!isSample)
    throw refused(`its shape is [${input.shape.join(', ')}], not [${shape.slice(0, 16).join(', ')}]`);
  if (!(Number.isInteger(samples) && samples >= 1 && samples <= MAX_SAMPLES)) {
    throw refused(`a request has 1 to ${MAX_SAMPLES} samples`);
  }
  const values = shape.reduce((product, dim) => product * dim, 1);
  if (values > MAX_SAMPLE_VALUES * 8 || data.length !== values * ELEMENT_BYTES[datatype]) {
    throw refused(`its data has ${data.length} bytes, which are not ${values} elements`);
  }
  return { data, samples };
}

const refused = (message: string): ChorusError =>
  new ChorusError('E_AGENT_INPUT', message, { hint: 'send what the metadata of the model says' });
