import type { ChildProcess } from 'node:child_process';
import { ChorusError, plainLine, withoutSecrets } from '@chorus/protocol';
import {
  type JSONRPCMessage,
  ReadBuffer,
  serializeMessage,
  type Transport,
} from '@modelcontextprotocol/client';
import { MAX_LAST_WORDS, MAX_RESPONSE_BYTES } from './limits.ts';
import { killGroup, type Program, startProgram } from './program.ts';

/** MCP on standard input and output of a program, which is killed when the transport closes. */
export class ProgramTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport['onmessage'];
  readonly #program: Program;
  readonly #buffer = new ReadBuffer({ maxBufferSize: MAX_RESPONSE_BYTES });
  #child: ChildProcess | null = null;
  #lastWords = '';
  #fault: ChorusError | null = null;

  constructor(program: Program) {
    this.#program = program;
  }

  /** With `stderr`, the SDK's mark of a transport over standard input and output: silence means an old server there. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  get stderr(): null {
    return null;
  }

  /** Why the program ended, or was ended; null while it runs. */
  get fault(): ChorusError | null {
    return this.#fault;
  }

  async start(): Promise<void> {
    const child = startProgram(this.#program);
    this.#child = child;
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-MAX_LAST_WORDS);
    });
    child.stdin!.on('error', () => {}); // its end says why
    child.stdout!.on('data', (chunk: Buffer) => this.#read(chunk));
    child.once('close', (code, signal) => this.#ended({ code, signal }));
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) => {
        this.#ended({ reason: error.message });
        reject(this.#fault);
      });
    });
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const { stdin } = this.#child ?? {};
    if (!stdin?.writable) throw this.#fault ?? new Error('the program has ended');
    if (!stdin.write(serializeMessage(message))) {
      await new Promise((resolve) => {
        stdin.once('drain', resolve);
        stdin.once('close', resolve);
      });
    }
  }

  async close(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('close', resolve));
    killGroup(child);
    await ended;
  }

  #read(chunk: Buffer): void {
    try {
      this.#buffer.append(chunk);
    } catch {
      this.#fault ??= new ChorusError('E_TOOL_RESPONSE', 'the tool server answers more than it may', {
        facts: { limit: MAX_RESPONSE_BYTES },
      });
      killGroup(this.#child!);
      return;
    }
    while (true) {
      try {
        const message = this.#buffer.readMessage();
        if (message === null) return;
        this.onmessage?.(message);
      } catch (error) {
        // A line that is no message, as of programs that log to standard output.
        this.onerror?.(error as Error);
      }
    }
  }

  #ended(facts: Record<string, unknown>): void {
    const says = plainLine(withoutSecrets(this.#lastWords.trim())).slice(-300) || undefined;
    this.#fault ??= new ChorusError('E_TOOL_UNAVAILABLE', 'the tool server has ended', {
      facts: { ...(facts as Record<string, string | number | null>), says },
      hint: 'try its command in a terminal, from the folder of the agent file',
    });
    this.#buffer.clear();
    this.onclose?.();
  }
}
