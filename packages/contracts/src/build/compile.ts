import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { VerifyingKey } from './verifying-key.ts';

/** A compiled contract, as committed under `artifacts/`. */
export interface CompiledContract {
  contractName: string;
  /** Exact compiler and settings, so that the artifact can be reproduced. */
  compiler: string;
  settings: typeof SETTINGS;
  abi: readonly object[];
  bytecode: string;
  deployedBytecode: string;
}

/** The contracts that are deployed; everything else is compiled into them. */
export const CONTRACTS = [
  'ChorusGovernor',
  'ChorusTimelock',
  'ChorusToken',
  'ContributionVerifier',
  'Parameters',
  'RoundAttestor',
  'StakeManager',
  'TaskManager',
  'registries/IdentityRegistry',
  'registries/ReputationRegistry',
  'registries/ValidationRegistry',
] as const;

/** Source that the build generates from the verifying key. */
export const KEY_SOURCE = 'contracts/generated/Contribution16Key.sol';

/** Cancun is the newest set of opcodes that BNB Chain, opBNB, Base and anvil all run. */
export const SETTINGS = {
  evmVersion: 'cancun',
  viaIR: true,
  optimizer: { enabled: true, runs: 10_000 },
  metadata: { bytecodeHash: 'none', appendCBOR: false },
} as const;

interface CompilerMessage {
  severity: string;
  formattedMessage: string;
  sourceLocation?: { file: string };
}

const PACKAGE = new URL('../../', import.meta.url);
const require = createRequire(import.meta.url);

export interface CompileOptions {
  /** Paths of further sources, with their contents; a path of the package is replaced. */
  sources?: Record<string, string>;
  /** Contracts to compile, each in `contracts/NAME.sol`, with its folder where it is in one. */
  names?: readonly string[];
}

/**
 * Compile the package's Solidity sources with the pinned npm solc.
 * @throws Error with the compiler's messages, warnings included
 */
export function compileContracts(options: CompileOptions = {}): CompiledContract[] {
  const { sources = {}, names = CONTRACTS } = options;
  const solc = require('solc') as {
    version(): string;
    compile(input: string, callbacks: { import(path: string): { contents: string } }): string;
  };
  const contents = (path: string): string =>
    sources[path] ??
    (path.startsWith('@')
      ? readFileSync(require.resolve(path), 'utf8')
      : readFileSync(new URL(path, PACKAGE), 'utf8'));
  const path = (name: string): string => `contracts/${name}.sol`;
  const input = {
    language: 'Solidity',
    sources: Object.fromEntries(names.map((name) => [path(name), { content: contents(path(name)) }])),
    settings: {
      ...SETTINGS,
      outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object'] } },
    },
  };
  const output = JSON.parse(
    solc.compile(JSON.stringify(input), { import: (name) => ({ contents: contents(name) }) }),
  );
  // OpenZeppelin's transient reentrancy guard triggers a general warning; it clears its slot at the end.
  const messages = ((output.errors ?? []) as CompilerMessage[]).filter(
    (m) => m.severity === 'error' || !m.sourceLocation?.file.startsWith('@openzeppelin/'),
  );
  if (messages.length > 0) throw new Error(messages.map((m) => m.formattedMessage).join('\n'));
  return names.map((name) => {
    const contractName = name.slice(name.lastIndexOf('/') + 1);
    const { abi, evm } = output.contracts[path(name)][contractName];
    return {
      contractName,
      compiler: `solc ${solc.version()}`,
      settings: SETTINGS,
      abi,
      bytecode: `0x${evm.bytecode.object}`,
      deployedBytecode: `0x${evm.deployedBytecode.object}`,
    };
  });
}

/** The committed verifying key of the contribution circuit. */
export function verifyingKey(): VerifyingKey {
  return JSON.parse(readFileSync(new URL('../../circuits/keys/contribution-16.vkey.json', PACKAGE), 'utf8'));
}

/** The file that holds the generated source of the key. */
export function keySourceUrl(): URL {
  return new URL(KEY_SOURCE, PACKAGE);
}

/** Where the artifact of a contract is committed. */
export function artifactUrl(contractName: string): URL {
  return new URL(`artifacts/${contractName}.json`, PACKAGE);
}
