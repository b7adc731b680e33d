import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, statfs } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { pipeline } from 'node:stream/promises';
import { circuitArtifacts } from '@chorus/circuits';
import { developmentSrs } from '@chorus/commitment';
import { describeError, RULE_NAMES } from '@chorus/protocol';
import { devices } from '@chorus/training';
import { makeFolder } from '@chorus/utils';

/** One check and its result. */
export interface Finding {
  what: string;
  /** `off`: something optional is missing; `problem`: something required is missing. */
  state: 'ok' | 'off' | 'problem';
  found: string;
  /** What to do about it. */
  todo?: string;
}

const GIB = 2 ** 30;
/** Oldest supported Node version, as in the package's `engines`. */
const LEAST_NODE = [22, 19] as const;
/** Memory for a prover's key, a model and its data together. */
const LEAST_MEMORY = 1.5 * GIB;
const LEAST_DISK = GIB;

/** Everything a node and local training need of this machine. Changes nothing but a corrupt cache file. */
export async function diagnose(cacheFolder: string): Promise<Finding[]> {
  const checks = [nodeVersion(), memory(), disk(cacheFolder), referenceStrings(cacheFolder), circuitKeys()];
  const [found, providers] = await Promise.all([Promise.all(checks), executionProviders()]);
  return [...found, ...providers];
}

async function nodeVersion(): Promise<Finding> {
  const { node } = process.versions;
  const [major = 0, minor = 0] = node.split('.').map(Number);
  const recent = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1]);
  const finding = { what: 'Node.js', found: `${node} ${process.platform} ${process.arch}` };
  return recent
    ? { ...finding, state: 'ok' }
    : { ...finding, state: 'problem', todo: `install Node ${LEAST_NODE.join('.')} or later` };
}

async function memory(): Promise<Finding> {
  const available = process.availableMemory();
  const finding = {
    what: 'memory',
    found: `${gib(available)} available of ${gib(Math.min(totalmem(), process.constrainedMemory() || totalmem()))}`,
  };
  return available >= LEAST_MEMORY
    ? { ...finding, state: 'ok' }
    : { ...finding, state: 'problem', todo: `free memory: proving takes up to ${gib(LEAST_MEMORY)}` };
}

async function disk(folder: string): Promise<Finding> {
  try {
    await makeFolder(folder);
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    const finding = { what: 'disk', found: `${gib(free)} free for ${folder}` };
    return free >= LEAST_DISK
      ? { ...finding, state: 'ok' }
      : { ...finding, state: 'problem', todo: 'free some, or set XDG_CACHE_HOME to a larger disk' };
  } catch (error) {
    return {
      what: 'disk',
      state: 'problem',
      found: describeError(error),
      todo: 'make the cache folder writable, or set XDG_CACHE_HOME',
    };
  }
}

/** Reads every cached reference string, which checks its hash; a corrupt one is made again. */
async function referenceStrings(folder: string): Promise<Finding> {
  const what = 'reference strings';
  const warnings: string[] = [];
  const sizes: number[] = [];
  try {
    for (const name of await readdir(folder).catch(() => [])) {
      const size = Number(/^srs-insecure-dev-(\d{1,2})\.bin$/.exec(name)?.[1]);
      if (!(size >= 1 && size <= 22)) continue;
      await developmentSrs(size, { cacheDir: folder, onWarning: (message) => void warnings.push(message) });
      sizes.push(size);
    }
  } catch (error) {
    return { what, state: 'problem', found: describeError(error), todo: `delete ${folder}/srs-*.bin` };
  }
  if (warnings.length > 0) return { what, state: 'ok', found: `repaired: ${warnings.join('; ')}` };
  const found =
    sizes.length === 0
      ? 'none cached yet; created when first needed, in seconds'
      : `cached and intact: ${sizes
          .sort((a, b) => a - b)
          .map((size) => `2^${size}`)
          .join(', ')}`;
  return { what, state: 'ok', found };
}

async function circuitKeys(): Promise<Finding> {
  const what = 'circuit keys';
  try {
    const found: string[] = [];
    for (const rule of RULE_NAMES) {
      const { wasmPath, zkeyPath, hashes } = circuitArtifacts(16, rule);
      for (const [path, hash] of [
        [wasmPath, hashes.wasm],
        [zkeyPath, hashes.zkey],
      ] as const) {
        const sum = createHash('sha256');
        await pipeline(createReadStream(path), sum);
        if (sum.digest('hex') !== hash) {
          return {
            what,
            state: 'problem',
            found: `${path} is not the file of the ceremony`,
            todo: REINSTALL,
          };
        }
      }
      found.push(`${rule} zkey sha256 ${hashes.zkey.slice(0, 16)}...`);
    }
    return { what, state: 'ok', found: `n = 16: ${found.join(', ')}` };
  } catch (error) {
    return { what, state: 'problem', found: describeError(error), todo: REINSTALL };
  }
}

const REINSTALL = 'check the files out or install the package again';

const DEVICE_ADVICE: Readonly<Record<string, string>> = {
  webgpu: "install a Vulkan loader and driver (Debian: libvulkan1, mesa-vulkan-drivers or the vendor's)",
  cuda: 'needs Linux x64 with CUDA and cuDNN; then run script/install.js of onnxruntime-node, which fetches its part',
  coreml: 'needs macOS',
  dml: 'needs Windows',
};

async function executionProviders(): Promise<Finding[]> {
  return (await devices()).map(({ device, usable, reason = '' }) => {
    const what = `device ${device}`;
    const todo = DEVICE_ADVICE[device];
    if (usable) return { what, state: 'ok', found: 'computes' };
    return { what, state: 'off', found: reason, ...(todo ? { todo } : {}) };
  });
}

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}
