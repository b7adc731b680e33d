import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  AutodiffError,
  CorruptModelError,
  DataType,
  type DifferentiateOptions,
  differentiate,
  ExternalDataError,
  encodeModel,
  GraphBuilder,
  InvalidGraphError,
  InvalidOptionError,
  MissingOutputError,
  type Model,
  NonFloatTrainableError,
  OpsetError,
  parseModel,
  tensorOf,
  UnsupportedAttributeError,
  UnsupportedOperatorError,
} from './index.ts';

const options: DifferentiateOptions = { loss: { kind: 'mse' }, optimizer: { kind: 'sgd' } };

function linear(change: (g: GraphBuilder) => string = (g) => g.op('MatMul', ['x', 'w'])): Model {
  const g = new GraphBuilder();
  g.input('x', 'float32', ['N', 3]);
  g.initializer('w', [3, 2], Float32Array.from([1, 2, 3, 4, 5, 6]));
  g.output(change(g), 'float32', ['N', 2], 'y');
  return g.build();
}

/** A varint-delimited field of bytes. */
const field = (number: number, ...bytes: number[]): number[] => [number * 8 + 2, bytes.length, ...bytes];
const text = (value: string): number[] => [...new TextEncoder().encode(value)];
/** A model file whose one initialiser is written by hand. */
function withTensor(...tensor: number[]): Uint8Array {
  const graph = [...field(5, ...tensor, ...field(8, ...text('w'))), ...field(12, ...field(1, ...text('w')))];
  return Uint8Array.from([8, 8, ...field(7, ...graph), ...field(8, 16, 18)]);
}

