import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { renderKey, type VerifyingKey } from './verifying-key.ts';

/** A compiled contract, as committed under `artifacts/`. */
export interface CompiledContract {
  contractName: string;
  /** Exact compiler and settings, so that the artifact can be reproduced. */
  compiler: string;
  settings: typeof SETTINGS;
  /** Of its linked libraries the errors as well: they reach whoever calls the contract. */
  abi: readonly object[];
  /** With a placeholder of 40 characters wherever a linked library's address belongs. */
  bytecode: string;
  deployedBytecode: string;
  /** Where the placeholders are, in bytes, by source and library; none where nothing is linked. */
  linkReferences: LinkReferences;
  deployedLinkReferences: LinkReferences;
  /** Bytes of the deployed code that the constructor writes (for a library: its own address), ascending. */
  immutableReferences: CodeRange[];
}

/** A range of bytes in a contract's code. */
export interface CodeRange {
  start: number;
  length: number;
}

export type LinkReferences = Record<string, Record<string, CodeRange[]>>;

/** The contracts and linked libraries that are deployed; everything else is compiled into them. */
export const CONTRACTS = [
  'ChorusGovernor',
  'ChorusTimelock',
  'ChorusToken',
  'ContributionVerifier',
  'Parameters',
  'ProjectionVerifier',
  'RoundAttestor',
  'StakeManager',
  'TaskManager',
  'agents/AgentTills',
  'agents/AgentUnits',
  'agents/ModelRoyalties',
  'channels/AuthorizationCollector',
  'channels/PaymentChannels',
  'market/AgenticCommerce',
  'market/OptimisticEvaluator',
  'registries/IdentityRegistry',
  'registries/ReputationRegistry',
  'registries/ValidationRegistry',
  'tasks/TaskClaims',
  'tasks/TaskCreation',
  'tasks/TaskDisputes',
  'tasks/TaskRounds',
  'tasks/TaskSettlement',
] as const;

/** The libraries that the build generates from the circuits' verifying keys, by rule; each in `contracts/generated/`. */
export const KEY_LIBRARIES = {
  'reference-trust': 'Contribution16Key',
  'reference-projection': 'Projection16Key',
} as const;

export type VerifiedRule = keyof typeof KEY_LIBRARIES;

/** File names of the committed keys. */
const KEY_FILES: Record<VerifiedRule, string> = {
  'reference-trust': 'contribution-16.vkey.json',
  'reference-projection': 'projection-16.vkey.json',
};

/** Cancun is the newest set of opcodes that BNB Chain, opBNB, Base and anvil all run. */
export const SETTINGS = {
  evmVersion: 'cancun',
  viaIR: true,
  optimizer: { enabled: true, runs: 10_000 },
  metadata: { bytecodeHash: 'none', appendCBOR: false },
} as const;

const OUTPUTS = [
  'abi',
  'evm.bytecode.object',
  'evm.bytecode.linkReferences',
  'evm.deployedBytecode.object',
  'evm.deployedBytecode.linkReferences',
  'evm.deployedBytecode.immutableReferences',
];

interface CompilerOutput {
  abi: AbiObject[];
  evm: {
    bytecode: { object: string; linkReferences: LinkReferences };
    deployedBytecode: {
      object: string;
      linkReferences: LinkReferences;
      immutableReferences?: Record<string, CodeRange[]>;
    };
  };
}

type AbiObject = { type: string; name?: string };

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
      outputSelection: { '*': { '*': OUTPUTS } },
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
    const { abi, evm } = output.contracts[path(name)][contractName] as CompilerOutput;
    return {
      contractName,
      compiler: `solc ${solc.version()}`,
      settings: SETTINGS,
      abi: withLibraryErrors(abi, evm.bytecode.linkReferences, output.contracts),
      bytecode: `0x${evm.bytecode.object}`,
      deployedBytecode: `0x${evm.deployedBytecode.object}`,
      linkReferences: evm.bytecode.linkReferences,
      deployedLinkReferences: evm.deployedBytecode.linkReferences,
      // The compiler's names for them depend on what else is compiled.
      immutableReferences: Object.values(evm.deployedBytecode.immutableReferences ?? {})
        .flat()
        .sort((a, b) => a.start - b.start),
    };
  });
}

/** A contract's ABI, and the errors of the libraries it is linked to that it does not declare itself. */
function withLibraryErrors(
  abi: AbiObject[],
  links: LinkReferences,
  contracts: Record<string, Record<string, CompilerOutput>>,
): AbiObject[] {
  const known = new Set(abi.filter(({ type }) => type === 'error').map((entry) => JSON.stringify(entry)));
  const errors: AbiObject[] = [];
  for (const [source, libraries] of Object.entries(links)) {
    for (const entry of Object.keys(libraries).flatMap((name) => contracts[source]![name]!.abi)) {
      if (entry.type !== 'error' || known.has(JSON.stringify(entry))) continue;
      known.add(JSON.stringify(entry));
      errors.push(entry);
    }
  }
  return [...abi, ...errors];
}

/** The committed verifying key of a rule's circuit. */
export function verifyingKey(rule: VerifiedRule): VerifyingKey {
  return JSON.parse(readFileSync(new URL(`../../circuits/keys/${KEY_FILES[rule]}`, PACKAGE), 'utf8'));
}

/** Path in the package of the source that is generated from a rule's key. */
export function keySource(rule: VerifiedRule): string {
  return `contracts/generated/${KEY_LIBRARIES[rule]}.sol`;
}

/** The library that holds a key of a rule's circuit, the committed one by default. */
export function keyLibrary(rule: VerifiedRule, key: VerifyingKey = verifyingKey(rule)): string {
  return renderKey(key, { library: KEY_LIBRARIES[rule], rule, file: KEY_FILES[rule] });
}

/** The file that holds the generated source of a rule's key. */
export function keySourceUrl(rule: VerifiedRule): URL {
  return new URL(keySource(rule), PACKAGE);
}

/** Where the artifact of a contract is committed. */
export function artifactUrl(contractName: string): URL {
  return new URL(`artifacts/${contractName}.json`, PACKAGE);
}
