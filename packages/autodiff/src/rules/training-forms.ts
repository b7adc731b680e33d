import type { Node } from '../onnx/model.ts';
import { dropoutForm } from './dropout.ts';
import type { Emitter } from './emitter.ts';
import { batchNormalizationForm } from './normalisation.ts';
import type { GradientRule } from './rule.ts';
import { tiledMaxPoolForm } from './tiled-max-pool.ts';

/** What a training form may ask for. */
export interface FormContext {
  /** Position of the node in the forward pass: tells two dropouts apart. */
  readonly position: number;
  /** Whether BatchNormalization uses the batch's statistics. */
  readonly batchStatistics: boolean;
  /** Seed of random masks. */
  readonly seed: number;
  /** Carries an initialiser from step to step: `next` is its value after this step. */
  carry(name: string, next: string): void;
  /** An int64 scalar that grows by 1 each step. */
  randomStep(): string;
}

/**
 * Emits the training form of a node, with the node's own output names.
 *
 * @returns the gradient rule of what was emitted, or `undefined` when the node stays as it is
 */
export type TrainingForm = (node: Node, e: Emitter, form: FormContext) => GradientRule | undefined;

/** Operators that compute differently in training. */
export const TRAINING_FORMS: ReadonlyMap<string, TrainingForm> = new Map([
  ['BatchNormalization', batchNormalizationForm],
  ['Dropout', dropoutForm],
  ['MaxPool', tiledMaxPoolForm],
]);
