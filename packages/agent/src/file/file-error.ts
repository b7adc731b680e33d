import { ChorusError, type ErrorCode } from '@chorus/protocol';
import type { Fault } from './fault.ts';

/** All that is wrong in an agent file. The first fault is in the message. */
export class AgentFileError extends ChorusError {
  readonly faults: readonly Fault[];

  constructor(source: string, faults: readonly Fault[], code: ErrorCode = 'E_AGENT_FILE') {
    const [first] = faults as [Fault];
    super(code, `${source}:${first.line}:${first.column}: ${sentenceOf(first)}`, {
      facts: faults.length > 1 ? { faults: faults.length } : {},
      hint: faults.length > 1 ? `${first.hint}; \`chorus agent check\` lists all faults` : first.hint,
    });
    this.faults = faults;
  }
}

/** A fault in one sentence, without its place. */
export function sentenceOf({ path, message }: Fault): string {
  return path === '' ? message : `"${path}" ${message}`;
}
