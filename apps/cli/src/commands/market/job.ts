import { writeFile } from 'node:fs/promises';
import { JOB_FILES } from '@chorus/admin-api';
import { ChorusError } from '@chorus/protocol';
import { Argument, Command, Option } from 'commander';
import { connectNode, type HomeOptions, homeOptions } from '../../environment/home.ts';
import { costLines, jobLines, jobsTable } from '../../market/view.ts';
import { print, printJson } from '../../output/table.ts';
import { jobCreateCommand } from './job-create.ts';
import { STEPS, type Step, type StepFlags } from './job-steps.ts';
import { jobWatchCommand } from './job-watch.ts';

/** `chorus market job`: every step of a job. */
export function jobCommand(): Command {
  const job = new Command('job').description(
    'jobs of this wallet: create, deliver, dispute, decide, be paid',
  );
  job.addCommand(homeOptions(listCommand()), { isDefault: true });
  job.addCommand(homeOptions(showCommand()));
  job.addCommand(homeOptions(jobCreateCommand()));
  for (const step of STEPS) job.addCommand(homeOptions(stepCommand(step)));
  job.addCommand(homeOptions(fetchCommand()));
  job.addCommand(homeOptions(jobWatchCommand()));
  return job;
}

function listCommand(): Command {
  return new Command('list')
    .description('the jobs that this node takes part in, and what each waits for')
    .addHelpText('after', '\nExample:\n  $ chorus market job list')
    .action(async (flags: HomeOptions) => {
      const { jobs } = await (await connectNode(flags)).jobs();
      if (flags.json) printJson({ jobs });
      else print(jobsTable(jobs));
    });
}

function showCommand(): Command {
  return new Command('show')
    .description('a job, its dispute, and what comes next')
    .argument('<job>', 'its number')
    .addHelpText('after', '\nExample:\n  $ chorus market job show 3')
    .action(async (jobId: string, flags: HomeOptions) => {
      const job = await (await connectNode(flags)).job(jobId);
      if (flags.json) printJson(job);
      else print(...jobLines(job));
    });
}

function stepCommand({ name, description, example, argument, option, costs, action }: Step): Command {
  const command = new Command(name)
    .description(description)
    .argument('<job>', 'its number: chorus market job list')
    .addHelpText('after', `\nExample:\n  $ chorus market job ${example}`);
  if (argument) {
    const made = new Argument(`<${argument[0]}>`, argument[1]);
    command.addArgument(name === 'vote' ? made.choices(['complete', 'reject']) : made);
  }
  if (option) command.addOption(new Option(...option));
  if (costs) command.option('--dry-run', 'only say what it costs, and what can become of it');
  return command.action(async (jobId: string, ...rest: unknown[]) => {
    const given = argument ? String(rest[0]) : '';
    const flags = rest[argument ? 1 : 0] as StepFlags;
    const node = await connectNode(flags);
    if (flags.dryRun && costs) {
      const [job, market] = await Promise.all([node.job(jobId), node.market()]);
      if (flags.json) printJson({ jobId, costs, amount: job[costs], token: job.token, fee: job.fee });
      else print(...costLines(costs, job, market));
      return;
    }
    const job = await node.actOnJob(jobId, await action(node, jobId, given, flags));
    if (flags.json) printJson(job);
    else print(...jobLines(job));
  });
}

function fetchCommand(): Command {
  return new Command('fetch')
    .description(
      'get the deliverable, or what a party says in a dispute, checked against its digest on chain',
    )
    .argument('<job>', 'its number')
    .argument('<file>', 'where to write it; a file that exists is not overwritten')
    .addOption(new Option('--what <what>', 'which file').choices(JOB_FILES).default('deliverable'))
    .addHelpText('after', '\nExample:\n  $ chorus market job fetch 3 report.pdf')
    .action(
      async (jobId: string, file: string, flags: HomeOptions & { what: (typeof JOB_FILES)[number] }) => {
        const bytes = await (await connectNode(flags)).jobFile(jobId, flags.what);
        await writeFile(file, bytes, { flag: 'wx' }).catch((cause) => {
          throw new ChorusError('E_USAGE', 'the file cannot be written', {
            facts: { path: file },
            hint: 'give a path at which there is no file',
            cause,
          });
        });
        if (flags.json) printJson({ jobId, file, bytes: bytes.length });
        else print(`${flags.what} of job ${jobId}: ${bytes.length} bytes in ${file}`);
      },
    );
}
