import { Argument, Command } from 'commander';
import { completionScript, SHELLS, type Shell } from '../completion/scripts.ts';
import { completionTree } from '../completion/tree.ts';

/** `chorus completion`: a script for the shell, made from the commands themselves. */
export function completionCommand(): Command {
  return new Command('completion')
    .description('print a script that makes a shell complete this command')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .option('--json', 'the tree of commands it is made from')
    .addHelpText(
      'after',
      '\nExamples:\n  $ chorus completion bash > ~/.local/share/bash-completion/completions/chorus\n' +
        '  $ chorus completion zsh > ~/.zfunc/_chorus\n' +
        '  $ chorus completion fish > ~/.config/fish/completions/chorus.fish',
    )
    .action(function (this: Command, shell: Shell, { json }: { json?: boolean }) {
      const tree = completionTree(this.parent!);
      process.stdout.write(json ? `${JSON.stringify(tree, null, 2)}\n` : completionScript(shell, tree));
    });
}
