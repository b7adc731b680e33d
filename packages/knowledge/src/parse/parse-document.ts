import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ChorusError, plainLine } from '@chorus/protocol';
import { inheritedEnvironment, killOnExit } from '@chorus/utils';
import { z } from 'zod';
import { MAX_DOCUMENT_BYTES, MAX_TEXT, PARSE_BYTES, PARSE_HEAP_MIB, PARSE_SECONDS } from '../limits.ts';
import type { DocumentKind, Section } from './document.ts';
import type { ToHost } from './messages.ts';

/** Interval at which the process is checked. */
const WATCH_MILLISECONDS = 100;

/** Its process may have been taken over by the document: what it sends is checked. */
const answerSchema = z.union([
  z.object({
    sections: z.array(z.object({ place: z.string().max(500).nullable(), text: z.string() })).max(1_000_000),
  }),
  z.object({ message: z.string(), hint: z.string().nullable(), isOurs: z.boolean() }),
]);

export interface ParseLimits {
  seconds: number;
  /** Resident memory, bytes; checked on Linux. */
  memoryBytes: number;
}

/**
 * The text of a document, in sections, read by a process of its own that is killed when it passes a limit.
 * @throws ChorusError `E_DOCUMENT` if it cannot be read; the signal's reason when aborted
 */
export async function parseDocument(
  kind: DocumentKind,
  bytes: Uint8Array,
  signal: AbortSignal,
  { seconds, memoryBytes }: ParseLimits = { seconds: PARSE_SECONDS, memoryBytes: PARSE_BYTES },
): Promise<Section[]> {
  signal.throwIfAborted();
  if (bytes.length > MAX_DOCUMENT_BYTES) {
    throw new ChorusError('E_DOCUMENT', 'the document is larger than one may be', {
      facts: { bytes: bytes.length, limit: MAX_DOCUMENT_BYTES },
      hint: 'split it, or remove it',
    });
  }
  const child = start();
  const answered = Promise.withResolvers<unknown>();
  const began = performance.now();
  const end = (error: unknown) => {
    answered.reject(error);
    child.kill('SIGKILL');
  };
  const onAbort = () => end(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const watch = setInterval(() => {
    if (performance.now() - began > 1000 * seconds) {
      end(unreadable('reading the document took longer than it may', { seconds }));
    } else if ((residentBytes(child.pid) ?? 0) > memoryBytes) {
      end(unreadable('the document needs more memory than it may', { limit: memoryBytes }));
    }
  }, WATCH_MILLISECONDS);
  child.once('message', answered.resolve);
  child.once('error', (cause) => end(unreadable('its reader cannot be started', {}, cause)));
  child.once('exit', (code, by) =>
    answered.reject(
      unreadable('its reader has ended: the document may be damaged, or made to harm', { code, by }),
    ),
  );
  try {
    child.send({ kind, bytes } satisfies ToHost, () => {});
    const answer = answerSchema.safeParse(await answered.promise);
    if (!answer.success) throw unreadable('its reader answers in no known form');
    if ('sections' in answer.data) return bounded(answer.data.sections);
    const { message, hint, isOurs } = answer.data;
    const words = plainLine(message);
    if (!isOurs)
      throw unreadable('the document is damaged, or of another kind than its name says', { reason: words });
    throw new ChorusError('E_DOCUMENT', words, hint === null ? {} : { hint: plainLine(hint) });
  } finally {
    clearInterval(watch);
    signal.removeEventListener('abort', onAbort);
    child.kill('SIGKILL');
  }
}

function bounded(sections: Section[]): Section[] {
  const length = sections.reduce((sum, { text }) => sum + text.length, 0);
  if (length <= MAX_TEXT) return sections;
  throw unreadable('the document has more text than one may have', { characters: length, limit: MAX_TEXT });
}

function unreadable(message: string, facts: ChorusError['facts'] = {}, cause?: unknown): ChorusError {
  return new ChorusError('E_DOCUMENT', message, { facts, cause, hint: 'check the document, or remove it' });
}

function start(): ChildProcess {
  const child = fork(fileURLToPath(new URL(`./host${extname(import.meta.url)}`, import.meta.url)), {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    execArgv: [
      ...process.execArgv.filter((argument) => !argument.startsWith('--inspect')),
      // It reads its own code, and does nothing else with files, programs and threads.
      '--permission',
      '--allow-fs-read=*',
      `--max-old-space-size=${PARSE_HEAP_MIB}`,
    ],
    env: inheritedEnvironment(),
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  killOnExit(child);
  return child;
}

/** Null where the system does not report it. */
function residentBytes(pid: number | undefined): number | null {
  if (pid === undefined || process.platform !== 'linux') return null;
  try {
    const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kibibytes === undefined ? null : Number(kibibytes) * 1024;
  } catch {
    return null;
  }
}
