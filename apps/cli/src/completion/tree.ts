import type { Command, Option } from 'commander';

/** A command as a shell completes it. */
export interface CompletionNode {
  /** The words up to it: `chorus devnet up`. */
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
  /** Words it takes; null where it takes none, empty where anything goes: files are offered. */
  values: string[] | null;
}

/** What a shell has to know of a command and those below it. */
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

const HELP: CompletionOption = { flags: ['--help'], description: 'how it is used', values: null };

function optionOf(option: Option): CompletionOption {
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    description: summary(option.description),
    values: option.required || option.optional ? (option.argChoices ?? []) : null,
  };
}

/** Everything below a command, itself first. */
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
