import * as fs from 'node:fs';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { bindings, CircomRunner } from 'circom2';

const require = createRequire(import.meta.url);

/** The folder of the circom sources. */
export const CIRCOM_FOLDER = new URL('../circom', import.meta.url).pathname;

export interface CompiledCircuit {
  /** The constraint system, iden3 r1cs format. */
  r1cs: Uint8Array;
  /** The witness generator. */
  wasm: Uint8Array;
  /** Signal names: lines `label,wire,component,name`, wire -1 if simplification removed the signal. */
  symbols: string;
}

export interface CompileOptions {
  /**
   * Files that replace or join the sources, by name: a test compiles small mains, or swaps the hints.
   */
  sources?: Record<string, string>;
  /** 0 keeps every signal as a wire; 2, the default, is what is proven. */
  simplification?: 0 | 2;
}

/**
 * Compiles one main with circom2, the circom compiler in WebAssembly, fully simplified (`--O2`): Poseidon's linear
 * layers then cost nothing.
 *
 * The sources and circomlib are copied into an empty folder that is all the compiler sees, so paths of the machine
 * cannot enter the output: it is the same, bit for bit, everywhere.
 *
 * @param main - the main's file name without `.circom`
 * @throws Error with the compiler's messages if it fails
 */
export async function compile(main: string, options: CompileOptions = {}): Promise<CompiledCircuit> {
  const folder = await mkdtemp(join(tmpdir(), 'chorus-circom-'));
  try {
    await cp(CIRCOM_FOLDER, folder, { recursive: true });
    const circomlib = dirname(require.resolve('circomlib/package.json'));
    await cp(join(circomlib, 'circuits'), join(folder, 'circomlib', 'circuits'), {
      recursive: true,
      dereference: true,
    });
    for (const [name, text] of Object.entries(options.sources ?? {})) {
      fs.writeFileSync(join(folder, name), text);
    }
    const level = `--O${options.simplification ?? 2}`;
    await runCompiler(folder, [`${main}.circom`, '--r1cs', '--wasm', '--sym', level, '-l', '.']);
    return {
      r1cs: await readFile(join(folder, `${main}.r1cs`)),
      wasm: await readFile(join(folder, `${main}_js`, `${main}.wasm`)),
      symbols: await readFile(join(folder, `${main}.sym`), 'utf8'),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

let compiler: Promise<WebAssembly.Module> | undefined;

/** Runs the compiler with `folder` as its whole file system and keeps what it prints for the error. */
async function runCompiler(folder: string, args: string[]): Promise<void> {
  let printed = '';
  const writeSync = (fd: number, data: Uint8Array, ...rest: number[]): number => {
    if (fd > 2) return fs.writeSync(fd, data, ...(rest as [number, number, number]));
    printed += Buffer.from(data).toString();
    return data.length;
  };
  const runner = new CircomRunner({
    args,
    env: {},
    preopens: { '.': folder },
    bindings: { ...bindings, fs: { ...fs, writeSync } },
  });
  // execute() would compile the compiler's 9 MB of WebAssembly each time.
  compiler ??= readFile(require.resolve('circom2/circom.wasm')).then((bytes) => WebAssembly.compile(bytes));
  runner.compile = () => compiler!;
  try {
    await runner.execute(new Uint8Array());
  } catch (cause) {
    throw new Error(`circom2 ${args.join(' ')} failed:\n${printed}`, { cause });
  }
  if (printed.includes('error[')) throw new Error(`circom2 ${args.join(' ')} failed:\n${printed}`);
}
