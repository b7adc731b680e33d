/**
 * Words for what the admin API answers, for the programs that show it to people. Light: no schemas, and nothing of Node.
 *
 * @packageDocumentation
 */
export {
  bondOf,
  boundsText,
  isParameterName,
  parameterRule,
  parseParameterValue,
  VALUE_FORMATS,
  type ValueForm,
  valueText,
} from '@chorus/protocol';
export { IDENTITY_LINK_TEXTS, UNCOUNTED_TEXTS } from './identity-texts.ts';
export { JOB_STEP_TEXTS } from './job-step-texts.ts';
