import { type AgentMessage, ChorusError } from '@chorus/protocol';
import { Command } from 'commander';
import colors from 'yoctocolors';
import { isAgentId } from '../../agent/agent-id.ts';
import { callerSays, type ToolEvent } from '../../agent/ask.ts';
import { attach } from '../../agent/attach.ts';
import type { Answer } from '../../agent/call/answer.ts';
import type { ConnectedAgent } from '../../agent/call/connect.ts';
import { type CallPayment, callPayment, owedLine, paidLine } from '../../agent/call/payment.ts';
import { parseTarget, type Target } from '../../agent/call/target.ts';
import { answerDocument, failureOf, showRest, showSigner } from '../../agent/call/view.ts';
import { abortOnInterrupt } from '../../agent/interrupts.ts';
import { standardInput } from '../../agent/standard-input.ts';
import { toolLine } from '../../agent/tool-view.ts';
import { answerText } from '../../agent/view.ts';
import { EXIT, finish } from '../../environment/exit.ts';
import { integer } from '../../options/numbers.ts';
import { checkOutput } from '../../output/check-output.ts';
import { printJson } from '../../output/print.ts';
import { createSpinner } from '../../output/spinner.ts';
import { write } from '../../output/terminal.ts';

interface CallFlags {
  file: string[];
  context?: string;
  task?: string;
  timeout: string;
  pay?: string;
  yes?: boolean;
  bootstrap?: string[];
  home?: string;
  receipt?: string;
  json?: boolean;
}

const MAX_SECONDS = 86_400;

const each = (value: string, others: string[] = []) => [...others, value];

const HELP = `
TARGET is the number of an agent (chorus agent find), https://HOST/PATH/, or an agent of a node: libp2p://PEER/PATH/,
/p2p/PEER/PATH/, or with the address of its peer, /ip4/.../tcp/.../p2p/PEER/PATH/. Without that address the peer is found through --bootstrap, or the node on
this machine. Ctrl-C cancels the task at the agent. It ends with 1 if the agent refuses or fails.

A call that costs something is paid only with --pay, by the running node of --home or, if none runs, its wallet, within
agents.spend. A call that was paid for and got no answer is not paid again if the same command is repeated.

Examples:
  $ chorus agent call 7 'When does the ferry leave?'
  $ chorus agent call https://agents.example/harbour/ 'When does the ferry leave?'
  $ chorus agent call /p2p/12D3KooW.../agents/digits/ --file seven.png --json
  $ chorus agent call https://agents.example/harbour/ 'When does the ferry leave?' --pay '0.05 CHOR'`;

/** `chorus agent call`: ask an agent elsewhere. */
export function callCommand(): Command {
  return new Command('call')
    .description('ask an agent by A2A, over HTTP or libp2p; its card is checked first')
    .argument('<target>', 'number or address of the agent')
    .argument(
      '[text]',
      'what to ask; standard input if it is -, or missing and standard input is no terminal',
    )
    .option('--file <path>', 'attach a file to the message; may be repeated', each, [])
    .option('--context <id>', 'go on with this conversation')
    .option('--task <id>', 'answer what this task has asked')
    .option('--pay <sum>', "the most that this call may cost, such as '0.05 CHOR' or 0.05")
    .option('--yes', 'pay without a question, also above agents.spend.approveAbove')
    .option('--receipt <file>', 'keep the answer of a language model there, for chorus agent audit')
    .option('--timeout <seconds>', 'give up after this long, and cancel the task', '600')
    .option('--home <dir>', "find peers through this folder's node (the default node)")
    .option('--bootstrap <multiaddr>', 'peer through which the agent is found; may be repeated', each)
    .option('--json', 'one JSON document on standard output, at the end')
    .addHelpText('after', HELP)
    .action(callAction);
}

