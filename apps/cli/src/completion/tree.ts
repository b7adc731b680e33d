import type { Command, Option } from 'commander';

/** A command as a shell completes it. */
export interface CompletionNode {
  /** The words up to the command: `chorus devnet up`. */
  path: string;
  name: string;
  description: string;
  commands: CompletionNode[];
  options: CompletionOption[];
}

export interface CompletionOption {
  /** `--home`, `-f`. */
  flags: string[];
  description: string;
  /** Words that it accepts; null if it takes no value; empty if any value is valid: the shell then offers files. */
  values: string[] | null;
}

/** What a shell has to know about a command and its subcommands. */
export function completionTree(command: Command, before = ''): CompletionNode {
  const path = `${before} ${command.name()}`.trim();
  return {
    path,
    name: command.name(),
    description: summary(command.description()),
    commands: command.commands.map((below) => completionTree(below, path)),
    options: [...command.options.filter(({ hidden }) => !hidden).map(optionOf), HELP],
  };
}

const HELP: CompletionOption = { flags: ['--help'], description: 'show help', values: null };

function optionOf(option: Option): CompletionOption {
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    description: summary(option.description),
    values: option.required || option.optional ? (option.argChoices ?? []) : null,
  };
}

/** A command and all its subcommands, the command first. */
export function everyNode(node: CompletionNode): CompletionNode[] {
  return [node, ...node.commands.flatMap(everyNode)];
}

/** The first sentence, short enough for a line. */
function summary(text: string): string {
  return text
    .split(/[.;:] /)[0]!
    .replace(/\s+/g, ' ')
    .slice(0, 80);
}
