import type { LossOptions } from './loss.ts';
import type { DataTypeName, Shape } from './onnx/model.ts';
import type { OptimizerOptions } from './optimizer.ts';
import type { TrainableOption } from './trainable.ts';

/** Options of {@link differentiate}. */
export interface DifferentiateOptions {
  loss: LossOptions;
  /**
   * Which initialisers train: names, a pattern or a test. Default: every float initialiser of rank 1 or
   * more that the gradient reaches, running statistics excluded.
   */
  trainable?: TrainableOption;
  optimizer: OptimizerOptions;
  /** Scale all gradients together so that their norm is at most this. */
  clipNorm?: number;
  /** FedProx (Li et al. 2020): adds mu (p - anchor) to each gradient; `mu` and the anchors become inputs. */
  proximal?: boolean;
  /** SCAFFOLD (Karimireddy et al. 2020): adds a control tensor (server's minus own) to each gradient. */
  controlVariates?: boolean;
  /**
   * BatchNormalization in training: `batch` (default) normalises by the batch and updates the running
   * statistics; `running` uses the stored statistics as they are, which suits small batches and tuning.
   */
  batchNormalization?: 'batch' | 'running';
  /**
   * Name of a data file for frozen tensors of 1 KiB and more, which keeps the three files small and lets models
   * beyond 2 GiB be tuned. Write `frozen.parts` to it, in order, in the folder of the graphs' files.
   */
  frozenData?: string;
  /** Distinguishes the dropout masks of two runs; the masks depend on it and on the step alone. Default 0. */
  seed?: number;
}

/** A value that a caller feeds or fetches. */
export interface ValueSpec {
  readonly name: string;
  readonly dtype: DataTypeName;
  /** Numbers, or names of dimensions free at run time; `undefined` when even the rank is free. */
  readonly shape: Shape | undefined;
}

/** One trainable tensor and its place in the flat parameter vector. */
export interface ParameterSpec {
  readonly name: string;
  readonly dtype: 'float32' | 'float64';
  readonly shape: readonly number[];
  /** Number of elements. */
  readonly size: number;
  /** Elements before it in the parameter vector. */
  readonly offset: number;
  /** Values in the model file, row-major. */
  readonly initial: Float32Array | Float64Array;
}

/** One tensor that the optimiser, BatchNormalization or Dropout carries from step to step. */
export interface StateSpec {
  readonly name: string;
  readonly dtype: 'float32' | 'float64' | 'int64';
  readonly shape: readonly number[];
  /** Values before the first step: zeros, or the model's running statistics. */
  readonly initial: Float32Array | Float64Array | BigInt64Array;
}

/** A model's training graph: three ONNX models and everything needed to feed them. */
export interface TrainingGraph {
  /**
   * One optimiser step. Inputs: `dataInputs`, `labelInput`, `inputs.learningRate` (float32 scalar), every
   * parameter and state tensor by name, and what `proximal` and `controlVariates` add. Outputs: the
   * scalar `outputs.loss` and, per parameter and state tensor, its new value (`outputs.next`).
   */
  readonly step: Uint8Array;
  /**
   * K steps in one run. As `step`, but data and labels carry all N examples on axis 0, `inputs.index`
   * [K, B] int64 says which examples each step uses, and the learning rate is [K]. Outputs:
   * `outputs.losses` [K] and the parameters and state after the last step.
   */
  readonly epoch: Uint8Array | null;
  /** Why `epoch` is null. */
  readonly epochUnavailable?: string;
  /** Forward pass as in inference, and the loss. Inputs: data, labels, parameters, and state of the model. */
  readonly evaluate: Uint8Array;
  /** Trainable tensors in the order of the parameter vector: that of the model file. */
  readonly parameters: readonly ParameterSpec[];
  readonly state: readonly StateSpec[];
  /** The model's own inputs that the loss depends on. */
  readonly dataInputs: readonly ValueSpec[];
  /** Those that it does not depend on: `evaluate` takes them all the same, as the model does. */
  readonly otherInputs: readonly ValueSpec[];
  /** `null` when the model computes its loss itself. */
  readonly labelInput: ValueSpec | null;
  /** Content of the data file asked for by `frozenData`; `null` without it. */
  readonly frozen: { readonly location: string; readonly parts: readonly Uint8Array[] } | null;
  readonly inputs: {
    readonly learningRate: string;
    readonly index: string;
    /** FedProx strength, a float32 scalar; `null` without `proximal`. */
    readonly mu: string | null;
    /** Input with the anchor of each parameter; empty without `proximal`. */
    readonly anchors: ReadonlyMap<string, string>;
    /** Input with the control of each parameter; empty without `controlVariates`. */
    readonly controls: ReadonlyMap<string, string>;
    /** State that `evaluate` reads too: running statistics. */
    readonly evaluateState: readonly string[];
  };
  readonly outputs: {
    readonly loss: string;
    readonly losses: string;
    /** Name of the output with the new value of each parameter and state tensor. */
    readonly next: ReadonlyMap<string, string>;
    /** The model's own outputs, in `evaluate`. */
    readonly model: readonly ValueSpec[];
  };
}
