import { Command } from 'commander';
import envPaths from 'env-paths';
import colors from 'yoctocolors';
import { diagnose, type Finding } from '../doctor/checks.ts';
import { diagnoseNode } from '../doctor/node-checks.ts';
import { EXIT } from '../environment/exit.ts';
import { type HomeOptions, homeOf, homeOptions } from '../environment/home.ts';
import { startProgress } from '../output/progress.ts';
import { write, writeJson } from '../output/terminal.ts';

const SIGN: Readonly<Record<Finding['state'], string>> = {
  ok: colors.green('ok     '),
  off: colors.dim('off    '),
  problem: colors.red('problem'),
};

/** `chorus doctor`: whether this machine and its node have what they need, and what to do about the rest. */
export function doctorCommand(): Command {
  return homeOptions(
    new Command('doctor').description(
      'whether this machine and its node have what they need (memory, disk, keys, GPUs; clock, ports, chain, contracts), and what to do about the rest',
    ),
  )
    .addHelpText('after', '\nExample:\n  $ chorus doctor')
    .action(async (flags: HomeOptions) => {
      const progress = startProgress('checking; drivers may take a while');
      const [node, machine] = await Promise.all([
        diagnoseNode(homeOf(flags)),
        diagnose(envPaths('chorus', { suffix: '' }).cache),
      ]).finally(() => progress.stop());
      const findings = [...node, ...machine];
      if (flags.json) writeJson(JSON.stringify({ findings }, null, 2));
      else for (const finding of findings) write(process.stdout, `${lineOf(finding)}\n`);
      process.exitCode = findings.some(({ state }) => state === 'problem') ? EXIT.unavailable : EXIT.ok;
    });
}

function lineOf({ what, state, found, todo }: Finding): string {
  const advice = todo ? `\n${' '.repeat(28)}${colors.dim(`-> ${todo}`)}` : '';
  return `${SIGN[state]}  ${what.padEnd(18)} ${found}${advice}`;
}
