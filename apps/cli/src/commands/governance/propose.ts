import type { ProposeRequest } from '@chorus/admin-api';
import { ChorusError } from '@chorus/protocol';
import { Command } from 'commander';
import colors from 'yoctocolors';
import { type HomeOptions, homeOptions } from '../../environment/home.ts';
import { type GovernanceBook, withGovernance } from '../../governance/book.ts';
import { parseChange, parseValue } from '../../governance/values.ts';
import { courseLines, doesLines, exactVotes } from '../../governance/view.ts';
import { print, printJson } from '../../output/table.ts';

interface ProposeFlags extends HomeOptions {
  title: string;
  description?: string;
  name?: string[];
  call?: string;
  data?: string;
  dryRun?: boolean;
}

const EXAMPLES = `
The running node sends the transaction; if none runs, this command unlocks the wallet, and no node can start meanwhile.

Examples:
  $ chorus governance propose protocol-fee=2% --title 'A fee of 2 %' --description 'It pays for audits' --dry-run
  $ chorus governance propose contest-window=30min unbonding-period=2h --title 'Shorter windows'
  $ chorus governance propose minimum-stake=10 missed-rounds=2 --title 'Stricter tasks'`;

const collect = (value: string, all: string[] = []): string[] => [...all, value];

/** `chorus governance propose NAME=VALUE...` */
export function proposeCommand(): Command {
  const command = new Command('propose')
    .description(
      'propose new values of parameters to a vote; bounds and your votes are checked before it is sent',
    )
    .argument(
      '[changes...]',
      'NAME=VALUE, with the unit; NAME:TOKEN=VALUE for the least stake in another token',
    )
    .requiredOption('--title <text>', 'one line that voters read first, at most 120 characters')
    .option('--description <text>', 'why; at most 3800 characters')
    .option('--name <name=address>', 'give a contract a name by which clients find it, for ever', collect)
    .option(
      '--call <address>',
      'call another contract; voters see what it does only if it is one of this network',
    )
    .option('--data <hex>', 'data of that call')
    .option('--dry-run', 'check everything, show what voters will see, and send nothing')
    .addHelpText('after', EXAMPLES)
    .action(proposeAction);
  return homeOptions(command);
}

async function proposeAction(changes: string[], flags: ProposeFlags): Promise<void> {
  const { dryRun = false } = flags;
  const wanted = changes.map(parseChange);
  const rest = {
    title: oneLine(flags.title),
    description: flags.description ?? '',
    contracts: (flags.name ?? []).map(namedContract),
    calls: callsOf(flags),
    dryRun,
  };
  if (rest.description.length > 3800) throw usage('--description is longer than 3800 characters');
  const { result, parameters } = await withGovernance(flags, { reads: dryRun }, async (book) => {
    const request: ProposeRequest = { ...rest, changes: await valuesOf(wanted, book) };
    return { result: await book.propose(request), ...(await book.parameters()) };
  });
  if (flags.json) return printJson(result);
  const { number, short, transaction, governance } = result;
  print(
    dryRun
      ? `This would be proposed, by ${exactVotes(result.votes, governance)} of the ${exactVotes(governance.threshold, governance)} needed; nothing was sent:`
      : `Proposal ${number} (${short}) is made, in ${transaction}:`,
    `  ${colors.bold(rest.title)}`,
    ...doesLines(result, parameters),
    '',
    ...courseLines(result),
  );
}

/** What was written, as the contracts have it. */
async function valuesOf(wanted: ReturnType<typeof parseChange>[], book: GovernanceBook) {
  return Promise.all(
    wanted.map(async ({ name, token, value }) => {
      const { parameters } = await book.parameters(token === undefined ? {} : { token });
      const found = parameters.find(
        (each) => each.name === name && (token === undefined || each.token === token),
      );
      if (!found) {
        throw new ChorusError('E_USAGE', 'no parameter has this name', {
          facts: { given: name.slice(0, 50) },
          hint: `give one of ${[...new Set(parameters.map((each) => each.name))].join(', ')}`,
        });
      }
      const of = name === 'minimum-stake' && found.token ? { token: found.token } : {};
      return { name, ...of, value: parseValue(found, value) };
    }),
  );
}

function namedContract(text: string): { name: string; address: string } {
  const found = /^([\w-]{1,64})=(0x[0-9a-fA-F]{40})$/.exec(text);
  if (found) return { name: found[1]!, address: found[2]! };
  throw usage('--name takes NAME=ADDRESS, such as AgentTills=0xabc...', text);
}

function callsOf({ call, data }: ProposeFlags): { target: string; data: string }[] {
  if (call === undefined) {
    if (data !== undefined) throw usage('--data needs --call ADDRESS');
    return [];
  }
  if (!/^0x[0-9a-fA-F]{40}$/.test(call)) throw usage('--call takes an address', call);
  if (!/^0x([0-9a-fA-F]{2}){0,4096}$/.test(data ?? '0x'))
    throw usage('--data takes 0x and hexadecimal digits');
  return [{ target: call, data: data ?? '0x' }];
}

function oneLine(title: string): string {
  const text = title.trim();
  if (text === '' || text.length > 120 || /[\r\n]/.test(text)) {
    throw usage('--title takes one line of at most 120 characters');
  }
  return text;
}

const usage = (message: string, given?: string) =>
  new ChorusError('E_USAGE', message, given === undefined ? {} : { facts: { given: given.slice(0, 80) } });
