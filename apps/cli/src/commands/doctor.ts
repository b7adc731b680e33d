import { Command } from 'commander';
import envPaths from 'env-paths';
import ora from 'ora';
import colors from 'yoctocolors';
import { diagnose, type Finding } from '../doctor/checks.ts';
import { EXIT } from '../exit.ts';
import { write } from '../terminal.ts';

const SIGN: Readonly<Record<Finding['state'], string>> = {
  ok: colors.green('ok     '),
  off: colors.dim('off    '),
  problem: colors.red('problem'),
};

/** `chorus doctor`: what of this machine can be used, and what to do about the rest. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('what of this machine can be used (Node, memory, disk, keys, GPUs), and why the rest cannot')
    .option('--json', 'one JSON document on standard output')
    .addHelpText('after', '\nExample:\n  $ chorus doctor')
    .action(async ({ json }: { json?: boolean }) => {
      const spinner = ora({ text: 'looking; drivers may take a while', stream: process.stderr }).start();
      const findings = await diagnose(envPaths('chorus', { suffix: '' }).cache).finally(() => spinner.stop());
      if (json) process.stdout.write(`${JSON.stringify({ findings }, null, 2)}\n`);
      else for (const finding of findings) write(process.stdout, `${lineOf(finding)}\n`);
      process.exitCode = findings.some(({ state }) => state === 'problem') ? EXIT.unavailable : EXIT.ok;
    });
}

function lineOf({ what, state, found, todo }: Finding): string {
  const advice = todo ? `\n${' '.repeat(28)}${colors.dim(`-> ${todo}`)}` : '';
  return `${SIGN[state]}  ${what.padEnd(18)} ${found}${advice}`;
}
