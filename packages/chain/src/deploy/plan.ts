import {
  agenticCommerce,
  agentTills,
  agentUnits,
  authorizationCollector,
  type ContractArtifact,
  chorusGovernor,
  chorusTimelock,
  chorusToken,
  identityRegistry,
  linkCode,
  modelRoyalties,
  optimisticEvaluator,
  parameters,
  paymentChannels,
  reputationRegistry,
  roundAttestor,
  stakeManager,
  taskLibraries,
  taskManager,
  validationRegistry,
} from '@chorus/contracts';
import { type Address, type Hex, RULE_NAMES, type RuleName, type Slashing } from '@chorus/protocol';
import { getCreateAddress, Interface, id, keccak256, ZeroAddress } from 'ethers';
import { PARAMETERS, TIMELOCK, VERIFIERS } from '../abi/abis.ts';
import { ruleId } from '../abi/signing.ts';
import { AGENT_TILLS, AGENTIC_COMMERCE, CHANNEL_DEPOSITS } from '../contracts/names.ts';
import { VERIFIER_SIZE, type VerifierSrs } from '../contracts/verifier.ts';
import { create2Address } from './create2.ts';

/** Contracts of a deployment, by role. */
export type ContractName =
  | 'identities'
  | 'token'
  | 'parameters'
  | 'timelock'
  | 'reputations'
  | 'validations'
  | 'stakes'
  | 'governor'
  | 'attestor'
  | 'taskManager'
  | 'royalties'
  | 'tills'
  | 'units'
  | 'commerce'
  | 'evaluator'
  | 'channels'
  | 'collector'
  | `verifier ${RuleName}`
  | `library ${string}`;

/** Windows of governance. Times in seconds. */
export interface Governance {
  /** Time from a proposal to the snapshot of its votes (default 1 day). */
  votingDelay: number;
  /** Voting period (default 1 week). */
  votingPeriod: number;
  /** Votes needed to propose, in the token's smallest unit (default a thousandth of the supply). */
  proposalThreshold: bigint;
  /** Percent of the supply that must vote in favour or abstain (default 4). */
  quorumPercent: number;
  /** Time from a decision to its execution (default 2 days). */
  timelock: number;
}

/** What the optimistic evaluator of jobs goes by, for ever. Times in seconds. */
export interface Market {
  /** In which a submission can be disputed: 3 seconds to 30 days (default 1 day). */
  windowSeconds: number;
  /** Of each of the five steps of a dispute: 3 seconds to 7 days (default 12 hours). */
  stepSeconds: number;
  /** Stake that a validator's seat takes, in the token's smallest unit (default 1000 tokens of 18 decimals). */
  seatStake: bigint;
}

/** Values to set before the parameters are handed to governance, within their bounds; the defaults are in the code. */
export interface InitialParameters {
  protocolFeeBps?: number;
  /** Seconds; both together. */
  windows?: { contest: number; unbond: number };
  minimumStake?: bigint;
  slashing?: Slashing;
  /** Seconds; the default of 5 is for development chains: use a minute on a public network. */
  minPhaseSeconds?: number;
}

/** One verifier for each rule. */
export type VerifierAddresses = Readonly<Record<RuleName, Address>>;

/** The inputs of a deployment: the same inputs give the same addresses on every chain. */
export interface PlanInputs {
  salt: Hex;
  deployer: Address;
  treasury: Address;
  supply: bigint;
  /** The reference string to deploy verifiers with, or the addresses of deployed verifiers. */
  verifier: VerifierSrs | VerifierAddresses;
  governance: Governance;
  market: Market;
  initial: InitialParameters;
  /** Where the published contract of channels is, if the chain has it; null: ours is deployed. */
  channels: Address | null;
}

/** A contract to create. */
export interface PlannedContract {
  name: ContractName;
  artifact: ContractArtifact;
  address: Address;
  /** ABI-encoded. */
  constructorArguments: Hex;
  initCode: Hex;
  initCodeHash: Hex;
}

/** A contract that the constructor of a planned one creates. */
export type MadeContract = Pick<PlannedContract, 'name' | 'artifact' | 'address'>;

/** A call to make once. */
export interface PlannedCall {
  name: string;
  to: Address;
  data: Hex;
  /** Shows that the call was made: these views of `to` return these values. */
  done: { data: Hex; result: Hex }[];
}

