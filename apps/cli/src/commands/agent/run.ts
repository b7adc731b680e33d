import { randomUUID } from 'node:crypto';
import { type AgentExecutor, ChorusError } from '@chorus/protocol';
import { loadAgent } from '@chorus/service-agents/open';
import { Command } from 'commander';
import { Approver } from '../../agent/approval.ts';
import { ask, callerSays, type Reply, type ToolEvent } from '../../agent/ask.ts';
import { attach } from '../../agent/attach.ts';
import { chat } from '../../agent/chat.ts';
import { citationLines } from '../../agent/citation-view.ts';
import { documentNotes } from '../../agent/document-view.ts';
import { abortOnInterrupt } from '../../agent/interrupts.ts';
import { modelSource } from '../../agent/model-source.ts';
import { openAgent } from '../../agent/open-agent.ts';
import { standardInput } from '../../agent/standard-input.ts';
import { toolLine, toolNotes } from '../../agent/tool-view.ts';
import { answerText } from '../../agent/view.ts';
import { givenPath } from '../../environment/environment.ts';
import { EXIT, finish } from '../../environment/exit.ts';
import { type InspectOptions, inspectOptions } from '../../inspect/options.ts';
import { print, printJson } from '../../output/print.ts';
import { write } from '../../output/terminal.ts';

interface RunFlags extends InspectOptions {
  message?: string;
  file: string[];
  acceptTools?: boolean;
}

/** `chorus agent run`: talk to an agent here. */
export function runCommand(): Command {
  const command = new Command('run')
    .description('talk to an agent in this terminal; nothing leaves this machine but what its model is sent')
    .argument('<file>', 'the agent file')
    .option(
      '--message <text>',
      'ask this and end; without it, a conversation, or standard input if that is no terminal',
    )
    .option(
      '--file <path>',
      'attach a file to the message; may be repeated',
      (path: string, others: string[]) => [...others, path],
      [],
    )
    .option('--accept-tools', 'accept what the tools of the agent say of themselves now');
  return inspectOptions(command)
    .addHelpText(
      'after',
      '\nExamples:\n  $ chorus agent run harbour.yaml\n  $ chorus agent run digits.yaml --file seven.png --json',
    )
    .action(runAction);
}

async function runAction(file: string, flags: RunFlags): Promise<void> {
  const isOnce = flags.message !== undefined || flags.file.length > 0 || !process.stdin.isTTY;
  if (!isOnce && flags.json) {
    throw new ChorusError('E_USAGE', '--json needs one message', {
      hint: 'add --message TEXT or --file PATH',
    });
  }
  const agent = loadAgent(givenPath(file, 'the agent file'));
  const abort = new AbortController();
  abortOnInterrupt(abort);
  let executor: AgentExecutor | undefined;
  try {
    const approver = new Approver();
    const opened = await openAgent(agent, modelSource(flags, abort.signal), {
      acceptTools: flags.acceptTools ?? false,
      // Without a terminal there is no one to ask.
      ...(process.stdin.isTTY ? { approve: approver.approve } : {}),
    });
    executor = opened.executor;
    const { found, documents } = opened.resources;
    for (const line of [...toolNotes(found), ...documentNotes(documents)]) write(process.stderr, `${line}\n`);
    if (isOnce) await once(executor, flags, abort.signal);
    else await chat(executor, agent.definition.name, approver, abort.signal);
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : error;
  } finally {
    await executor?.close();
  }
  await finish(EXIT.ok);
}

/** @throws ChorusError `E_AGENT_INPUT` if the agent refuses the message */
async function once(executor: AgentExecutor, flags: RunFlags, signal: AbortSignal): Promise<void> {
  const files = await Promise.all(flags.file.map(attach));
  const text = flags.message ?? (files.length > 0 ? '' : await standardInput());
  let hasText = false;
  const show = (part: string) => {
    hasText = true;
    write(process.stdout, answerText(part));
  };
  const onTool = (event: ToolEvent) => {
    const line = toolLine(event);
    if (line !== null) write(process.stderr, line);
  };
  const question = { contextId: randomUUID(), message: callerSays(text, files), history: [], signal };
  let reply: Reply;
  try {
    reply = await ask(executor, flags.json ? question : { ...question, onText: show, onTool });
  } finally {
    // What follows, an error too, begins on a line of its own.
    if (hasText) write(process.stdout, '\n');
  }
  if (flags.json) printJson(reply);
  else if (reply.citations.length > 0) print('', ...citationLines(reply.citations));
  if (reply.rejected !== null) throw new ChorusError('E_AGENT_INPUT', reply.rejected);
}
