/**
 * A model and local data become an update: data sets, local training in onnxruntime, quantisation, and the
 * integer model all nodes agree on.
 *
 * @example
 * import { buildModel, createTrainer, quantise, syntheticDigits } from '@chorus/training';
 *
 * const dataset = syntheticDigits({ seed: 1, count: 1300 });
 * const model = buildModel('mlp', { inputShape: dataset.inputShape, classes: dataset.classes, seed: 0 });
 * const trainer = await createTrainer({
 *   model,
 *   loss: { kind: 'softmax-cross-entropy' },
 *   optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 },
 * });
 * const { delta } = await trainer.train({
 *   parameters: trainer.initial, dataset, epochs: 1, batchSize: 16, learningRate: 0.1, seed: 1,
 * });
 * const { vector, saturated } = quantise(delta, 2 ** -14);
 * await trainer.close();
 *
 * @packageDocumentation
 */
export {
  type ClassOptions,
  canonicalLabel,
  isNumbered,
  readClassNames,
  someOf,
} from './data/class-names.ts';
export { type CsvOptions, loadCsv } from './data/csv.ts';
export { isCsv } from './data/csv-dialect.ts';
export {
  createDataset,
  type Dataset,
  type FileDataset,
  type MemoryDataset,
  NO_LABEL,
  subset,
  type TextDataset,
} from './data/dataset.ts';
export { type DataDescription, describeDataset } from './data/describe.ts';
export { loadIdx } from './data/idx.ts';
export { decodeImage, type ImageOptions, type ImageShape, loadImages } from './data/images.ts';
export { forgetSamples, type KeepOptions, keptOr } from './data/kept-samples.ts';
export { type LoadOptions, loadDataset, loadParts } from './data/load.ts';
export { type DataReport, isWritten, type LeftOut } from './data/report.ts';
export { rewindowed } from './data/rewindow.ts';
export type { SpillOptions } from './data/sample-writer.ts';
export { readShard, writeShard } from './data/shard.ts';
export { parseSplit, type Split, splitIndices } from './data/split.ts';
export { loadText, textWindows } from './data/text.ts';
export { isOfChats, isOfText, textOf } from './data/text-of.ts';
export { eachNext, type LabelledTokens, tokenWindows } from './data/token-windows.ts';
export { type Device, type DeviceReport, devices } from './device/devices.ts';
export type { FetchableDataset } from './fetch/catalogue.ts';
export { type FetchOptions, fetchDataset } from './fetch/fetch-dataset.ts';
export type { ProcessLimits } from './jobs/limits.ts';
export {
  type AdapterOptions,
  type CarriedError,
  type EvaluateResult,
  type Foreign,
  type GraphOptions,
  type Loss,
  type Optimizer,
  type ParameterInfo,
  packError,
  type TrainingState,
  type TrainResult,
  unpackError,
} from './jobs/messages.ts';
export { type BuildOptions, buildModel, MODEL_NAMES, type ModelName } from './model/build.ts';
export {
  applyAggregate,
  createGlobalModel,
  decodeGlobalModel,
  encodeGlobalModel,
  type GlobalModel,
  globalParameters,
  modelDigest,
} from './model/global-model.ts';
export { graphOptions } from './model/graph-options.ts';
export { type Quantised, quantise, suggestScale } from './model/quantise.ts';
export { quantiseReference, squaredNorm } from './model/quantise-reference.ts';
export { readModelFile } from './model/read-model-file.ts';
export { windowOfModel } from './model/text-window.ts';
export { type TrainedFile, trainedModel } from './model/trained-model.ts';
export {
  DEFAULT_PRIVACY,
  epsilonOf,
  type PrivacySettings,
  type PrivateRun,
  privateRun,
} from './privacy/accountant.ts';
export { residentBytes } from './process/memory.ts';
export { killModels, modelMemory } from './process/model-process.ts';
export { random } from './random.ts';
export { type SyntheticOptions, syntheticDigits } from './synthetic-digits/synthetic.ts';
export { type EpochResult, removeCheckpoints } from './train/checkpoint.ts';
export { type TrainedModel, type TrainModelOptions, trainModel } from './train/train-model.ts';
export {
  createTrainer,
  type EvaluateOptions,
  type Trainer,
  type TrainerOptions,
  type TrainOptions,
} from './train/trainer.ts';
export { checkBatch, type TrialResult, tryModel } from './train/trial.ts';
