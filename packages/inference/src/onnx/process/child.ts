import { type ChildProcess, fork } from 'node:child_process';
import { getCompileCacheDir } from 'node:module';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inheritedEnvironment, killOnExit } from '@chorus/utils';
import type { ToHost } from '../jobs/messages.ts';

/** Variables that the process needs more than others. */
const LIBRARIES = /^(?:LD_LIBRARY_PATH|DYLD_.*|NODE_EXTRA_CA_CERTS)$/i;

/** Pieces of memory of this size are mapped one by one: half a megabyte, as matrices of small models have. */
const MAPPED_BYTES = 2 ** 19;

/** Starts the process of `host.ts`; it is killed when this process exits. */
export function startChild(): ChildProcess {
  const child = fork(fileURLToPath(new URL(`./host${extname(import.meta.url)}`, import.meta.url)), {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: process.execArgv.filter((argument) => !argument.startsWith('--inspect')),
    env: environment(),
    // Detached from the terminal's signals: only the agent ends it.
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  killOnExit(child);
  return child;
}

/** A message to a process that is gone is dropped: the process reports its end, not the channel. */
export function post(child: ChildProcess, message: ToHost): void {
  if (child.connected) child.send(message, () => {});
}

function environment(): NodeJS.ProcessEnv {
  const compiled = getCompileCacheDir();
  return {
    ...inheritedEnvironment(LIBRARIES),
    ...(compiled ? { NODE_COMPILE_CACHE: compiled } : {}),
    // Of glibc: large pieces go back to the system when they are freed. To open a model frees several times its memory.
    MALLOC_MMAP_THRESHOLD_: String(MAPPED_BYTES),
    // onnxruntime reports to its vendor unless this is set before its native library is loaded.
    ORT_DISABLE_TELEMETRY: process.env.ORT_DISABLE_TELEMETRY ?? '1',
  };
}