export interface DeploymentPlan {
  inputs: PlanInputs;
  /** In an order in which each contract finds those that it needs. */
  contracts: PlannedContract[];
  made: MadeContract[];
  calls: PlannedCall[];
  addresses: Record<ContractName, Address>;
}

/** Contracts that constructors make: the tills make the code of tills first, then the units; jobs make their evaluator. */
const MADE = {
  units: { by: 'tills', nonce: 2 },
  evaluator: { by: 'commerce', nonce: 1 },
} as const;

/**
 * Where a contract is that the constructor of another one of its deployment makes; null for a contract with a creation
 * transaction of its own.
 * @param at the address of each contract
 */
export function madeAddress(name: string, at: (maker: ContractName) => Address | undefined): Address | null {
  const made = Object.hasOwn(MADE, name) ? MADE[name as keyof typeof MADE] : undefined;
  const from = made && at(made.by);
  return from ? (getCreateAddress({ from, nonce: made.nonce }).toLowerCase() as Address) : null;
}

const PROPOSER = id('PROPOSER_ROLE') as Hex;
const CANCELLER = id('CANCELLER_ROLE') as Hex;
const ADMIN = `0x${'00'.repeat(32)}` as Hex;

/** All steps of a deployment, computed without a chain. */
export function planDeployment(inputs: PlanInputs): DeploymentPlan {
  const { salt, deployer, treasury, supply, governance } = inputs;
  const contracts: PlannedContract[] = [];
  const addresses = {} as Record<ContractName, Address>;
  const add = (name: ContractName, artifact: ContractArtifact, args: unknown[] = []): Address => {
    const libraries = Object.fromEntries(
      contracts.flatMap((c) => (c.name.startsWith('library ') ? [[c.artifact.contractName, c.address]] : [])),
    );
    const constructorArguments = new Interface(artifact.abi).encodeDeploy(args) as Hex;
    const initCode = `${linkCode(artifact, libraries)}${constructorArguments.slice(2)}` as Hex;
    const initCodeHash = keccak256(initCode) as Hex;
    const address = create2Address(salt, initCodeHash);
    contracts.push({ name, artifact, address, constructorArguments, initCode, initCodeHash });
    addresses[name] = address;
    return address;
  };
  for (const library of taskLibraries) add(`library ${library.contractName}`, library);
  const identities = add('identities', identityRegistry);
  const token = add('token', chorusToken, [deployer, supply]);
  const settings = add('parameters', parameters, [deployer, treasury]);
  // Anyone may execute a decision after its delay; the governor becomes proposer once it is deployed.
  const timelock = add('timelock', chorusTimelock, [governance.timelock, [], [ZeroAddress], deployer]);
  const { verifier } = inputs;
  for (const rule of RULE_NAMES) {
    if (isDeployed(verifier)) addresses[`verifier ${rule}`] = verifier[rule].toLowerCase() as Address;
    else add(`verifier ${rule}`, VERIFIERS[rule], [verifierSrs(verifier)]);
  }
  const reputations = add('reputations', reputationRegistry, [identities]);
  const validations = add('validations', validationRegistry, [identities]);
  const stakes = add('stakes', stakeManager, [settings, identities]);
  add('governor', chorusGovernor, [
    token,
    timelock,
    governance.votingDelay,
    governance.votingPeriod,
    governance.proposalThreshold,
    governance.quorumPercent,
  ]);
  add('attestor', roundAttestor, [settings, identities, reputations, validations]);
  const tasks = add('taskManager', taskManager, [settings, stakes, identities]);
  const royalties = add('royalties', modelRoyalties, [tasks]);
  add('tills', agentTills, [settings, identities, royalties]);
  add('commerce', agenticCommerce, [settings, identities, stakes, { ...inputs.market, stakeToken: token }]);
  const channels = inputs.channels ?? add('channels', paymentChannels);
  addresses.channels = channels;
  add('collector', authorizationCollector, [channels]);
  const made = [
    { name: 'units' as const, artifact: agentUnits },
    { name: 'evaluator' as const, artifact: optimisticEvaluator },
  ].map((contract): MadeContract => {
    addresses[contract.name] = madeAddress(contract.name, (maker) => addresses[maker])!;
    return { ...contract, address: addresses[contract.name] };
  });
  return { inputs, contracts, made, addresses, calls: planCalls(inputs, addresses) };
}

