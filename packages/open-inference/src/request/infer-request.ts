import { ELEMENT_BYTES, type NamedTensor, type TensorSignature } from '@chorus/protocol';
import { z } from 'zod';
import { bytesOf } from './values.ts';

/** Tensors of one request, and dimensions of each. */
const [MOST_TENSORS, MOST_DIMENSIONS] = [16, 16] as const;
/** Elements of a tensor: the server bounds the bytes that come, this one what they say. */
const MOST_ELEMENTS = 2 ** 24;

const name = z.string().min(1).max(200);
const parameters = z.looseObject({ binary_data: z.boolean().optional() }).optional();
const headerSchema = z.object({
  id: z.string().max(200).optional(),
  parameters: z.looseObject({ binary_data_output: z.boolean().optional() }).optional(),
  inputs: z
    .array(
      z.object({
        name,
        shape: z.array(z.int().nonnegative().max(MOST_ELEMENTS)).max(MOST_DIMENSIONS),
        datatype: z.string().max(20),
        parameters: z.looseObject({ binary_data_size: z.int().nonnegative().optional() }).optional(),
        data: z.array(z.unknown()).optional(),
      }),
    )
    .min(1)
    .max(MOST_TENSORS),
  outputs: z.array(z.object({ name, parameters })).max(MOST_TENSORS).optional(),
});
type Header = z.infer<typeof headerSchema>;

/** Outputs of a request by their names, and whether each is sent as bytes. */
export type Wanted = ReadonlyMap<string, { isBinary: boolean }>;

export interface InferRequest {
  inputs: NamedTensor[];
  wanted: Wanted;
  /** What of the request the answer repeats. */
  echoed: { id?: string };
}

/**
 * Reads a request of `infer`: JSON, or JSON and then the bytes of those tensors that name a `binary_data_size`, in order.
 *
 * @param length bytes of the JSON, as the header `Inference-Header-Content-Length` says; undefined: all
 * @param signature what the model takes: a tensor of another type or shape is not read
 */
export function readInferRequest(
  body: Uint8Array,
  length: string | undefined,
  signature: TensorSignature,
): InferRequest | { problem: string } {
  const bytes = length === undefined ? body.length : /^\d{1,15}$/.test(length) ? Number(length) : -1;
  if (bytes < 0 || bytes > body.length)
    return { problem: 'Inference-Header-Content-Length is not a length of the body' };
  const header = readHeader(body.subarray(0, bytes));
  if ('problem' in header) return header;
  const inputs: NamedTensor[] = [];
  let at = bytes;
  for (const input of header.inputs) {
    const problem = (what: string) => ({ problem: `the input "${input.name}" ${what}` });
    const wanted = signature.inputs.find((each) => each.name === input.name);
    if (!wanted || inputs.some((each) => each.name === input.name))
      return problem('is not one of the model, or comes twice');
    const { datatype, shape } = wanted;
    if (input.datatype !== datatype) return problem(`has the type ${datatype}`);
    const isShape =
      input.shape.length === shape.length && shape.every((dim, i) => dim === -1 || dim === input.shape[i]);
    if (!isShape) return problem(`has the shape [${shape.join(', ')}]`);
    const count = input.shape.reduce((product, dim) => product * dim, 1);
    if (count > MOST_ELEMENTS) return problem(`has more than ${MOST_ELEMENTS} elements`);
    const size = count * ELEMENT_BYTES[datatype];
    const stated = input.parameters?.binary_data_size;
    let data: Uint8Array | string;
    if (stated === undefined) {
      // Each element of a list has two characters at least: a short request must not reserve memory for a large shape.
      if (2 * count > bytes) return problem(`has fewer than ${count} elements`);
      data = bytesOf(input.data ?? [], datatype, count);
    } else if (input.data || stated !== size || at + size > body.length) {
      return problem(`has ${size} bytes after the JSON, and no data in it`);
    } else {
      data = body.subarray(at, at + size);
      at += size;
    }
    if (typeof data === 'string') return problem(data);
    inputs.push({ name: input.name, datatype, shape: input.shape, data });
  }
  if (at !== body.length) return { problem: 'bytes follow that are of no input' };
  if (inputs.length !== signature.inputs.length) return { problem: 'an input of the model is missing' };
  const wanted = wantedOf(header, signature);
  return 'problem' in wanted
    ? wanted
    : { inputs, wanted: wanted.outputs, echoed: header.id === undefined ? {} : { id: header.id } };
}

function readHeader(bytes: Uint8Array): Header | { problem: string } {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return { problem: 'the body is not JSON' };
  }
  const parsed = headerSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  return { problem: `${path.join('.') || 'the body'}: ${message}` };
}

function wantedOf(
  { outputs, parameters }: Header,
  signature: TensorSignature,
): { outputs: Wanted } | { problem: string } {
  const isBinary = parameters?.binary_data_output ?? false;
  const all = outputs?.length
    ? outputs
    : signature.outputs.map((each) => ({ name: each.name, parameters: undefined }));
  const odd = all.find((each) => !signature.outputs.some((output) => output.name === each.name));
  if (odd) return { problem: `the model has no output "${odd.name}"` };
  return {
    outputs: new Map(all.map((each) => [each.name, { isBinary: each.parameters?.binary_data ?? isBinary }])),
  };
}
