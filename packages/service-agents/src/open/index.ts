/**
 * An agent file and its model, opened: by a node that serves it, and by a program that runs it once.
 *
 * @packageDocumentation
 */
export type { AnswerCheck } from './answer-checks.ts';
export { type AnswerAudit, auditAnswer } from './audit-answer.ts';
export { type KeptAnswer, keptAnswerText, readKeptAnswer } from './kept-answer.ts';
export { type LoadedAgent, loadAgent } from './load-agent.ts';
export { forgetMemory, readMemory } from './memory.ts';
export { type ModelSource, openEngine } from './open-engine.ts';
export {
  inspectTools,
  type OpenedResources,
  openDocuments,
  openResources,
  stateFolder,
} from './open-resources.ts';
export { looksLikeText, type TaskModel, taskModel } from './task-model.ts';
export type { FoundTool } from './tools/open-tools.ts';