/** The last call hands the parameters over: until then an interrupted deployment can be completed. */
function planCalls(inputs: PlanInputs, at: Record<ContractName, Address>): PlannedCall[] {
  const { deployer, initial } = inputs;
  const view = (name: string, key: unknown[], result: unknown[]) => ({
    data: PARAMETERS.encodeFunctionData(name, key) as Hex,
    result: PARAMETERS.encodeFunctionResult(name, result) as Hex,
  });
  const set = (name: string, args: unknown[], ...done: PlannedCall['done']): PlannedCall => ({
    name: `parameters.${name}`,
    to: at.parameters,
    data: PARAMETERS.encodeFunctionData(name, args) as Hex,
    done,
  });
  const role = (name: string, action: string, role: Hex, account: Address, has: boolean): PlannedCall => ({
    name: `timelock: ${name}`,
    to: at.timelock,
    data: TIMELOCK.encodeFunctionData(action, [role, account]) as Hex,
    done: [
      {
        data: TIMELOCK.encodeFunctionData('hasRole', [role, account]) as Hex,
        result: TIMELOCK.encodeFunctionResult('hasRole', [has]) as Hex,
      },
    ],
  });
  const { protocolFeeBps, windows, minimumStake, slashing, minPhaseSeconds } = initial;
  const calls = [
    ...RULE_NAMES.map((rule) => {
      const [key, verifier] = [[ruleId(rule), VERIFIER_SIZE], at[`verifier ${rule}`]];
      const call = set('addVerifier', [...key, verifier], view('verifier', key, [verifier]));
      return { ...call, name: `${call.name} ${rule}` };
    }),
    set(
      'setContracts',
      [at.taskManager, at.attestor],
      view('taskManager', [], [at.taskManager]),
      view('attestor', [], [at.attestor]),
    ),
    ...[
      { name: AGENT_TILLS, to: at.tills, label: 'AgentTills' },
      { name: AGENTIC_COMMERCE, to: at.commerce, label: 'AgenticCommerce' },
      { name: CHANNEL_DEPOSITS, to: at.collector, label: 'ChannelDeposits' },
    ].map(({ name, to, label }) => {
      const call = set('addContract', [name, to], view('contractOf', [name], [to]));
      return { ...call, name: `${call.name} ${label}` };
    }),
  ];
  if (protocolFeeBps !== undefined) {
    calls.push(set('setProtocolFee', [protocolFeeBps], view('protocolFeeBps', [], [protocolFeeBps])));
  }
  if (windows !== undefined) {
    const { contest, unbond } = windows;
    const done = [view('contestSeconds', [], [contest]), view('unbondSeconds', [], [unbond])];
    calls.push(set('setWindows', [contest, unbond], ...done));
  }
  if (minimumStake !== undefined) {
    const args = [at.token, minimumStake];
    calls.push(set('setMinimumStake', args, view('minimumStake', [at.token], [minimumStake])));
  }
  if (slashing !== undefined) {
    calls.push(set('setSlashing', [slashing], view('slashing', [], [slashing])));
  }
  if (minPhaseSeconds !== undefined) {
    const done = view('minPhaseSeconds', [], [minPhaseSeconds]);
    calls.push(set('setMinPhaseSeconds', [minPhaseSeconds], done));
  }
  calls.push(
    role('the governor proposes', 'grantRole', PROPOSER, at.governor, true),
    role('the governor cancels', 'grantRole', CANCELLER, at.governor, true),
    role('the deployer is no administrator', 'renounceRole', ADMIN, deployer, false),
    set('transferOwnership', [at.timelock], view('owner', [], [at.timelock])),
  );
  return calls;
}

/** Whether the input gives deployed verifiers instead of what is needed to deploy them. */
export function isDeployed(verifier: PlanInputs['verifier']): verifier is VerifierAddresses {
  return 'reference-trust' in verifier;
}

function verifierSrs(srs: VerifierSrs): object {
  return {
    tau1: srs.tauG1,
    tau2: srs.tauG2,
    tauSquared2: srs.tau2G2,
    insecureDev: srs.origin === 'insecure-dev',
  };
}
