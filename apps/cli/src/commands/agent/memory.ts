import { extname } from 'node:path';
import type { AgentMemory, Forgotten, MemoryQuery } from '@chorus/admin-api';
import { ChorusError } from '@chorus/protocol';
import { forgetMemory, loadAgent, readMemory, stateFolder } from '@chorus/service-agents/open';
import { Command } from 'commander';
import colors from 'yoctocolors';
import { answerText } from '../../agent/view.ts';
import { givenPath } from '../../environment/environment.ts';
import { EXIT, finish } from '../../environment/exit.ts';
import { connectNode, type HomeOptions, homeOptions } from '../../environment/home.ts';
import { print, printJson } from '../../output/print.ts';

interface Flags extends HomeOptions {
  caller?: string;
  all?: boolean;
}

const AGENT = 'name of an agent of the node; or an agent file, for the notes of chorus agent run';
const CALLER = 'the caller: peer:<peer id>, or owner for you in chorus agent run';

/** `chorus agent memory`: what an agent has noted of its callers. */
export function memoryCommand(): Command {
  const list = homeOptions(
    new Command('list')
      .description('list the callers that an agent has notes of, or the notes of one')
      .argument('<agent>', AGENT)
      .option('--caller <caller>', CALLER),
  )
    .addHelpText('after', '\nExample:\n  $ chorus agent memory list guide --caller peer:12D3KooW...')
    .action(listAction);
  const forget = homeOptions(
    new Command('forget')
      .description('delete what an agent has noted')
      .argument('<agent>', AGENT)
      .option('--caller <caller>', CALLER)
      .option('--all', 'of every caller'),
  )
    .addHelpText('after', '\nExample:\n  $ chorus agent memory forget guide --caller peer:12D3KooW...')
    .action(forgetAction);
  return new Command('memory')
    .description('what an agent has noted of its callers: list, and delete')
    .addCommand(list)
    .addCommand(forget);
}

async function listAction(agent: string, flags: Flags): Promise<void> {
  const memory = await memoryOf(agent, flags).read(queryOf(flags));
  if (flags.json) printJson(memory);
  else print(...linesOf(memory));
  await finish(EXIT.ok);
}

async function forgetAction(agent: string, flags: Flags): Promise<void> {
  if ((flags.caller === undefined) === (flags.all !== true)) {
    throw new ChorusError('E_USAGE', 'say whose notes are to be deleted', {
      hint: 'add --caller CALLER, or --all',
    });
  }
  const result = await memoryOf(agent, flags).forget(queryOf(flags));
  if (flags.json) printJson(result);
  else print(`deleted: ${result.forgotten} ${result.forgotten === 1 ? 'note' : 'notes'}`);
  await finish(EXIT.ok);
}

interface Memory {
  read(query: MemoryQuery): Promise<AgentMemory>;
  forget(query: MemoryQuery): Promise<Forgotten>;
}

/** Of a node's agent, or of one that runs from its file. */
function memoryOf(agent: string, flags: Flags): Memory {
  if (/^\.ya?ml$/i.test(extname(agent))) {
    const state = stateFolder(loadAgent(givenPath(agent, 'the agent file')));
    return { read: (query) => readMemory(state, query), forget: (query) => forgetMemory(state, query) };
  }
  return {
    read: async (query) => (await connectNode(flags)).agentMemory(agent, query),
    forget: async (query) => (await connectNode(flags)).forgetAgentMemory(agent, query),
  };
}

const queryOf = ({ caller }: Flags): MemoryQuery => (caller === undefined ? {} : { caller });

function linesOf({ callers, notes }: AgentMemory): string[] {
  if (callers.length === 0) return ['no notes'];
  if (notes) {
    return notes.map(({ id, text, written }) => {
      const words = answerText(text).replaceAll(/\s+/g, ' ');
      return `${colors.dim(`${id}  ${written.slice(0, 10)}`)}  ${words}`;
    });
  }
  return callers.map(
    ({ caller, notes: count, last }) =>
      `${caller}  ${count} ${count === 1 ? 'note' : 'notes'}, the last of ${last.slice(0, 10)}`,
  );
}
