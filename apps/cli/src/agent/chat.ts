import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline/promises';
import type { AgentAttachment, AgentExecutor, AgentMessage } from '@chorus/protocol';
import colors from 'yoctocolors';
import { errorText, Interrupted } from '../environment/exit.ts';
import { harmless, write } from '../output/terminal.ts';
import type { Approver } from './approval.ts';
import { agentSaid, ask, callerSays } from './ask.ts';
import { attach } from './attach.ts';
import { citationLines } from './citation-view.ts';
import { toolLine } from './tool-view.ts';
import { answerText } from './view.ts';

const HELP = `/file PATH   attach a file to the next message
/reset       begin a new conversation
/quit        end (or Ctrl-D); Ctrl-C stops an answer`;

const say = (text: string) => write(process.stdout, text);

/**
 * A conversation in the terminal. Ctrl-C stops an answer, and between answers it ends the conversation.
 * @param approver is given this terminal to ask in
 * @param signal ends it, as another process asks
 * @throws Interrupted if Ctrl-C or the signal ended it
 */
export async function chat(
  executor: AgentExecutor,
  name: string,
  approver: Approver,
  signal: AbortSignal,
): Promise<void> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout, prompt: '> ' });
  approver.use((question, aborted) => terminal.question(harmless(question), { signal: aborted }));
  let answering: AbortController | null = null;
  let isInterrupted = false;
  let isClosed = false;
  terminal.once('close', () => {
    isClosed = true;
  });
  // The end of input may come while an answer is written.
  const prompt = () => {
    if (!isClosed) terminal.prompt();
  };
  terminal.on('SIGINT', () => {
    if (answering && !answering.signal.aborted) answering.abort(new Interrupted());
    else end();
  });
  const end = () => {
    isInterrupted = true;
    answering?.abort(new Interrupted());
    terminal.close();
  };
  signal.addEventListener('abort', end, { once: true });
  let conversation: { id: string; history: AgentMessage[] } = { id: randomUUID(), history: [] };
  let files: AgentAttachment[] = [];
  say(`${colors.bold(name)}  ${colors.dim('/help says what else can be typed')}\n`);
  prompt();
  // Lines that are typed during an answer wait for their turn.
  for await (const typed of terminal) {
    const line = typed.trim();
    if (line === '/quit') break;
    if (line === '/help') say(`${HELP}\n`);
    else if (line === '/reset') {
      conversation = { id: randomUUID(), history: [] };
      files = [];
    } else if (/^\/file\s/.test(line)) {
      const attached = await attach(line.slice(5).trim()).catch(report);
      if (attached) files.push(attached);
      if (attached) say(colors.dim(`${attached.name} (${attached.mediaType}) goes with the next message\n`));
    } else if (/^\/[a-z]+$/.test(line)) say(`there is no ${line}\n${HELP}\n`);
    else if (line !== '' || files.length > 0) {
      answering = new AbortController();
      const message = callerSays(line, files);
      files = [];
      const answered = await answer(executor, message, conversation, answering.signal).catch(report);
      answering = null;
      if (answered) conversation.history.push(message, answered);
    }
    prompt();
  }
  terminal.close();
  if (isInterrupted) throw new Interrupted();
}

/** @returns the answer; null if the agent refused the message */
async function answer(
  executor: AgentExecutor,
  message: AgentMessage,
  { id, history }: { id: string; history: readonly AgentMessage[] },
  signal: AbortSignal,
): Promise<AgentMessage | null> {
  const reply = await ask(executor, {
    contextId: id,
    message,
    history,
    signal,
    onText: (text) => say(answerText(text)),
    onTool: (event) => say(toolLine(event) ?? ''),
  });
  if (reply.rejected !== null) {
    say(`${colors.yellow('refused')} ${answerText(reply.rejected)}\n`);
    return null;
  }
  say('\n');
  const sources = citationLines(reply.citations);
  if (sources.length > 0) say(`\n${sources.join('\n')}\n`);
  return agentSaid(reply);
}

/** A failure ends an answer, not the conversation. */
function report(error: unknown): null {
  if (error instanceof Interrupted) say(colors.dim(' (stopped)\n'));
  else say(`\n${colors.red('error')} ${errorText(error)}\n`);
  return null;
}
