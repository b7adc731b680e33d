/** Models that a stranger might announce to do harm. Each trains like any other until the runtime gets to the harm. */
import { type AttributeInput, encodeModel, type Graph, GraphBuilder } from '@chorus/autodiff';

const CLASSES = 10;

/** A linear classifier on `values` inputs; `harm` is given its input and makes a float scalar that is added to the logits. */
function classifier(values: number, harm: (g: GraphBuilder, x: string) => string): Uint8Array {
  const g = new GraphBuilder({ name: 'hostile' });
  const x = g.input('x', 'float32', ['N', values]);
  const w = g.initializer('w', [values, CLASSES], new Float32Array(values * CLASSES));
  const logits = g.op('MatMul', [x, w]);
  g.output(g.op('Add', [logits, harm(g, x)]), 'float32', ['N', CLASSES], 'logits');
  return encodeModel({ ...g.build(), domains: new Map([['com.microsoft', 1]]) });
}

/** A whole number in [0, 3) that depends on the data, as int64 [1]. */
function choice(g: GraphBuilder, x: string): string {
  const sum = g.op('Abs', [g.op('ReduceSum', [x], { keepdims: 0 })]);
  const whole = g.op('Cast', [sum], { to: 7 });
  return g.op('Reshape', [
    g.op('Mod', [whole, g.constant([], BigInt64Array.of(3n))]),
    g.constant([1], BigInt64Array.of(1n)),
  ]);
}

/** Three tensors of `bytes` each, of which the data chooses: none can be freed before. */
export function largeConstants(values: number, bytes: number): Uint8Array {
  return classifier(values, (g, x) => {
    const at = choice(g, x);
    const parts = [0, 1, 2].map((k) => {
      const shape = g.constant([1], BigInt64Array.of(BigInt(bytes / 4 - k)));
      return g.op('ConstantOfShape', [shape], { value: one() });
    });
    const joined = g.op('Concat', parts, { axis: 0 });
    return g.op('ReduceSum', [g.op('Gather', [joined, at], { axis: 0 })], { keepdims: 0 });
  });
}

/** A tensor of `count` floats made from eight bytes of shape. */
export function largeShape(values: number, count: number): Uint8Array {
  return classifier(values, (g) => {
    const filled = g.op('ConstantOfShape', [g.constant([1], BigInt64Array.of(BigInt(count)))], {
      value: one(),
    });
    return g.op('ReduceMean', [g.op('Exp', [filled])], { keepdims: 0 });
  });
}

/** A tensor whose size is a value of the data. */
export function sizeFromData(values: number): Uint8Array {
  return classifier(values, (g, x) => {
    const size = g.op('Cast', [g.op('ReduceSum', [g.op('Exp', [x])], { keepdims: 0 })], { to: 7 });
    const shape = g.op('Reshape', [size, g.constant([1], BigInt64Array.of(1n))]);
    return g.op('ReduceMean', [g.op('ConstantOfShape', [shape], { value: one() })], { keepdims: 0 });
  });
}

/** A loop of `times` passes that does nothing but count. */
export function endlessLoop(values: number, times: bigint): Uint8Array {
  return classifier(values, (g) => {
    const [sum] = g.ops(
      'Loop',
      [g.constant([], BigInt64Array.of(times)), '', g.constant([], Float32Array.of(0))],
      1,
      { body: { type: 'graph', value: counting() } },
    );
    return g.op('Mul', [sum!, g.constant([], Float32Array.of(0))]);
  });
}

/** Every operator and tensor like others', and minutes of products in one call of the runtime. */
export function slow(values: number): Uint8Array {
  const [size, products] = [2048, 400];
  return classifier(values, (g, x) => {
    const ones = g.op('ConstantOfShape', [g.ints([size, size])], { value: one() });
    let h = g.op('Mul', [ones, g.op('ReduceMean', [x], { keepdims: 0 })]);
    for (let k = 0; k < products; k++) h = g.op('MatMul', [h, ones]);
    return g.op('ReduceMean', [g.op('Sigmoid', [h])], { keepdims: 0 });
  });
}

/** An operator of the runtime's own domain. */
export function foreignDomain(values: number): Uint8Array {
  return classifier(values, (g, x) => {
    const out = g.fresh('foreign');
    g.push({
      name: out,
      op: 'Gelu',
      domain: 'com.microsoft',
      inputs: [x],
      outputs: [out],
      attributes: new Map(),
    });
    return g.op('ReduceMean', [out], { keepdims: 0 });
  });
}

/** `depth` loops, one in the other. */
export function nested(values: number, depth: number): Uint8Array {
  return classifier(values, (g) => {
    const body = (level: number): AttributeInput => {
      if (level === 0) return { type: 'graph', value: counting() };
      const b = loopBody(`nested${level}`);
      const [sum] = b.g.ops('Loop', [b.g.constant([], BigInt64Array.of(1n)), '', b.value], 1, {
        body: body(level - 1),
      });
      return { type: 'graph', value: b.end(sum!) };
    };
    const [sum] = g.ops(
      'Loop',
      [g.constant([], BigInt64Array.of(1n)), '', g.constant([], Float32Array.of(0))],
      1,
      {
        body: body(depth - 1),
      },
    );
    return sum!;
  });
}

function counting(): Graph {
  const b = loopBody('counting');
  return b.end(b.g.op('Add', [b.value, b.g.constant([], Float32Array.of(1))]));
}

/** Body of a Loop that carries one float. */
function loopBody(prefix: string): { g: GraphBuilder; value: string; end(next: string): Graph } {
  const g = new GraphBuilder({ name: prefix, prefix: `${prefix}/` });
  g.input(g.fresh('i'), 'int64', []);
  const going = g.input(g.fresh('going'), 'bool', []);
  const value = g.input(g.fresh('value'), 'float32', []);
  return {
    g,
    value,
    end(next) {
      g.output(g.op('Identity', [going]), 'bool', [], `${prefix}/on`);
      g.output(next, 'float32', [], `${prefix}/next`);
      return g.graph();
    },
  };
}

function one(): AttributeInput {
  return {
    type: 'tensor',
    value: { name: 'one', dtype: 1, dims: [1], data: new Uint8Array(Float32Array.of(1).buffer) },
  };
}
