import type { AdminClient, JobAction } from '@chorus/admin-api';
import type { HomeOptions } from '../../environment/home.ts';
import { digestOfFile, payoutOf, sumOf } from '../../market/requests.ts';

/** What a step may be given. */
export interface StepFlags extends HomeOptions {
  dryRun?: boolean;
  payTo?: string;
  grounds?: string;
  answer?: string;
}

/** A step of a job as a command: what it sends, of what it was given. */
export interface Step {
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

/** The steps of a job in their order. */
export const STEPS: readonly Step[] = [
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
    description: 'vote in a dispute that your seat was drawn for; it is sealed until all have voted',
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
