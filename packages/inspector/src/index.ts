/**
 * Reads a network, and never sends a transaction: what was proven in each round, why each member was paid, and
 * whether a model is the one that the settled rounds made.
 *
 * `history/` finds what settled rounds left (aggregates, Gram matrices) and checks it against the chain; the node's
 * training service uses it too.
 *
 * @packageDocumentation
 */

export { explainRound, type RoundExplanation } from './explain-round.ts';
export {
  type CheckedSummary,
  findSummary,
  hashOf,
  provenHash,
  type SummarySource,
} from './history/find-summary.ts';
export { writeSummaries } from './history/kept-summaries.ts';
export { networkPeers, type SummaryPeers } from './history/summary-peers.ts';
export {
  type InspectedChain,
  type Inspection,
  type NetworkSource,
  openNetwork,
  readInitialModel,
  settledRounds,
} from './inspection.ts';
export { type GetModelOptions, type GotModel, getModel } from './model-get.ts';
export {
  exportModel,
  type Ingredient,
  type ModelReport,
  modelFileBytes,
  rebuildModel,
  verifyModel,
} from './model-history.ts';
export { newestTask } from './newest-task.ts';
export {
  exportProof,
  type ListedRound,
  listProofs,
  openProofChecker,
  type ProvenRound,
  provenRound,
  publicValues,
  verifierFault,
  verifyFile,
} from './proven-round.ts';
export { measuredCosine, referenceLength, toCosine } from './records/cosine.ts';
export type { RoundMoney } from './records/money.ts';
export { reasonFor } from './records/reason.ts';
export type { Check } from './records/run-check.ts';
export { checkTrainedFile, isTrainedFile } from './trained-file.ts';
