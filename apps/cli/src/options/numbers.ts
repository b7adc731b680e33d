import { ChorusError } from '@chorus/protocol';

/**
 * The value of an option that takes a whole number.
 * @param name of the option, in camel case or as written, without leading dashes
 * @throws ChorusError `E_USAGE` naming the option and its range
 */
export function integer(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw new ChorusError('E_USAGE', `--${kebab(name)} must be an integer from ${least} to ${most}`, {
    facts: { given: text.slice(0, 40) },
    hint: `give a whole number from ${least} to ${most}`,
  });
}

/**
 * The value of an option that takes a number.
 * @throws ChorusError `E_USAGE` naming the option and its range
 */
export function decimal(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return value;
  throw new ChorusError('E_USAGE', `--${kebab(name)} takes a number from ${least} to ${most}`, {
    facts: { given: text.slice(0, 40) },
    hint: `give a number from ${least} to ${most}`,
  });
}

/**
 * The number of an agent's identity, as an argument.
 * @throws ChorusError `E_USAGE`
 */
export function agentNumber(text: string): string {
  if (/^\d{1,20}$/.test(text)) return text;
  throw new ChorusError('E_USAGE', 'this is not the number of an agent', {
    facts: { given: text.slice(0, 40) },
    hint: 'give its number, such as 7: `chorus agent find` has those of the network, `chorus agent list` your own',
  });
}

/**
 * A number of units, as an argument.
 * @throws ChorusError `E_USAGE`
 */
export function unitCount(text: string): string {
  if (/^[1-9]\d{0,7}$/.test(text)) return text;
  throw new ChorusError('E_USAGE', 'this is not a number of units', {
    facts: { given: text.slice(0, 40) },
    hint: 'units are whole: give a number from 1 to 99999999',
  });
}

/** An option's name as written on the command line. */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
