import { spawnSync } from 'node:child_process';
import { Command, Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../program.ts';
import { completionScript, SHELLS } from './scripts.ts';
import { completionTree, everyNode } from './tree.ts';

const script = completionScript('bash', completionTree(await createProgram()));

/** What bash offers after these words. */
function offered(...words: string[]): string[] {
  const { stdout, stderr } = spawnSync(
    'bash',
    [
      '-c',
      `${script}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _chorus; printf '%s\\n' "\${COMPREPLY[@]}"`,
      'bash',
      'chorus',
      ...words,
    ],
    { encoding: 'utf8' },
  );
  expect(stderr).toBe('');
  return stdout.split('\n').filter(Boolean);
}

describe('completion', () => {
  it('completion offers commands, subcommands, options and the values of options', () => {
    expect(offered('st')).toEqual(expect.arrayContaining(['start', 'stop', 'status']));
    expect(offered('devnet', '')).toEqual(expect.arrayContaining(['up', 'down', 'status']));
    expect(offered('--json', 'devnet', 'u')).toEqual(['up']);
    expect(offered('init', '--ro')).toEqual(['--roles']);
    expect(offered('init', '--network', '')).toEqual(['devnet', 'custom']);
    expect(offered('init', '--home', '')).toEqual([]);
  });

  it('completion knows every command of the program, in each shell', async () => {
    const tree = completionTree(await createProgram());
    for (const shell of SHELLS) {
      const text = completionScript(shell, tree);
      for (const { name } of everyNode(tree)) expect(text, `${shell} ${name}`).toContain(name);
    }
  });

  it('completion works with quotes and colons in descriptions', () => {
    const program = new Command('tool').addCommand(
      new Command('go')
        .description("it's `x` $(touch /tmp/never): a:b")
        .addOption(new Option('--how <kind>', "don't").choices(['a', 'b'])),
    );
    for (const shell of SHELLS) {
      const text = completionScript(shell, completionTree(program));
      // zsh and fish quote alike; bash reads neither's builtins but can check their quotes.
      if (shell !== 'fish')
        expect(spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' }).stderr).toBe('');
      expect(text).not.toMatch(/[^\\]"[^"']*\$\(touch/);
    }
  });
});
