import { type AgentExecutor, ChorusError, type NamedTensor, type TensorRequest } from '@chorus/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openInferenceApp } from './app.ts';

const SIGNATURE = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }],
  outputs: [
    { name: 'double', datatype: 'FP32', shape: [-1, 2] },
    { name: 'count', datatype: 'INT64', shape: [-1] },
  ],
} as const;

const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);

/** A model that doubles, and counts its samples. */
function serve(answer?: () => readonly NamedTensor[]) {
  const asked: TensorRequest[] = [];
  const executor: AgentExecutor = {
    tensors: SIGNATURE,
    async *infer(request) {
      asked.push(request);
      const [{ shape, data }] = request.inputs as [NamedTensor];
      const values = new Float32Array(data.slice().buffer);
      const doubled = floats(...values.map((value) => 2 * value));
      const count = new Uint8Array(BigInt64Array.of(BigInt(shape[0]!)).buffer);
      const [double, counted] = SIGNATURE.outputs;
      const outputs = [
        { ...double, shape, data: doubled },
        { ...counted, shape: [1], data: count },
      ];
      yield { type: 'tensors', outputs: answer?.() ?? outputs };
      yield { type: 'completed', usage: { inputTokens: null, outputTokens: null } };
    },
    async *execute() {},
    close: async () => {},
  };
  const text: AgentExecutor = { async *execute() {}, close: async () => {} };
  const app = openInferenceApp({
    agents: () => [
      { name: 'twice', version: '1.2.0', executor },
      { name: 'poet', version: '1', executor: text },
    ],
  });
  const infer = async (body: string | Uint8Array, length?: number) => {
    const response = await app.request('/v2/models/twice/infer', {
      method: 'POST',
      body: body as Uint8Array<ArrayBuffer>,
      ...(length === undefined ? {} : { headers: { 'inference-header-content-length': String(length) } }),
    });
    return {
      status: response.status,
      headers: response.headers,
      bytes: new Uint8Array(await response.arrayBuffer()),
    };
  };
  return { app, infer, asked };
}
const json = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>;
const x = (more: object) => ({ name: 'x', datatype: 'FP32', shape: [2, 2], ...more });

