import type { NamedTensor } from '@chorus/protocol';
import type { Wanted } from '../request/infer-request.ts';
import { valuesOf } from '../request/values.ts';

/**
 * An answer of `infer`: JSON, and after it the bytes of those outputs that were wanted so.
 * @returns why not, if an output cannot be written as JSON
 */
export function inferResponse(
  head: { model_name: string; model_version: string; id?: string },
  outputs: readonly NamedTensor[],
  wanted: Wanted,
): { response: Response } | { problem: string } {
  const binary: Uint8Array[] = [];
  const described: object[] = [];
  for (const { name, datatype, shape, data } of outputs) {
    const how = wanted.get(name);
    if (!how) continue;
    if (how.isBinary) {
      binary.push(data);
      described.push({ name, datatype, shape, parameters: { binary_data_size: data.length } });
      continue;
    }
    const values = valuesOf(data, datatype);
    if (!values)
      return { problem: `the output "${name}" has elements that JSON cannot have: ask for binary_data` };
    described.push({ name, datatype, shape, data: values });
  }
  const json = new TextEncoder().encode(JSON.stringify({ ...head, outputs: described }));
  if (binary.length === 0)
    return { response: new Response(json, { headers: { 'content-type': 'application/json' } }) };
  return {
    response: new Response(Buffer.concat([json, ...binary]), {
      headers: {
        'content-type': 'application/octet-stream',
        'inference-header-content-length': String(json.length),
      },
    }),
  };
}
