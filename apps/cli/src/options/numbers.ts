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
  });
}

/** An option's name as written on the command line. */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
