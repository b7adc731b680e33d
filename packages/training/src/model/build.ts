import { encodeModel, GraphBuilder } from '@chorus/autodiff';
import { ChorusError, MAX_DIMENSION } from '@chorus/protocol';
import { valuesOf } from '../data/dataset.ts';
import { type Random, random } from '../random.ts';

/**
 * Models that come with Chorus.
 *
 * - `mlp`: two hidden layers of 64 and 32; 52,650 parameters on 28x28 and 10 classes
 * - `cnn`: two convolutions 5x5 with 8 and 16 channels, each pooled by 2, and one linear layer;
 *   11,274 parameters (after LeNet-5, LeCun et al. 1998)
 * - `2nn`: two hidden layers of 200; 199,210 parameters (McMahan et al. 2017, arXiv:1602.05629)
 */
export type ModelName = 'mlp' | 'cnn' | '2nn';

export const MODEL_NAMES: readonly ModelName[] = ['mlp', 'cnn', '2nn'];

export interface BuildOptions {
  /** Shape of one sample; `cnn` needs [channels, height, width], at least 4 pixels each way. */
  inputShape: readonly number[];
  classes: number;
  /** Seed of the initial parameters; equal seeds give equal bytes on every machine. */
  seed: number;
}

/**
 * A model as ordinary ONNX bytes: input `x` [N, ...inputShape] float32, output `logits` [N, classes].
 *
 * Weights are uniform with He's bound before a ReLU (He et al. 2015, arXiv:1502.01852) and Glorot's at the
 * end (Glorot and Bengio 2010), biases zero.
 * @throws ChorusError `E_MODEL_SHAPE` if the model cannot take such samples
 */
export function buildModel(name: ModelName, { inputShape, classes, seed }: BuildOptions): Uint8Array {
  const unfit = (message: string, hint: string) =>
    new ChorusError('E_MODEL_SHAPE', message, {
      facts: { model: name, shape: inputShape.join('x'), classes },
      hint,
    });
  if (![...inputShape, classes].every((dim) => Number.isSafeInteger(dim) && dim > 0) || classes < 2) {
    throw unfit('a model needs positive dimensions and two classes', 'check the data');
  }
  const g = new GraphBuilder({ name });
  const layers = new Layers(g, random(seed, 0x1417));
  const x = g.input('x', 'float32', ['N', ...inputShape]);
  const values = valuesOf(inputShape);
  let logits: string;
  if (name === 'mlp' || name === '2nn') {
    const [first, second] = name === 'mlp' ? [64, 32] : [200, 200];
    if (values * first! > MAX_DIMENSION) throw unfit('the model would be too large', 'use smaller samples');
    let h = g.op('Flatten', [x], { axis: 1 });
    h = g.op('Relu', [layers.linear('fc1', h, values, first!)]);
    h = g.op('Relu', [layers.linear('fc2', h, first!, second!)]);
    logits = layers.linear('fc3', h, second!, classes, 'glorot');
  } else if (name === 'cnn') {
    const [channels, height, width] = inputShape;
    if (inputShape.length !== 3 || height! < 4 || width! < 4) {
      throw unfit(
        'convolutions need images of [channels, height, width]',
        'use the model mlp for other data',
      );
    }
    const pooled = 16 * Math.floor(Math.floor(height! / 2) / 2) * Math.floor(Math.floor(width! / 2) / 2);
    if (pooled * classes > MAX_DIMENSION) throw unfit('the model would be too large', 'use smaller images');
    let h = layers.convolution('conv1', x, channels!, 8);
    h = layers.convolution('conv2', h, 8, 16);
    h = g.op('Flatten', [h], { axis: 1 });
    logits = layers.linear('fc', h, pooled, classes, 'glorot');
  } else {
    throw new ChorusError('E_MODEL_UNKNOWN', 'no model of this name can be built', {
      facts: { model: String(name).slice(0, 60) },
      hint: `known are ${MODEL_NAMES.join(', ')}; any ONNX classifier can be given as a file`,
    });
  }
  g.output(logits, 'float32', ['N', classes], 'logits');
  return encodeModel(g.build());
}

class Layers {
  readonly #g: GraphBuilder;
  readonly #stream: Random;

  constructor(g: GraphBuilder, stream: Random) {
    this.#g = g;
    this.#stream = stream;
  }

  linear(name: string, x: string, from: number, to: number, rule: 'he' | 'glorot' = 'he'): string {
    const bound = Math.sqrt(6 / (rule === 'he' ? from : from + to));
    const weight = this.#uniform(`${name}.weight`, [from, to], bound);
    return this.#g.op('Gemm', [x, weight, this.#zeros(`${name}.bias`, to)]);
  }

  /** 5x5 with zero padding that keeps the size, ReLU, and 2x2 max pooling. */
  convolution(name: string, x: string, from: number, to: number): string {
    const weight = this.#uniform(`${name}.weight`, [to, from, 5, 5], Math.sqrt(6 / (from * 25)));
    const h = this.#g.op('Conv', [x, weight, this.#zeros(`${name}.bias`, to)], {
      kernel_shape: [5, 5],
      pads: [2, 2, 2, 2],
    });
    return this.#g.op('MaxPool', [this.#g.op('Relu', [h])], { kernel_shape: [2, 2], strides: [2, 2] });
  }

  #uniform(name: string, dims: number[], bound: number): string {
    const values = Float32Array.from({ length: valuesOf(dims) }, () => this.#stream.between(-bound, bound));
    return this.#g.initializer(name, dims, values);
  }

  #zeros(name: string, length: number): string {
    return this.#g.initializer(name, [length], new Float32Array(length));
  }
}
