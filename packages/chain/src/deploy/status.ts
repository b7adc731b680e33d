import { type Address, type ChannelContracts, type Hex, RULE_NAMES } from '@chorus/protocol';
import { type Interface, id, type JsonRpcProvider, type Result, ZeroHash } from 'ethers';
import { COLLECTOR, COMMERCE, PARAMETERS, TILLS, TIMELOCK, TOKEN } from '../abi/abis.ts';
import { ruleId } from '../abi/signing.ts';
import type { MarketAddresses, RevenueAddresses } from '../contracts/addresses.ts';
import { AGENT_TILLS, AGENTIC_COMMERCE, CHANNEL_DEPOSITS } from '../contracts/names.ts';
import { VERIFIER_SIZE } from '../contracts/verifier.ts';
import { openProvider, read } from '../rpc/rpc.ts';
import { deploymentOf } from './deploy.ts';
import type { DeploymentFile } from './file.ts';
import { type CodeFinding, checkCode } from './verify.ts';

/** One check of a deployment and its result. */
export interface WiringFinding {
  what: string;
  ok: boolean;
  found: string;
}

export interface DeploymentStatus {
  chainId: number;
  /** The chain's head. */
  height: number;
  code: CodeFinding[];
  wiring: WiringFinding[];
  parameters: {
    protocolFeeBps: number;
    treasury: Address;
    contestSeconds: number;
    unbondSeconds: number;
    minimumStake: bigint;
    /** Minimum length of a task's phases. */
    minPhaseSeconds: number;
    /** Hundredths of a percent of a task's stake, and the rounds of absence in a row. */
    slashing: Record<string, number>;
  };
  /** Balances in the token's smallest unit, except the deployer's coin in wei. */
  balances: { supply: bigint; escrow: bigint; stake: bigint; treasury: bigint; deployerCoin: bigint };
  /** True if code and wiring are those of the artifacts. */
  ok: boolean;
}

/**
 * Compare a deployment with the artifacts, and read the values that governance has set.
 *
 * @example
 * const file = await readDeployment('chorus-deployment.json');
 * const { ok, code } = await deploymentStatus({ url, file: file! });
 * @throws ChainError `E_CHAIN_UNREACHABLE`
 */
export async function deploymentStatus(options: {
  url: string;
  file: DeploymentFile;
}): Promise<DeploymentStatus> {
  const { url, file } = options;
  const { provider, chainId } = await openProvider(url);
  try {
    const [height, code] = await Promise.all([
      read('read the head', () => provider.getBlockNumber()),
      checkCode(provider, file),
    ]);
    const sameChain = { what: 'the chain is that of the file', ok: chainId === file.chainId };
    const status = { chainId, height, code, ...(await details(provider, file)) };
    status.wiring.unshift({ ...sameChain, found: String(chainId) });
    const intact = code.every(({ state }) => state === 'same' || state === 'external');
    return { ...status, ok: intact && status.wiring.every(({ ok }) => ok) };
  } finally {
    provider.destroy();
  }
}

