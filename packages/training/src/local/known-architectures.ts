import { type Attribute, type Model, parseModel, type Tensor, tensorNumbers } from '@chorus/autodiff';
import { ChorusError } from '@chorus/protocol';
import { buildModel, MODEL_NAMES, type ModelName } from '../model/build.ts';

/** Two outputs of one layer that measure nearly the same thing: what reads samples out of a sum of gradients. */
const ALIKE = 0.8;

/** Random vectors of fewer dimensions are alike now and then, and their means and norms say little. */
const FEW = 24;

/** Layers of more outputs are last ones, with an output for each class. */
const MOST_COMPARED = 1024;

/** How far the size of a layer's weights may be from that of a random initialisation, and an output's from its layer's. */
const SIZE_FACTOR = { layer: 1.5, output: 2 };

/**
 * Most that the mean of an output's weights may be from zero, in standard errors, and by how many deviations the squares of
 * a layer's may be more than chance: about one in a hundred thousand random models has more.
 */
const OFF_CENTRE = { output: 6, layer: 8 };

/**
 * Refuse a model whose updates could be made to carry single samples.
 *
 * The requester of a task chooses its model, and a model can be built so that its gradient is a list of its samples:
 * rows that measure the same thing with staggered biases (Fowl et al. 2021, arXiv:2110.13057), or outputs that hardly
 * any sample switches on (Boenisch et al. 2021, arXiv:2112.02918). So only the graphs that Chorus itself builds pass,
 * with parameters like those of a random initialisation: biases of zero, and of each layer no two outputs alike, none
 * off centre and none much stronger than the others. A model that was trained before does not pass.
 *
 * Not guaranteed: that nothing at all can be learned from an update. A model of few outputs may leak few samples, and
 * membership of a sample, or properties of the data, may show; noise is what bounds these.
 *
 * @returns the architecture
 * @throws ChorusError `E_MODEL_PRIVACY` for a graph or parameters that are not known to be harmless
 */
export function checkKnown(
  model: Model,
  data: { inputShape: readonly number[]; classes: number },
): ModelName {
  const signature = signatureOf(model);
  const known = knownLike(signature, data);
  const usual = parametersOf(known.built);
  for (const [i, [name, tensor]] of parametersOf(model).entries()) {
    const values = tensorNumbers(tensor);
    if (tensor.dims.length === 1 && values.some((value) => value !== 0)) {
      throw refuse('its biases do not begin at zero', { tensor: name });
    }
    if (tensor.dims.length < 2) continue;
    const rows = rowsOf(tensor.dims, values);
    checkSizes(name, rows, meanSquare(rowsOf(tensor.dims, tensorNumbers(usual[i]![1]))));
    if (rows[0]!.length < FEW) continue;
    checkCentred(name, rows);
    if (rows.length <= MOST_COMPARED) checkDifferent(name, rows);
  }
  return known.name;
}

/** @throws ChorusError `E_MODEL_PRIVACY` if it matches none */
function knownLike(
  signature: string,
  data: { inputShape: readonly number[]; classes: number },
): { name: ModelName; built: Model } {
  for (const name of MODEL_NAMES) {
    const built = build(name, data);
    if (built && signatureOf(built) === signature) return { name, built };
  }
  throw refuse('its graph is not a known one', {});
}

/** Null if the architecture cannot take such samples. */
function build(name: ModelName, data: { inputShape: readonly number[]; classes: number }): Model | null {
  try {
    return parseModel(buildModel(name, { ...data, seed: 0 }));
  } catch (error) {
    if (error instanceof ChorusError && error.code === 'E_MODEL_SHAPE') return null;
    throw error;
  }
}

/** Parameters in the order in which the graph takes them, which models of one signature share. */
function parametersOf({ graph }: Model): [name: string, tensor: Tensor][] {
  return graph.nodes.flatMap((node) =>
    node.inputs.flatMap((name): [string, Tensor][] => {
      const tensor = graph.initializers.get(name);
      return tensor ? [[name, tensor]] : [];
    }),
  );
}

