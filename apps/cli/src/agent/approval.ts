import { createInterface } from 'node:readline/promises';
import type { Approval } from '@chorus/agent';
import colors from 'yoctocolors';
import { answerText } from './view.ts';

/** Longest shown input of a call. */
const SHOWN = 2_000;

type Ask = (question: string, signal: AbortSignal) => Promise<string>;

/** Asks the person at the terminal about calls that need the owner's approval. */
export class Approver {
  #ask: Ask = askOnce;

  /** A conversation asks in its own terminal. */
  use(ask: Ask): void {
    this.#ask = ask;
  }

  readonly approve = async ({ tool, input }: Approval, signal: AbortSignal): Promise<boolean> => {
    const written = answerText(JSON.stringify(input, null, 2)).slice(0, SHOWN);
    const question = `\n${colors.yellow('approve')} the agent wants to call ${tool} with\n${written}\n[y/N] `;
    const answer = await this.#ask(question, signal);
    return /^\s*y(?:es)?\s*$/i.test(answer);
  };
}

async function askOnce(question: string, signal: AbortSignal): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // The end of input is no yes.
  const ended = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  try {
    return await Promise.race([terminal.question(question, { signal }), ended]);
  } finally {
    terminal.close();
  }
}
