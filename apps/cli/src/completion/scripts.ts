import { type CompletionNode, everyNode } from './tree.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** A script that makes a shell complete the command. */
export function completionScript(shell: Shell, tree: CompletionNode): string {
  return { bash, zsh, fish }[shell](tree);
}

/** `'it''s'` as a shell reads it. */
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** Patterns of a `case`, one branch for each path whose previous word is an option that takes a value. */
function valueBranches(
  tree: CompletionNode,
  branch: (pattern: string, values: readonly string[]) => string,
): string[] {
  return everyNode(tree).flatMap((node) =>
    node.options.flatMap(({ flags, values }) =>
      values === null ? [] : [branch(flags.map((flag) => `"${node.path}:${flag}"`).join('|'), values)],
    ),
  );
}

const pathPatterns = (tree: CompletionNode) =>
  everyNode(tree)
    .slice(1)
    .map(({ path }) => `"${path}"`)
    .join('|');

function bash(tree: CompletionNode): string {
  const values = valueBranches(
    tree,
    (pattern, words) =>
      `    ${pattern}) COMPREPLY=(${words.length > 0 ? ` $(compgen -W ${quoted(words.join(' '))} -- "$cur") ` : ''}); return;;`,
  );
  const words = everyNode(tree).map(({ path, commands, options }) => {
    const list = [...commands.map(({ name }) => name), ...options.flatMap(({ flags }) => flags)].join(' ');
    return `    "${path}") COMPREPLY=( $(compgen -W ${quoted(list)} -- "$cur") );;`;
  });
  return `# bash completion of ${tree.name}; made by \`${tree.name} completion bash\`
_${tree.name}() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" at="${tree.name}" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
      ${pathPatterns(tree)}) at="$at \${COMP_WORDS[i]}";;
    esac
  done
  case "$at:$prev" in
${values.join('\n')}
  esac
  case "$at" in
${words.join('\n')}
  esac
}
complete -o default -F _${tree.name} ${tree.name}
`;
}

function zsh(tree: CompletionNode): string {
  const values = valueBranches(tree, (pattern, words) => {
    const offer = words.length > 0 ? `compadd -- ${words.map(quoted).join(' ')}` : '_files';
    return `    (${pattern}) ${offer}; return;;`;
  });
  const item = (name: string, description: string) => quoted(`${name.replaceAll(':', '\\:')}:${description}`);
  const words = everyNode(tree).map(({ path, commands, options }) => {
    const below = commands.map(({ name, description }) => item(name, description)).join(' ');
    const flags = options.flatMap((o) => o.flags.map((flag) => item(flag, o.description))).join(' ');
    return `    ("${path}") below=(${below}); flags=(${flags});;`;
  });
  return `#compdef ${tree.name}
# zsh completion of ${tree.name}; made by \`${tree.name} completion zsh\`
_${tree.name}() {
  local -a below flags
  local at=${tree.name} i
  for (( i = 2; i < CURRENT; i++ )); do
    case "$at \${words[i]}" in
      (${pathPatterns(tree)}) at="$at \${words[i]}";;
    esac
  done
  case "$at:\${words[CURRENT-1]}" in
${values.join('\n')}
  esac
  case "$at" in
${words.join('\n')}
  esac
  if [[ \${words[CURRENT]} == -* ]]; then
    _describe -o option flags
  elif (( $#below )); then
    _describe command below
  else
    _files
  fi
}
if [[ $funcstack[1] == _${tree.name} ]]; then _${tree.name} "$@"; else compdef _${tree.name} ${tree.name}; fi
`;
}

function fish(tree: CompletionNode): string {
  const lines = everyNode(tree).flatMap((node) => {
    const at = conditionOf(node, tree);
    return [
      ...node.commands.map(
        ({ name, description }) =>
          `complete -c ${tree.name} -n ${quoted(at)} -f -a ${name} -d ${quoted(description)}`,
      ),
      ...node.options.map(({ flags, description, values }) => {
        const names = flags.map((flag) =>
          flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
        );
        const takes = values === null ? '' : values.length > 0 ? ` -x -a ${quoted(values.join(' '))}` : ' -r';
        return `complete -c ${tree.name} -n ${quoted(at)} ${names.join(' ')}${takes} -d ${quoted(description)}`;
      }),
    ];
  });
  return `# fish completion of ${tree.name}; made by \`${tree.name} completion fish\`\n${lines.join('\n')}\n`;
}

/** Condition that this command is being typed: its words were seen, and no subcommand was. */
function conditionOf(node: CompletionNode, tree: CompletionNode): string {
  if (node === tree) return '__fish_use_subcommand';
  const seen = node.path
    .split(' ')
    .slice(1)
    .map((word) => `__fish_seen_subcommand_from ${word}`);
  const below = node.commands.map(({ name }) => name);
  const not = below.length > 0 ? [`not __fish_seen_subcommand_from ${below.join(' ')}`] : [];
  return [...seen, ...not].join('; and ');
}