/** Operators, attributes and shapes of a graph, without its names: two files of one architecture have the same. */
function signatureOf({ graph }: Model): string {
  const numbers = new Map<string, string>();
  const number = (name: string, what = `v${numbers.size}`): string => {
    if (name === '') return '';
    const known = numbers.get(name) ?? what;
    numbers.set(name, known);
    return known;
  };
  for (const { name, shape, dtype } of graph.inputs) {
    if (!graph.initializers.has(name)) number(name, `input:${dtype}:${shape?.slice(1).join('x')}`);
  }
  const nodes = graph.nodes.map((node) => {
    const inputs = node.inputs.map((name) => {
      const tensor = graph.initializers.get(name);
      return tensor ? `p${tensor.dtype}[${tensor.dims.join('x')}]` : number(name);
    });
    const attributes = [...node.attributes].map(([key, value]) => `${key}=${textOf(value)}`).sort();
    return `${node.domain}:${node.op}(${inputs})(${attributes})->${node.outputs.map((name) => number(name))}`;
  });
  return [...nodes, graph.outputs.map(({ name }) => number(name)).join()].join('\n');
}

function textOf(attribute: Attribute): string {
  return JSON.stringify(attribute, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : ArrayBuffer.isView(value) ? String(value) : value,
  );
}

/** The weights of each output of a layer: Gemm's are [in, out], a convolution's [out, in, ...]. */
function rowsOf(dims: readonly number[], values: readonly number[]): Float64Array[] {
  const outputs = dims.length === 2 ? dims[1]! : dims[0]!;
  const size = values.length / outputs;
  const at =
    dims.length === 2 ? (o: number, k: number) => k * outputs + o : (o: number, k: number) => o * size + k;
  return Array.from({ length: outputs }, (_, o) =>
    Float64Array.from({ length: size }, (_, k) => values[at(o, k)]!),
  );
}

/** Neither a layer nor an output of it is much stronger or weaker than at the start of training. */
function checkSizes(tensor: string, rows: readonly Float64Array[], usual: number): void {
  const layer = meanSquare(rows);
  if (!within(layer, usual, SIZE_FACTOR.layer)) {
    throw refuse('the weights of a layer are unusually large or small', { tensor });
  }
  if (rows[0]!.length < FEW) return;
  const output = rows.findIndex((row) => !within(meanSquare([row]), layer, SIZE_FACTOR.output));
  if (output >= 0)
    throw refuse('an output of a layer is much stronger or weaker than others', { tensor, output });
}

/**
 * Of weights around zero, sum / norm is about a normal number. Samples are seldom negative: other weights make dead
 * outputs.
 */
function checkCentred(tensor: string, rows: readonly Float64Array[]): void {
  const off = rows.map((row) => row.reduce((sum, weight) => sum + weight, 0) / Math.sqrt(dot(row, row)));
  const output = off.findIndex((z) => Math.abs(z) > OFF_CENTRE.output);
  const squares = off.reduce((sum, z) => sum + z * z, 0);
  if (output >= 0 || squares > rows.length + OFF_CENTRE.layer * Math.sqrt(2 * rows.length)) {
    throw refuse('the weights of a layer are off centre', { tensor, ...(output < 0 ? {} : { output }) });
  }
}

function checkDifferent(tensor: string, rows: readonly Float64Array[]): void {
  const norms = rows.map((row) => Math.sqrt(dot(row, row)));
  for (const [output, row] of rows.entries()) {
    for (let other = 0; other < output; other++) {
      if (Math.abs(dot(row, rows[other]!)) > ALIKE * norms[output]! * norms[other]!) {
        throw refuse('outputs of a layer measure the same thing', { tensor, output, other });
      }
    }
  }
}

function meanSquare(rows: readonly Float64Array[]): number {
  return rows.reduce((sum, row) => sum + dot(row, row), 0) / (rows.length * rows[0]!.length);
}

/** Whether two mean squares are of sizes within a factor of each other. */
function within(a: number, b: number, factor: number): boolean {
  return a > b / factor ** 2 && a < b * factor ** 2;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k]! * b[k]!;
  return sum;
}

function refuse(reason: string, facts: Record<string, string | number>): ChorusError {
  return new ChorusError(
    'E_MODEL_PRIVACY',
    `the model could be made to give private samples away: ${reason}`,
    {
      facts,
      hint: 'if you know the file, add its CID to training.privacy.bases; or set training.privacy.models to any if you trust who published the task, best with noise (training.privacy.minNoise)',
    },
  );
}
