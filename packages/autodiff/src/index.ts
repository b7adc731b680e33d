/**
 * Turns any ONNX model into an ONNX training graph that plain onnxruntime executes: forward pass, loss,
 * gradients and optimiser as ordinary operators.
 *
 * @packageDocumentation
 */
export { checkOperators } from './allowed.ts';
export { differentiate } from './differentiate.ts';
export { adaptWeights, insertLora, type LoraOptions, mergeLora } from './lora.ts';
export type { LossOptions } from './loss.ts';
export {
  type AttributeInput,
  float,
  floats,
  GraphBuilder,
  type TensorValues,
  tensorNumbers,
  tensorOf,
} from './onnx/builder.ts';
export { type ExternalTensors, encodeModel } from './onnx/encode.ts';
export * from './onnx/errors.ts';
export {
  type Attribute,
  DataType,
  type DataTypeName,
  type Dim,
  type Graph,
  type Model,
  type Node,
  type Shape,
  type Tensor,
  type ValueInfo,
} from './onnx/model.ts';
export { parseModel } from './onnx/parse.ts';
export type { ExternalDataReader } from './onnx/tensor-data.ts';
export { operatorTable, type SupportedOperator, supportedOperators } from './operators.ts';
export type { OptimizerOptions } from './optimizer.ts';
export { withParameters } from './parameters.ts';
export { boundTensors, type TensorBounds } from './shapes/bound.ts';
export type { ValueType } from './shapes/types.ts';
export { type TrainableOption, trainsByDefault } from './trainable.ts';
export type {
  DifferentiateOptions,
  ParameterSpec,
  StateSpec,
  TrainingGraph,
  ValueSpec,
} from './training-graph.ts';
export { untieEqual } from './untie/untie.ts';