describe('a model file', () => {
  test('a model file survives a round trip', () => {
    const model = linear();
    expect(parseModel(encodeModel(model))).toEqual({ ...model, domains: new Map(), metadata: new Map() });
  });

  test('a model file read as a Buffer gives the same parameters as its bytes', () => {
    const bytes = encodeModel(linear());
    const padded = Buffer.concat([Buffer.from('head'), bytes, Buffer.from('tail')]);
    const graph = differentiate(padded.subarray(4, 4 + bytes.length), options);
    expect([...graph.parameters[0]!.initial]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('a model file that is cut off anywhere, or with any byte changed, parses or fails with an error of this package', () => {
    const bytes = encodeModel(linear());
    const attempt = (damaged: Uint8Array): void => {
      try {
        parseModel(damaged);
      } catch (error) {
        expect(error).toBeInstanceOf(AutodiffError);
      }
    };
    for (let length = 0; length < bytes.length; length++) attempt(bytes.subarray(0, length));
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const damaged = bytes.slice();
        damaged[at] = value;
        attempt(damaged);
      }),
      { numRuns: 500 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), attempt), { numRuns: 300 });
  });

  test('a model file that is empty or not protobuf is corrupt', () => {
    expect(() => parseModel(new Uint8Array())).toThrow(CorruptModelError);
    expect(() => parseModel(new TextEncoder().encode('<html>not a model</html>'))).toThrow(CorruptModelError);
  });

  test('a model file with a cycle is refused and names the nodes', () => {
    const g = new GraphBuilder();
    g.push({ name: 'one', op: 'Relu', domain: '', inputs: ['b'], outputs: ['a'], attributes: new Map() });
    g.push({ name: 'two', op: 'Relu', domain: '', inputs: ['a'], outputs: ['b'], attributes: new Map() });
    g.output('b', 'float32', []);
    expect(() => g.build()).toThrow(/cycle/);
    expect(() => g.build()).toThrow(InvalidGraphError);
  });

  test('a model file with a missing initialiser, a value defined twice or an output from nowhere is refused', () => {
    expect(() => linear((g) => g.op('MatMul', ['x', 'gone']))).toThrow(/"gone", which nothing defines/);
    expect(() =>
      linear((g) => {
        g.op('Relu', ['x'], {}, 'twice');
        return g.op('Relu', ['x'], {}, 'twice');
      }),
    ).toThrow(/defined twice/);
    const g = new GraphBuilder();
    g.output('nowhere', 'float32', []);
    expect(() => g.build()).toThrow(/produced by no node/);
  });

  test('a model file whose nodes are out of order is put in order', () => {
    const model = linear((g) => g.op('Relu', [g.op('MatMul', ['x', 'w'])]));
    const shuffled = { ...model, graph: { ...model.graph, nodes: [...model.graph.nodes].reverse() } };
    expect(parseModel(encodeModel(shuffled)).graph.nodes.map((node) => node.op)).toEqual([
      'MatMul',
      'Relu',
      'Identity',
    ]);
  });

  test('a model file that declares absurd dimensions is refused before memory is taken for them', () => {
    const huge = [8, 255, 255, 255, 255, 255, 255, 255, 63];
    expect(() => parseModel(withTensor(...huge, 16, 1))).toThrow(/absurd dimensions|beyond 2\^53/);
    expect(() => parseModel(withTensor(8, 128, 128, 128, 128, 16, 8, 128, 128, 128, 128, 16, 16, 1))).toThrow(
      InvalidGraphError,
    );
    expect(() => parseModel(withTensor(8, 100, 16, 1))).toThrow(/declares 400 bytes and holds 0/);
  });

  test('names in a model file cannot reach a prototype', () => {
    const g = new GraphBuilder();
    g.input('__proto__', 'float32', ['N', 3]);
    g.initializer('constructor', [3, 2], new Float32Array(6));
    g.output(g.op('MatMul', ['__proto__', 'constructor']), 'float32', ['N', 2], 'toString');
    const graph = differentiate(encodeModel(g.build()), options);
    expect(graph.parameters.map(({ name }) => name)).toEqual(['constructor']);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

describe('external data', () => {
  const entry = (key: string, value: string): number[] =>
    field(13, ...field(1, ...text(key)), ...field(2, ...text(value)));
  const model = (location: string, ...more: number[]): Uint8Array =>
    withTensor(8, 2, 16, 1, 112, 1, ...entry('location', location), ...more);

  test('external data is read from the model’s folder', () => {
    const parsed = parseModel(model('w.bin', ...entry('offset', '4')), {
      externalData: () => new Uint8Array(Float32Array.of(9, 1, 2).buffer),
    });
    expect([...new Float32Array(parsed.graph.initializers.get('w')!.data.slice().buffer)]).toEqual([1, 2]);
  });

  test('external data outside the model folder is never requested', () => {
    for (const location of ['../secret', '/etc/passwd', 'a/../../b', 'C:\\x', '..\\up', '', 'a\0b']) {
      const read = (): Uint8Array => {
        throw new Error('was asked for');
      };
      expect(() => parseModel(model(location), { externalData: read })).toThrow(/outside the model's folder/);
    }
  });

  test('external data that is absent, too short or not provided for is refused', () => {
    expect(() => parseModel(model('w.bin'))).toThrow(ExternalDataError);
    expect(() => parseModel(model('w.bin'), { externalData: () => new Uint8Array(4) })).toThrow(
      /does not fit/,
    );
    const absent = (): Uint8Array => {
      throw new Error('ENOENT');
    };
    expect(() => parseModel(model('w.bin'), { externalData: absent })).toThrow(/cannot be read/);
  });
});

describe('differentiate refuses', () => {
  test('differentiate refuses an operator without a rule, by node, name and nearest known ones', () => {
    const model = linear((g) => g.op('Det2', [g.op('MatMul', ['x', 'w'])], {}, 'odd'));
    const error = catchError(() => differentiate(model, options));
    expect(error).toBeInstanceOf(UnsupportedOperatorError);
    expect(error.facts).toMatchObject({ node: 'odd', operator: 'Det2' });
    expect(error.hint).toMatch(/nearest supported: /);
    // The same operator before everything trainable does no harm.
    expect(() =>
      differentiate(
        linear((g) => g.op('MatMul', [g.op('Det2', ['x']), 'w'])),
        options,
      ),
    ).not.toThrow();
  });

  test('differentiate refuses a subgraph on the path of the gradient', () => {
    const model = linear((g) => {
      const body = new GraphBuilder();
      body.output(body.op('MatMul', ['x', 'w'], {}, 'inside'), 'float32', undefined);
      const branch = { type: 'graph', value: body.graph() } as const;
      return g.op(
        'If',
        [g.constant([], Uint8Array.of(1))],
        { then_branch: branch, else_branch: branch },
        'choice',
      );
    });
    expect(() => differentiate(model, options)).toThrow(/If of node "choice" runs a subgraph/);
  });

  test('differentiate refuses an attribute that a rule does not cover', () => {
    const model = linear((g) =>
      g.op('Mod', [g.op('MatMul', ['x', 'w']), g.constant([], Float32Array.of(2))]),
    );
    expect(() => differentiate(model, options)).toThrow(UnsupportedAttributeError);
  });

  test('differentiate refuses integer and half-precision trainables', () => {
    const model = linear((g) => {
      g.initializer('steps', [1], BigInt64Array.of(1n));
      return g.op('MatMul', ['x', 'w']);
    });
    expect(() => differentiate(model, { ...options, trainable: ['steps'] })).toThrow(NonFloatTrainableError);
  });

  test('differentiate refuses a model without float weights, and says what it has instead', () => {
    const why = (model: Model): unknown => {
      const { message, hint } = catchError(() => differentiate(model, options));
      expect(message).not.toContain(hint);
      return message;
    };
    const half = new GraphBuilder();
    const x = half.input('x', 'float16', ['N', 3]);
    half.tensor({ name: 'w', dtype: DataType.float16, dims: [3, 2], data: new Uint8Array(12) });
    half.output(half.op('MatMul', [x, 'w']), 'float16', ['N', 2], 'y');
    expect(why(half.build())).toMatch(/computes in float16/);
    const cast = new GraphBuilder();
    const from = cast.input('x', 'float32', ['N', 3]);
    cast.tensor({ name: 'w', dtype: DataType.float16, dims: [3, 2], data: new Uint8Array(12) });
    const wide = cast.op('Cast', ['w'], { to: DataType.float32 });
    cast.output(cast.op('MatMul', [from, wide]), 'float32', ['N', 2], 'y');
    expect(why(cast.build())).toMatch(/weights of the model are float16/);
    const folded = new GraphBuilder();
    const value = tensorOf('folded', [3, 2], new Float32Array(6));
    const w = folded.op('Constant', [], { value: { type: 'tensor', value } });
    const input = folded.input('x', 'float32', ['N', 3]);
    folded.output(folded.op('MatMul', [input, w]), 'float32', ['N', 2], 'y');
    expect(why(folded.build())).toMatch(/are in Constant nodes/);
    const whole = new GraphBuilder();
    const bytes = whole.tensor({ name: 'w', dtype: DataType.int8, dims: [3, 2], data: new Uint8Array(6) });
    const dequantised = whole.op('DequantizeLinear', [bytes, whole.constant([], Float32Array.of(0.1))]);
    whole.output(
      whole.op('MatMul', [whole.input('x', 'float32', ['N', 3]), dequantised]),
      'float32',
      ['N', 2],
      'y',
    );
    expect(why(whole.build())).toMatch(/no float32 or float64 weights that train, but tensors of int8/);
  });

  test('differentiate refuses a first output of labels, by its type', () => {
    const g = new GraphBuilder();
    const x = g.input('x', 'float32', ['N', 3]);
    const logits = g.op('MatMul', [x, g.initializer('w', [3, 2], new Float32Array(6))]);
    g.output(g.op('ArgMax', [logits], { axis: 1, keepdims: 0 }), 'int64', ['N'], 'label');
    g.output(logits, 'float32', ['N', 2], 'logits');
    const error = catchError(() => differentiate(g.build(), options));
    expect(error).toBeInstanceOf(MissingOutputError);
    expect(error.message).toMatch(/"label" is int64.*make the logits the first output/);
    expect(error.hint).toContain('logits');
  });

  test('differentiate refuses outputs, names and coefficients that do not exist or make no sense', () => {
    const bad = (change: Partial<DifferentiateOptions>) => () =>
      differentiate(linear(), { ...options, ...change });
    expect(bad({ loss: { kind: 'mse', output: 'z' } })).toThrow(MissingOutputError);
    expect(bad({ trainable: ['nope'] })).toThrow(InvalidOptionError);
    expect(bad({ trainable: /^nope/ })).toThrow(InvalidOptionError);
    expect(bad({ optimizer: { kind: 'sgd', momentum: 1.5 } })).toThrow(InvalidOptionError);
    expect(bad({ optimizer: { kind: 'sgd', nesterov: true } })).toThrow(InvalidOptionError);
    expect(bad({ clipNorm: 0 })).toThrow(InvalidOptionError);
    expect(bad({ seed: -1 })).toThrow(InvalidOptionError);
    expect(bad({ loss: { kind: 'softmax-cross-entropy', classWeights: [1] } })).toThrow(InvalidOptionError);
    expect(bad({ loss: { kind: 'output', name: 'y' } })).toThrow(InvalidOptionError);
  });

  test('differentiate refuses operator sets outside the supported range', () => {
    expect(() => differentiate({ ...linear(), opset: 11 }, options)).toThrow(OpsetError);
    expect(() => differentiate({ ...linear(), opset: 99 }, options)).toThrow(OpsetError);
  });
});

function catchError(action: () => unknown): AutodiffError {
  try {
    action();
  } catch (error) {
    if (error instanceof AutodiffError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
