import type { ParameterDocument } from '@chorus/admin-api';
import { boundsText, ChorusError, parseParameterValue, VALUE_FORMATS, valueText } from '@chorus/protocol';

/** A value that a person wrote, as the contract has it. @throws ChorusError `E_USAGE` */
export function parseValue(parameter: ParameterDocument, text: string): string {
  const parsed = parseParameterValue(parameter, text.trim());
  if (parsed !== null) return parsed;
  throw new ChorusError('E_USAGE', `${parameter.name} takes ${VALUE_FORMATS[parameter.unit]}`, {
    facts: { given: text.slice(0, 50) },
    hint: `it is ${valueText(parameter, parameter.value)} now; allowed: ${boundsText(parameter)}`,
  });
}

/** `NAME=VALUE`, or `NAME:TOKEN=VALUE` for the least stake of tasks in another token. @throws ChorusError `E_USAGE` */
export function parseChange(text: string): { name: string; token?: string; value: string } {
  const found = /^([a-z-]+)(?::(0x[0-9a-fA-F]{40}))?=(.+)$/.exec(text);
  if (found) {
    const [, name, token, value] = found;
    return { name: name!, value: value!, ...(token ? { token: token.toLowerCase() } : {}) };
  }
  throw new ChorusError('E_USAGE', 'this is not NAME=VALUE', {
    facts: { given: text.slice(0, 50) },
    hint: 'such as protocol-fee=2.5%; chorus governance parameters lists the names',
  });
}