async function callAction(at: string, text: string | undefined, flags: CallFlags): Promise<void> {
  const seconds = integer('timeout', flags.timeout, 1, MAX_SECONDS);
  const message = await messageOf(text, flags.file);
  // An answer may have been paid for when it is kept.
  if (flags.receipt !== undefined) await checkOutput('--receipt', flags.receipt, 'answer.json');
  const stop = new AbortController();
  abortOnInterrupt(stop);
  setTimeout(() => stop.abort(tooLate(seconds)), seconds * 1000).unref();

  const hangUp = new AbortController();
  const target = await unlessStopped(stop.signal, targetOf(at, flags));
  const { context, task } = flags;
  const payment = await callPayment(flags, { at, message, context, task });
  const connecting = connect(target, { ...flags, payment }, seconds, hangUp.signal);
  const connected = await unlessStopped(stop.signal, connecting);
  let answer: Answer | null = null;
  try {
    if (target.kind === 'http') showSigner(connected);
    answer = await ask(connected, message, { ...flags, payment }, stop.signal, hangUp);
    if (flags.receipt !== undefined && answer.state === 'completed') {
      const { keepAnswer } = await import('../../agent/call/receipt.ts');
      await keepAnswer(flags.receipt, answer, message.text, connected);
    }
  } finally {
    await payment.close(answer?.state === 'failed').finally(() => connected.close());
    const paid = payment.paid();
    if (paid && !payment.isOver()) write(process.stderr, `${colors.dim(owedLine(paid))}\n`);
  }
  const paid = payment.paid();
  if (flags.json) printJson({ ...answerDocument(answer, connected), paid });
  else {
    showRest(answer);
    if (paid && payment.isOver()) write(process.stderr, `${colors.dim(paidLine(paid))}\n`);
  }
  const failure = failureOf(answer);
  if (failure) throw failure;
  await finish(EXIT.ok);
}

/** An address, or the number of an agent that the running node looks up. */
async function targetOf(at: string, { home }: CallFlags): Promise<Target> {
  if (!isAgentId(at)) return parseTarget(at);
  const { resolveAgentId } = await import('../../agent/directory/resolve.ts');
  return resolveAgentId(at, home === undefined ? {} : { home });
}

/** @throws ChorusError `E_USAGE`, `E_AGENT_INPUT` if there is nothing to ask */
async function messageOf(given: string | undefined, paths: readonly string[]): Promise<AgentMessage> {
  const files = await Promise.all(paths.map(attach));
  const isStdin = given === '-' || (given === undefined && files.length === 0);
  if (given === undefined && isStdin && process.stdin.isTTY) {
    throw new ChorusError('E_USAGE', 'there is nothing to ask', { hint: 'give a text, or --file PATH' });
  }
  const text = isStdin ? await standardInput() : (given ?? '');
  if (text.trim() === '' && files.length === 0) {
    throw new ChorusError('E_AGENT_INPUT', 'the message is empty', { hint: 'give a text, or --file PATH' });
  }
  return callerSays(text, files);
}

async function connect(
  target: Target,
  { home, bootstrap, payment }: CallFlags & { payment: CallPayment },
  seconds: number,
  signal: AbortSignal,
): Promise<ConnectedAgent> {
  const spinner = createSpinner();
  spinner.start('connecting');
  try {
    const { connectTarget } = await import('../../agent/call/connect.ts');
    const options = {
      timeoutMs: seconds * 1000,
      through: payment.through,
      ...(home ? { home } : {}),
      ...(bootstrap ? { bootstrap } : {}),
    };
    return await connectTarget(target, options, signal);
  } finally {
    spinner.stop();
  }
}

async function ask(
  { agent }: ConnectedAgent,
  message: AgentMessage,
  { context, task, json, payment: { messageId } }: CallFlags & { payment: CallPayment },
  stop: AbortSignal,
  hangUp: AbortController,
): Promise<Answer> {
  const { readAnswer } = await import('../../agent/call/answer.ts');
  let hasText = false;
  const onText = (part: string) => {
    if (json) return;
    hasText = true;
    write(process.stdout, answerText(part));
  };
  const onTool = (event: ToolEvent) => {
    const line = json ? null : toolLine(event);
    if (line !== null) write(process.stderr, line);
  };
  const at = {
    ...(context ? { contextId: context } : {}),
    ...(task ? { taskId: task } : {}),
    ...(messageId ? { messageId } : {}),
  };
  try {
    return await readAnswer(agent, message, { at, hangUp, stop, onText, onTool });
  } finally {
    // What follows, an error too, begins on a line of its own.
    if (hasText) write(process.stdout, '\n');
  }
}

/** What is given up because of a signal is left to the end of the process. */
async function unlessStopped<T>(stop: AbortSignal, work: Promise<T>): Promise<T> {
  const stopped = Promise.withResolvers<never>();
  stop.addEventListener('abort', () => stopped.reject(stop.reason), { once: true });
  return await Promise.race([work, stopped.promise]);
}

function tooLate(seconds: number): ChorusError {
  return new ChorusError('E_A2A_TIME', 'the agent did not answer in time', {
    facts: { seconds },
    hint: 'give it longer with --timeout SECONDS',
  });
}
