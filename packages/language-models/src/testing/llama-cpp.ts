import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

/** llama.cpp with a prebuilt library for this machine: only tests that compare with it need it, so only they install it. */
const [LIBRARY, VERSION] = ['node-llama-cpp', '3.22.1'];
const BUILT: Readonly<Record<string, string>> = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'darwin-arm64': 'mac-arm64-metal',
  'darwin-x64': 'mac-x64',
};
const FOLDER = fileURLToPath(
  new URL('../../../../node_modules/.cache/chorus-test/llama-cpp', import.meta.url),
);

/** The part of node-llama-cpp's API in use. */
interface Llama {
  loadModel(options: { modelPath: string }): Promise<Model>;
  dispose(): Promise<void>;
}
interface Model {
  readonly tokens: { bos: number | null; eos: number | null; shouldPrependBosToken: boolean };
  tokenize(text: string, specialTokens: boolean): number[];
  isEogToken(token: number): boolean;
  createContext(options: object): Promise<{ getSequence(): Sequence; dispose(): Promise<void> }>;
  dispose(): Promise<void>;
}
interface Sequence {
  controlledEvaluate(
    input: [token: number, options: { generateNext: { logits: true } }][],
  ): Promise<({ next: { logits: Map<number, number> } } | undefined)[]>;
}

/** llama.cpp, as what another implementation gives. */
export interface LlamaCpp {
  /** Opens a GGUF file. @param adapter a LoRA adapter that is applied to it, in a GGUF file */
  open(file: Uint8Array, adapter?: Uint8Array): Promise<LlamaCppModel>;
  close(): Promise<void>;
}

/** A model in llama.cpp. */
export interface LlamaCppModel {
  readonly tokens: Model['tokens'];
  /** Tokens of a text. @param control whether the names of control tokens in it are those tokens; default: they are text */
  encode(text: string, control?: boolean): number[];
  /** Whether a token ends an answer. */
  ends(token: number): boolean;
  /** Scores of the token after each one: [tokens][vocabulary]; keys and values are float32. */
  logits(tokens: readonly number[]): Promise<Float32Array[]>;
  close(): Promise<void>;
}

/** llama.cpp; or, in a sentence, why it cannot be used. */
export async function openLlamaCpp(): Promise<LlamaCpp | string> {
  await mkdir(FOLDER, { recursive: true });
  const machine = `${process.platform}-${process.arch}`;
  const built = BUILT[machine];
  if (!built) return `${LIBRARY} is not used on ${machine}`;
  const packages = [LIBRARY, `@${LIBRARY}/${built}`].map((name) => `${name}@${VERSION}`);
  try {
    await promisify(execFile)('npm', [
      'install',
      ...[
        '--prefix',
        FOLDER,
        '--no-audit',
        '--no-fund',
        '--ignore-scripts',
        '--omit=optional',
        '--prefer-offline',
      ],
      ...packages,
    ]);
    const path = createRequire(join(FOLDER, 'package.json')).resolve(LIBRARY!);
    const { getLlama } = (await import(pathToFileURL(path).href)) as {
      getLlama(options: object): Promise<Llama>;
    };
    const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true, logLevel: 'error' });
    const folder = await mkdtemp(join(tmpdir(), 'chorus-llama-cpp-'));
    return {
      open: (file, adapter) => openModel(llama, folder, file, adapter),
      async close() {
        await llama.dispose();
        await rm(folder, { recursive: true });
      },
    };
  } catch (error) {
    return `${LIBRARY} cannot be used: ${error}`;
  }
}

async function openModel(
  llama: Llama,
  folder: string,
  file: Uint8Array,
  adapter: Uint8Array | undefined,
): Promise<LlamaCppModel> {
  const [modelPath, filePath] = [join(folder, `${randomUUID()}.gguf`), join(folder, `${randomUUID()}.gguf`)];
  await writeFile(modelPath, file);
  if (adapter) await writeFile(filePath, adapter);
  const model = await llama.loadModel({ modelPath });
  return {
    tokens: model.tokens,
    encode: (text, control = false) => model.tokenize(text, control),
    ends: (token) => model.isEogToken(token),
    async logits(tokens) {
      const context = await model.createContext({
        contextSize: 256,
        flashAttention: false,
        threads: 1,
        ...(adapter && { lora: { adapters: [{ filePath, scale: 1 }] } }),
        experimentalKvCacheKeyType: 'F32',
        experimentalKvCacheValueType: 'F32',
      });
      const read = await context
        .getSequence()
        .controlledEvaluate(tokens.map((token) => [token, { generateNext: { logits: true } }]));
      await context.dispose();
      return read.map((each) => {
        const { logits } = each!.next;
        return Float32Array.from({ length: logits.size }, (_, id) => logits.get(id)!);
      });
    },
    close: () => model.dispose(),
  };
}