async function details(
  provider: JsonRpcProvider,
  file: DeploymentFile,
): Promise<Pick<DeploymentStatus, 'wiring' | 'parameters' | 'balances'>> {
  const at = deploymentOf(file);
  const view = async (to: Address, abi: Interface, name: string, args: unknown[] = []): Promise<Result> => {
    const data = abi.encodeFunctionData(name, args);
    const result = await read(`read ${name}`, () => provider.call({ to, data }));
    // A missing contract gives an empty answer: the code check reports it, instead of an error.
    return result === '0x' ? ([] as unknown as Result) : abi.decodeFunctionResult(name, result);
  };
  const set = async (name: string, args: unknown[] = []): Promise<Result> =>
    view(at.parameters, PARAMETERS, name, args);
  const address = async (name: string, args: unknown[] = []): Promise<string> =>
    String((await set(name, args))[0]).toLowerCase();
  const role = async (name: string, account: Address): Promise<boolean> =>
    (await view(at.timelock, TIMELOCK, 'hasRole', [name, account]))[0] === true;
  const balance = async (account: Address): Promise<bigint> =>
    (await view(at.token, TOKEN, 'balanceOf', [account]))[0] ?? 0n;
  const points = async (what: string, expected: Address, found: Promise<string>): Promise<WiringFinding> => ({
    what,
    ok: (await found) === expected,
    found: await found,
  });
  const holds = async (what: string, expected: boolean, found: Promise<boolean>): Promise<WiringFinding> => ({
    what,
    ok: (await found) === expected,
    found: (await found) ? 'yes' : 'no',
  });
  const namedBy = async (to: Address, abi: Interface, name: string): Promise<string> =>
    String((await view(to, abi, name))[0]).toLowerCase();
  const revenueWiring = ({ tills, units, royalties }: RevenueAddresses) => {
    const named = (name: string): Promise<string> => namedBy(tills, TILLS, name);
    return [
      points('the parameters name the tills of agents', tills, address('contractOf', [AGENT_TILLS])),
      points('the tills name their units', units, named('units')),
      points('the tills name the royalties', royalties, named('royalties')),
    ];
  };
  const marketWiring = ({ commerce, evaluator }: MarketAddresses) => [
    points('the parameters name the contract of jobs', commerce, address('contractOf', [AGENTIC_COMMERCE])),
    points('jobs name their evaluator', evaluator, namedBy(commerce, COMMERCE, 'optimisticEvaluator')),
  ];
  const channelWiring = ({ channels, collector }: ChannelContracts) => [
    points(
      'the parameters name what takes deposits into channels',
      collector,
      address('contractOf', [CHANNEL_DEPOSITS]),
    ),
    points(
      'it serves the contract of channels',
      channels,
      namedBy(collector, COLLECTOR, 'x402BatchSettlement'),
    ),
  ];
  const wiring = await Promise.all([
    points('the parameters name the task contract', at.taskManager, address('taskManager')),
    points('the parameters name the attestor', at.attestor, address('attestor')),
    ...RULE_NAMES.map((rule) =>
      points(
        `tasks by ${rule} are checked by its verifier`,
        at.verifiers[rule],
        address('verifier', [ruleId(rule), VERIFIER_SIZE]),
      ),
    ),
    ...(at.revenue ? revenueWiring(at.revenue) : []),
    ...(at.market ? marketWiring(at.market) : []),
    ...(at.channels ? channelWiring(at.channels) : []),
    points('the timelock owns the parameters', at.timelock, address('owner')),
    holds('the governor proposes to the timelock', true, role(id('PROPOSER_ROLE'), at.governor)),
    holds('the deployer administers the timelock', false, role(ZeroHash, file.deployer)),
  ]);
  const [fee, contest, unbond, stake, phase, slashing, treasury] = await Promise.all([
    set('protocolFeeBps'),
    set('contestSeconds'),
    set('unbondSeconds'),
    set('minimumStake', [at.token]),
    set('minPhaseSeconds'),
    set('slashing'),
    address('treasury'),
  ]);
  const [supply, escrow, staked, earned, coin] = await Promise.all([
    view(at.token, TOKEN, 'totalSupply'),
    balance(at.taskManager),
    balance(at.stakes),
    balance(treasury as Hex),
    read('read a balance', () => provider.getBalance(file.deployer)),
  ]);
  const bps = (slashing[0]?.toObject() ?? {}) as Record<string, bigint>;
  return {
    wiring,
    parameters: {
      protocolFeeBps: Number(fee[0] ?? 0),
      treasury: treasury as Address,
      contestSeconds: Number(contest[0] ?? 0),
      unbondSeconds: Number(unbond[0] ?? 0),
      minimumStake: stake[0] ?? 0n,
      minPhaseSeconds: Number(phase[0] ?? 0),
      slashing: Object.fromEntries(Object.entries(bps).map(([name, value]) => [name, Number(value)])),
    },
    balances: {
      supply: supply[0] ?? 0n,
      escrow,
      stake: staked,
      treasury: earned,
      deployerCoin: coin,
    },
  };
}
