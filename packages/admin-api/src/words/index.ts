/**
 * Words for what the admin API answers, for the programs that show it to people. Light: no schemas, and nothing of Node.
 *
 * @packageDocumentation
 */
export {
  ADDRESS_PATTERN,
  bondOf,
  boundsText,
  exactAmount,
  parseParameterValue,
  VALUE_FORMATS,
  valueText,
} from '@chorus/protocol';
export { EXPLORER_PATH } from './explorer-path.ts';
export { IDENTITY_LINK_TEXTS, UNCOUNTED_TEXTS } from './identity-texts.ts';
export { JOB_STEP_TEXTS } from './job-step-texts.ts';
export { trainedTasks } from './trained-tasks.ts';
export { valueFormOf } from './value-form.ts';
