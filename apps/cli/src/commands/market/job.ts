import { writeFile } from 'node:fs/promises';
import { type AdminClient, JOB_FILES, type JobAction } from '@chorus/admin-api';
import { ChorusError } from '@chorus/protocol';
import { Argument, Command, Option } from 'commander';
import { connectNode, type HomeOptions, homeOptions } from '../../environment/home.ts';
import { digestOfFile, payoutOf, sumOf } from '../../market/requests.ts';
import { costLines, jobLines, jobsTable } from '../../market/view.ts';
import { print, printJson } from '../../output/table.ts';
import { jobCreateCommand } from './job-create.ts';
import { jobWatchCommand } from './job-watch.ts';

interface StepFlags extends HomeOptions {
  dryRun?: boolean;
  payTo?: string;
  grounds?: string;
  answer?: string;
}

/** A step of a job as a command: what it sends, of what it was given. */
interface Step {
  name: string;
  description: string;
  example: string;
  argument?: [name: string, description: string];
  option?: [flags: string, description: string];
  /** Whether it takes money: then it has `--dry-run`. */
  costs?: 'budget' | 'bond';
  action(
    node: AdminClient,
    jobId: string,
    argument: string,
    flags: StepFlags,
  ): Promise<JobAction> | JobAction;
}

const STEPS: Step[] = [
  {
    name: 'provider',
    description: 'choose the provider of a job that has none (client)',
    example: 'provider 3 0xabc...',
    argument: ['address', 'wallet of the provider'],
    action: (_, __, provider) => ({ action: 'set-provider', provider }),
  },
  {
    name: 'budget',
    description: 'state the budget of an open job: client and provider agree by it',
    example: 'budget 3 12.5',
    argument: ['amount', 'in tokens'],
    action: async (node, jobId, text) => ({
      action: 'set-budget',
      budget: sumOf(text, (await node.job(jobId)).decimals),
    }),
  },
  {
    name: 'fund',
    description: 'pay the budget into escrow; refused if it is another one (client)',
    example: 'fund 3 12.5',
    argument: ['amount', 'the budget that you agree to, in tokens'],
    costs: 'budget',
    action: async (node, jobId, text) => ({
      action: 'fund',
      budget: sumOf(text, (await node.job(jobId)).decimals),
    }),
  },
  {
    name: 'submit',
    description: 'hand in what you made: the file is kept by this node, its digest is on chain (provider)',
    example: 'submit 3 report.pdf --pay-to agent:7',
    argument: ['file', 'what you made'],
    option: ['--pay-to <where>', 'an address, or agent:<number> for its till (this wallet)'],
    action: async (node, _, file, { payTo }) => ({
      action: 'submit',
      deliverable: await digestOfFile(node, file),
      ...(payTo === undefined ? {} : { payout: payoutOf(payTo) }),
    }),
  },
  {
    name: 'complete',
    description: 'accept what was submitted: the provider is paid at once (client)',
    example: 'complete 3',
    action: () => ({ action: 'complete' }),
  },
  {
    name: 'reject',
    description: 'take back an open job (client), give one up (provider), or decide against it (evaluator)',
    example: 'reject 3',
    action: () => ({ action: 'reject' }),
  },
  {
    name: 'dispute',
    description: 'have validators decide whether the deliverable is what was agreed; takes a bond (client)',
    example: 'dispute 3 --grounds why.md',
    option: ['--grounds <file>', 'what you say'],
    costs: 'bond',
    action: async (node, _, __, { grounds }) => ({
      action: 'dispute',
      ...(grounds === undefined ? {} : { grounds: await digestOfFile(node, grounds) }),
    }),
  },
  {
    name: 'defend',
    description: 'stand by what you submitted, with the same bond; if you do not, the client wins (provider)',
    example: 'defend 3 --answer answer.md',
    option: ['--answer <file>', 'what you say'],
    costs: 'bond',
    action: async (node, _, __, { answer }) => ({
      action: 'defend',
      ...(answer === undefined ? {} : { answer: await digestOfFile(node, answer) }),
    }),
  },
  {
    name: 'draw',
    description: 'draw the jury of a defended dispute; nodes of both parties do it by themselves',
    example: 'draw 3',
    action: () => ({ action: 'draw' }),
  },
  {
    name: 'vote',
    description: 'vote in a dispute that your seat was drawn for; nobody sees it before all have voted',
    example: 'vote 3 reject',
    argument: ['vote', 'complete: the provider is paid; reject: the client gets the budget back'],
    action: (_, __, vote) => ({ action: 'vote', vote: vote as 'complete' | 'reject' }),
  },
  {
    name: 'reveal',
    description: 'reveal your vote; a running node does it by itself',
    example: 'reveal 3',
    action: () => ({ action: 'reveal' }),
  },
  {
    name: 'settle',
    description: 'complete or reject a job whose window, or dispute, is over; anyone may',
    example: 'settle 3',
    action: () => ({ action: 'settle' }),
  },
  {
    name: 'refund',
    description: 'give the budget of an expired job back to its client; anyone may',
    example: 'refund 3',
    action: () => ({ action: 'refund' }),
  },
];

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