describe('models of tensors by the Open Inference Protocol', () => {
  it.each([
    ['/v2', { name: 'chorus', extensions: ['binary_tensor_data'] }],
    ['/v2/health/live', { live: true }],
    ['/v2/health/ready', { ready: true }],
    ['/v2/models/twice', { name: 'twice', versions: ['1.2.0'], platform: 'onnx_onnxv1', ...SIGNATURE }],
    ['/v2/models/twice/versions/1.2.0', { name: 'twice' }],
    ['/v2/models/twice/ready', { ready: true }],
  ])('%s says what there is', async (path, body) => {
    const response = await serve().app.request(path);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject(body);
  });

  it.each(['/v2/models/none', '/v2/models/poet', '/v2/models/poet/ready', '/v2/models/twice/versions/2'])(
    '%s is not there',
    async (path) => {
      const response = await serve().app.request(path);
      expect([response.status, await response.json()]).toEqual([404, { error: expect.any(String) }]);
    },
  );

  it('tensors come and go as JSON, nested or flat', async () => {
    const { infer, asked } = serve();
    for (const data of [
      [1, 2, 3, -4.5],
      [
        [1, 2],
        [3, -4.5],
      ],
    ]) {
      const { status, bytes } = await infer(JSON.stringify({ id: 'a', inputs: [x({ data })] }));
      expect(status).toBe(200);
      expect(json(bytes)).toEqual({
        model_name: 'twice',
        model_version: '1.2.0',
        id: 'a',
        outputs: [
          { name: 'double', datatype: 'FP32', shape: [2, 2], data: [2, 4, 6, -9] },
          { name: 'count', datatype: 'INT64', shape: [1], data: [2] },
        ],
      });
    }
    expect(asked[0]!.inputs[0]!.data).toEqual(floats(1, 2, 3, -4.5));
  });

  it('tensors come and go as bytes after the JSON, with what JSON cannot have', async () => {
    const { infer } = serve();
    const head = Buffer.from(
      JSON.stringify({
        inputs: [x({ parameters: { binary_data_size: 16 } })],
        outputs: [{ name: 'count' }, { name: 'double', parameters: { binary_data: true } }],
      }),
    );
    const body = Buffer.concat([head, floats(1, Number.NaN, Number.POSITIVE_INFINITY, 4)]);
    const { status, headers, bytes } = await infer(body, head.length);
    expect(status).toBe(200);
    const length = Number(headers.get('inference-header-content-length'));
    expect(json(bytes.subarray(0, length)).outputs).toEqual([
      { name: 'double', datatype: 'FP32', shape: [2, 2], parameters: { binary_data_size: 16 } },
      { name: 'count', datatype: 'INT64', shape: [1], data: [2] },
    ]);
    expect(new Float32Array(bytes.slice(length).buffer)).toEqual(
      Float32Array.of(2, Number.NaN, Number.POSITIVE_INFINITY, 8),
    );
    const all = await infer(
      JSON.stringify({ parameters: { binary_data_output: true }, inputs: [x({ data: [1, 2, 3, 4] })] }),
    );
    expect(all.bytes.length - Number(all.headers.get('inference-header-content-length'))).toBe(16 + 8);
  });

  it('an output that JSON cannot have is refused as JSON', async () => {
    const [double] = SIGNATURE.outputs;
    const { infer } = serve(() => [{ ...double, shape: [1, 2], data: floats(Number.NaN, 1) }]);
    const { status, bytes } = await infer(JSON.stringify({ inputs: [x({ data: [1, 2, 3, 4] })] }));
    expect([status, json(bytes).error]).toEqual([400, expect.stringContaining('binary_data')]);
  });

  const deep = `${'['.repeat(100_000)}1${']'.repeat(100_000)}`;
  it.each<[string, string | object]>([
    ['no JSON', '{'],
    ['no inputs', {}],
    ['another input', { inputs: [x({ name: 'y', data: [1, 2, 3, 4] })] }],
    ['an input twice', { inputs: [x({ data: [1, 2, 3, 4] }), x({ data: [1, 2, 3, 4] })] }],
    ['another type', { inputs: [x({ datatype: 'INT64', data: [1, 2, 3, 4] })] }],
    ['another shape', { inputs: [x({ shape: [4], data: [1, 2, 3, 4] })] }],
    ['too few elements', { inputs: [x({ data: [1, 2, 3] })] }],
    ['too many elements', { inputs: [x({ data: [1, 2, 3, 4, 5] })] }],
    ['elements that are no numbers', { inputs: [x({ data: [1, 2, '3', 4] })] }],
    ['elements that the type does not have', { inputs: [x({ data: [1, 2, 1e39, 4] })] }],
    ['a shape without end', { inputs: [x({ shape: [16_777_216, 2], data: [] })] }],
    ['a negative shape', { inputs: [x({ shape: [-1, 2], data: [] })] }],
    ['bytes that do not follow', { inputs: [x({ parameters: { binary_data_size: 16 } })] }],
    ['an output that does not exist', { inputs: [x({ data: [1, 2, 3, 4] })], outputs: [{ name: 'z' }] }],
    ['lists without bottom', `{"inputs":[{"name":"x","datatype":"FP32","shape":[2,2],"data":${deep}}]}`],
  ])('%s is refused, and the model is not asked', async (_, body) => {
    const { infer, asked } = serve();
    const { status, bytes } = await infer(typeof body === 'string' ? body : JSON.stringify(body));
    expect([status, json(bytes)]).toEqual([400, { error: expect.any(String) }]);
    expect(asked).toEqual([]);
  });

  it('a large shape in a short request is refused before memory is reserved for it', async () => {
    const { infer } = serve();
    const { bytes } = await infer(JSON.stringify({ inputs: [x({ shape: [8_000_000, 2], data: [1] })] }));
    expect(json(bytes).error).toContain('has fewer than 16000000 elements');
  });

  it.each([-1, 1e9, 5, Number.NaN])('a length of the JSON of %d is refused', async (length) => {
    const { infer, asked } = serve();
    const { status } = await infer(JSON.stringify({ inputs: [x({ data: [1, 2, 3, 4] })] }), length);
    expect([status, asked.length]).toEqual([400, 0]);
  });

  it('any bytes are answered, and never with a failure of the server', async () => {
    const { infer } = serve();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), fc.nat(80), async (bytes, length) => {
        expect((await infer(bytes, length)).status).toBe(400);
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    [new ChorusError('E_AGENT_BUSY', 'busy'), 429],
    [new ChorusError('E_AGENT_INPUT', 'not this', { hint: 'that' }), 422],
    [new Error('secret words'), 500],
  ])('%s has its status', async (error, status) => {
    const { infer } = serve(() => {
      throw error;
    });
    const answer = await infer(JSON.stringify({ inputs: [x({ data: [1, 2, 3, 4] })] }));
    expect(answer.status).toBe(status);
    expect(String(json(answer.bytes).error)).not.toContain('secret');
    expect(answer.headers.get('retry-after')).toBe(status === 429 ? '5' : null);
  });
});
