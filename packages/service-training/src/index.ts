/**
 * Federated training as a service of a node: it finds tasks, joins those its roles and data fit, and lives through
 * their rounds.
 *
 * ```
 * announce -> train -> commit -> reference -> vote -> aggregate -> prove -> settle -> recompute
 * ```
 *
 * Each stage is a file of `rounds/stages/` (announce: `tasks/`, vote: `rounds/votes/`); `TaskRunner` decides when
 * each is due, from chain state alone.
 *
 * @packageDocumentation
 */
export { looksAround } from './adversary/vectors.ts';
export * from './config/index.ts';
export { fitDataset } from './data/fit-data.ts';
export {
  type AddDataOptions,
  type AddedData,
  addData,
  DATA_FILE,
  examineData,
  listData,
  openData,
  type RegisteredData,
  removeData,
} from './data/registry.ts';
export type { EventJson } from './events/event-schema.ts';
export { type Level, logMessageOf, NODE_EVENTS } from './events/log-messages.ts';
export { TRAINING_EVENTS } from './events/training-catalogue.ts';
export type { EventSink, NodeEvent, Stage, TrainingEvent } from './events/training-events.ts';
export type { RoundQuery } from './journal/history.ts';
export { Journal, type JournalReader, type JournalTask } from './journal/journal.ts';
export type { RoundRecord, TokenTotals } from './journal/records.ts';
export type { RecordedStep, StepGate, StepName, StepPoint, StepState } from './journal/steps.ts';
export { independentValidators } from './policy/task-figures.ts';
export { createProving, type Proving } from './proving/proving.ts';
export { type StartOptions, startNode, type TrainingNode } from './service/start-node.ts';
export { type Training, type TrainingOptions, training } from './service/training.ts';
export { TrainingService } from './service/training-service.ts';
export { type OpenedStakes, openStakes, viewStakes } from './stakes/open-stakes.ts';
export { waitsFor } from './status/waits-for.ts';
export { publishTask, type TaskRequest } from './tasks/announce.ts';
