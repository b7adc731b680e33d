import { ChorusError } from '@chorus/protocol';
import { Command } from 'commander';
import { type HomeOptions, homeOptions } from '../../environment/home.ts';
import { withGovernance } from '../../governance/book.ts';
import { parameterLines } from '../../governance/parameter-view.ts';
import { listLines, proposalLines } from '../../governance/view.ts';
import { integer } from '../../options/numbers.ts';
import { print, printJson } from '../../output/table.ts';
import { addressOf } from '../../stake/choose.ts';

/** `chorus governance parameters [NAME]` */
export function parametersCommand(): Command {
  const command = new Command('parameters')
    .description('every parameter that a vote can change: its value, bounds, effect, and when it was set')
    .argument('[name]', 'only this one')
    .option('--token <address>', 'also the least stake of tasks in this token')
    .addHelpText(
      'after',
      '\nExamples:\n  $ chorus governance parameters\n  $ chorus governance parameters protocol-fee',
    )
    .action(async (name: string | undefined, { token, ...flags }: HomeOptions & { token?: string }) => {
      const query = token === undefined ? {} : { token: addressOf(token, '--token') };
      const { parameters } = await withGovernance(flags, { reads: true }, (book) => book.parameters(query));
      const shown = name === undefined ? parameters : parameters.filter((each) => each.name === name);
      if (shown.length === 0) {
        throw new ChorusError('E_USAGE', 'no parameter has this name', {
          facts: { given: name?.slice(0, 50) },
          hint: `give one of ${[...new Set(parameters.map((each) => each.name))].join(', ')}`,
        });
      }
      if (flags.json) printJson({ parameters: shown });
      else print(...parameterLines(shown).slice(0, -1));
    });
  return homeOptions(command);
}

/** `chorus governance list` */
export function listCommand(): Command {
  const command = new Command('list')
    .description('the newest proposals, and where they stand')
    .option('--last <n>', 'how many, at most 100', '20')
    .addHelpText('after', '\nExample:\n  $ chorus governance list --last 5')
    .action(async ({ last, ...flags }: HomeOptions & { last: string }) => {
      const count = integer('last', last, 1, 100);
      const { list, governance } = await withGovernance(flags, { reads: true }, async (book) => ({
        list: await book.proposals({ last: count }),
        governance: await book.governance(),
      }));
      if (flags.json) printJson(list);
      else print(...listLines(list, governance));
    });
  return homeOptions(command);
}

/** `chorus governance show NUMBER` */
export function showCommand(): Command {
  const command = new Command('show')
    .description('what a proposal does, where it stands, who voted, and what comes next')
    .argument('<proposal>', 'its number, or 0x and the beginning of its id')
    .addHelpText('after', '\nExamples:\n  $ chorus governance show 3\n  $ chorus governance show 0x3f2a9c1e')
    .action(async (reference: string, flags: HomeOptions) => {
      const named = checkReference(reference);
      const { proposal, governance, parameters } = await withGovernance(
        flags,
        { reads: true },
        async (book) => ({
          proposal: await book.proposal(named),
          governance: await book.governance(),
          ...(await book.parameters()),
        }),
      );
      if (flags.json) printJson(proposal);
      else print(...proposalLines(proposal, governance, parameters));
    });
  return homeOptions(command);
}

/** @throws ChorusError `E_USAGE` unless it can name a proposal */
export function checkReference(text: string): string {
  if (/^(0x[0-9a-fA-F]{4,64}|\d{1,78})$/.test(text)) return text;
  throw new ChorusError('E_USAGE', 'this names no proposal', {
    facts: { given: text.slice(0, 80) },
    hint: 'give its number, or 0x and at least four digits of its id: chorus governance list',
  });
}
