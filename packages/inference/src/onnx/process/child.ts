import { type ChildProcess, fork } from 'node:child_process';
import { getCompileCacheDir } from 'node:module';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ToHost } from '../jobs/messages.ts';

/** Variables that the process needs; it is given no other, such as the keys of endpoints. */
const INHERITED =
  /^(?:PATH|HOME|TMPDIR|TEMP|TMP|LD_LIBRARY_PATH|DYLD_.*|SystemRoot|LANG|LC_.*|NODE_EXTRA_CA_CERTS)$/i;

/** Pieces of memory of this size are mapped one by one: half a megabyte, as matrices of small models have. */
const MAPPED_BYTES = 2 ** 19;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

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
  running.add(child);
  child.once('error', () => running.delete(child));
  child.once('close', () => running.delete(child));
  return child;
}

/** A message to a process that is gone is dropped: the process reports its end, not the channel. */
export function post(child: ChildProcess, message: ToHost): void {
  if (child.connected) child.send(message, () => {});
}

function environment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => INHERITED.test(name));
  const compiled = getCompileCacheDir();
  return {
    ...Object.fromEntries(inherited),
    ...(compiled ? { NODE_COMPILE_CACHE: compiled } : {}),
    // Of glibc: large pieces go back to the system when they are freed. To open a model frees several times its memory.
    MALLOC_MMAP_THRESHOLD_: String(MAPPED_BYTES),
    // onnxruntime reports to its vendor unless this is set before its native library is loaded.
    ORT_DISABLE_TELEMETRY: process.env.ORT_DISABLE_TELEMETRY ?? '1',
  };
}
