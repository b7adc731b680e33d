import { callsToSet } from '@chorus/chain';
import {
  chorusGovernor,
  chorusTimelock,
  chorusToken,
  identityRegistry,
  parameters,
  stakeManager,
} from '@chorus/contracts';
import {
  type Address,
  PARAMETER_NAMES,
  type ParameterName,
  type ParameterValue,
  parameterFault,
  parameterRule,
} from '@chorus/protocol';
import { type Contract, id, type JsonRpcSigner, ZeroAddress, ZeroHash } from 'ethers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { as, type Evm, expectRefusal, read, send, startEvm } from './evm.ts';

const [VOTING_DELAY, VOTING_PERIOD, TIMELOCK_DELAY] = [10, 100, 1000];
const DAY = 86_400;
/** Six parts of a stake, the cap on absences, the rounds in a row. */
const DEFAULT_SLASHING = [100n, 300n, 300n, 2000n, 2000n, 2000n, 1000n, 3n];
const SLASHING_LIMITS = [5000n, 5000n, 5000n, 5000n, 5000n, 5000n, 2000n, 16n];
/** As `IGovernor.ProposalState`. */
const [DEFEATED, SUCCEEDED, EXECUTED] = [3n, 4n, 7n];

/** What `encode` returns; null if a value does not fit its type. */
function encoded<T>(encode: () => T): T | null {
  try {
    return encode();
  } catch {
    return null;
  }
}

/** The values of the parameters contract, as governance reads them. */
async function valuesOf(params: Contract): Promise<ParameterValue[]> {
  const [fee, contest, unbond, phase, slashing] = await Promise.all(
    ['protocolFeeBps', 'contestSeconds', 'unbondSeconds', 'minPhaseSeconds', 'slashing'].map((name) =>
      read(params, name),
    ),
  );
  const names: ParameterName[] = ['protocol-fee', 'contest-window', 'unbonding-period', 'minimum-phase'];
  const parts = PARAMETER_NAMES.filter((name) => /^slash-|absence-cap|missed-rounds/.test(name));
  return [...names, ...parts].map((name, i) => ({
    name,
    token: null,
    value: [fee, contest, unbond, phase, ...slashing][i],
  }));
}

describe('the parameters', () => {
  let evm: Evm;
  let params: Contract;
  let [owner, stranger]: JsonRpcSigner[] = [];

  beforeAll(async () => {
    evm = await startEvm(2);
    [owner, stranger] = evm.signers;
  });
  beforeEach(async () => {
    params = await evm.deploy(parameters, owner!.address, stranger!.address);
  });
  afterAll(() => evm?.close());

  it('governance parameters start from values within their bounds', async () => {
    expect(await read(params, 'protocolFeeBps')).toBe(100n);
    expect(await read(params, 'treasury')).toBe(stranger!.address);
    expect(await read(params, 'contestSeconds')).toBe(3600n);
    expect(await read(params, 'unbondSeconds')).toBe(7200n);
    expect(await read(params, 'minimumStake', owner!.address)).toBe(0n);
    expect([...(await read(params, 'slashing'))]).toEqual(DEFAULT_SLASHING);
    expect(await read(params, 'verifier', id('reference-trust'), 16)).toBe(ZeroAddress);
    expect(await read(params, 'taskManager')).toBe(ZeroAddress);
    expect(await read(params, 'attestor')).toBe(ZeroAddress);
  });

  it('governance parameters are refused beyond their bounds, and taken at them', async () => {
    const limits: [string, unknown[], unknown[]][] = [
      ['setProtocolFee', [500], [501]],
      ['setTreasury', [owner!.address], [ZeroAddress]],
      ['setWindows', [1, 2], [0, 2]],
      ['setWindows', [7 * DAY, 30 * DAY], [7 * DAY + 1, 30 * DAY]],
      ['setWindows', [100, 101], [100, 100]],
      ['setWindows', [1, 30 * DAY], [1, 30 * DAY + 1]],
      ['setMinimumStake', [owner!.address, 2n ** 96n - 1n], [owner!.address, 2n ** 96n]],
      ...DEFAULT_SLASHING.map((_, i): [string, unknown[], unknown[]] => [
        'setSlashing',
        [DEFAULT_SLASHING.map((bps, j) => (i === j ? SLASHING_LIMITS[i] : bps))],
        [DEFAULT_SLASHING.map((bps, j) => (i === j ? SLASHING_LIMITS[i]! + 1n : bps))],
      ]),
      ['setSlashing', [DEFAULT_SLASHING], [DEFAULT_SLASHING.with(6, 0n)]],
      ['setSlashing', [DEFAULT_SLASHING], [DEFAULT_SLASHING.with(7, 0n)]],
      // Back at the last part of a stake, which is checked below.
      ['setSlashing', [DEFAULT_SLASHING.with(5, 5000n)], [DEFAULT_SLASHING.with(5, 5001n)]],
      ['setMinPhaseSeconds', [3], [2]],
      ['setMinPhaseSeconds', [3600], [3601]],
    ];
    for (const [name, good, bad] of limits) {
      await expectRefusal('ValueOutOfBounds', params, name, ...bad);
      await send(params, name, ...good);
    }
    expect(await read(params, 'protocolFeeBps')).toBe(500n);
    expect(await read(params, 'treasury')).toBe(owner!.address);
    expect([await read(params, 'contestSeconds'), await read(params, 'unbondSeconds')]).toEqual([
      1n,
      BigInt(30 * DAY),
    ]);
    expect(await read(params, 'minimumStake', owner!.address)).toBe(2n ** 96n - 1n);
    expect((await read(params, 'slashing')).rejectedReference).toBe(5000n);
  });

  it('the bounds of parameters that commands check are those of the contract', async () => {
    const contracts = { parameters: params.target as Address };
    const current = await valuesOf(params);
    const ofContract = PARAMETER_NAMES.filter((name) => {
      const { least } = parameterRule(name);
      return least !== null && (name === 'minimum-stake' || current.some((each) => each.name === name));
    });
    expect(ofContract).toHaveLength(13);
    for (const name of ofContract) {
      const { least, most } = parameterRule(name);
      const token = name === 'minimum-stake' ? (owner!.address as Address) : null;
      // The time to contest must stay below the unbonding period, which has its own bounds.
      const others: ParameterValue[] =
        name === 'contest-window' ? [{ name: 'unbonding-period', token: null, value: BigInt(30 * DAY) }] : [];
      const around: ParameterValue[] =
        name === 'unbonding-period' ? [{ name: 'contest-window', token: null, value: 1n }] : others;
      for (const [value, taken] of [
        [least!, true],
        [most!, true],
        [least! - 1n, false],
        [most! + 1n, false],
      ] as const) {
        if (value < 0n) continue;
        const values = [{ name, token, value }, ...around];
        const calls = encoded(() => callsToSet(values, current, contracts));
        // What does not fit the type of the argument never gets to the contract.
        const call = calls && evm.provider.call({ ...calls[0]!, to: calls[0]!.target, from: owner!.address });
        const accepted = call ? await call.then(Boolean, () => false) : false;
        expect(accepted, `${name} ${value}`).toBe(taken);
        const all = [...values, ...current.filter((each) => !values.some((v) => v.name === each.name))];
        expect(parameterFault(all) === null, `${name} ${value}`).toBe(taken);
      }
    }
  });

  it('governance parameters cannot be constructed without an owner or a treasury', async () => {
    await expect(evm.deploy(parameters, owner!.address, ZeroAddress)).rejects.toThrow();
    await expect(evm.deploy(parameters, ZeroAddress, owner!.address)).rejects.toThrow();
  });

  it('governance parameters are set by their owner alone', async () => {
    const calls: [string, unknown[]][] = [
      ['setProtocolFee', [1]],
      ['setTreasury', [stranger!.address]],
      ['setWindows', [1, 2]],
      ['setMinimumStake', [owner!.address, 1]],
      ['setSlashing', [DEFAULT_SLASHING]],
      ['setMinPhaseSeconds', [5]],
      ['addVerifier', [ZeroHash, 16, params.target]],
      ['setContracts', [stranger!.address, stranger!.address]],
      ['transferOwnership', [stranger!.address]],
    ];
    for (const [name, args] of calls) {
      await expectRefusal('OwnableUnauthorizedAccount', as(params, stranger!), name, ...args);
    }
  });

  it('a verifier is added for a rule and size, and never replaced', async () => {
    const rule = id('reference-trust');
    await expectRefusal('ValueOutOfBounds', params, 'addVerifier', rule, 0, params.target);
    await expectRefusal('ValueOutOfBounds', params, 'addVerifier', rule, 65, params.target);
    await expectRefusal('ValueOutOfBounds', params, 'addVerifier', rule, 16, stranger!.address);
    await send(params, 'addVerifier', rule, 16, params.target);
    expect(await read(params, 'verifier', rule, 16)).toBe(params.target);
    await expectRefusal('VerifierExists', params, 'addVerifier', rule, 16, params.target);
    await send(params, 'addVerifier', rule, 64, params.target);
    await send(params, 'addVerifier', id('another-rule'), 16, params.target);
  });

  it('a name stands for one contract, and for ever', async () => {
    const name = id('AgentTills');
    expect(await read(params, 'contractOf', name)).toBe(ZeroAddress);
    await expectRefusal('ValueOutOfBounds', params, 'addContract', name, stranger!.address);
    await send(params, 'addContract', name, params.target);
    expect(await read(params, 'contractOf', name)).toBe(params.target);
    await expectRefusal('ContractExists', params, 'addContract', name, params.target);
    await expectRefusal(
      'OwnableUnauthorizedAccount',
      as(params, stranger!),
      'addContract',
      id('Another'),
      params.target,
    );
  });

  it('the task contract and the attestor are set once', async () => {
    await expectRefusal('ValueOutOfBounds', params, 'setContracts', ZeroAddress, owner!.address);
    await expectRefusal('ValueOutOfBounds', params, 'setContracts', owner!.address, ZeroAddress);
    await send(params, 'setContracts', owner!.address, stranger!.address);
    expect(await read(params, 'taskManager')).toBe(owner!.address);
    expect(await read(params, 'attestor')).toBe(stranger!.address);
    await expectRefusal('ContractsExist', params, 'setContracts', stranger!.address, stranger!.address);
  });
});

describe('governance', () => {
  let evm: Evm;
  let token: Contract;
  let params: Contract;
  let stakes: Contract;
  let governor: Contract;
  let timelock: Contract;
  /** Holds nine tenths of the votes; a tenth; stands for the task contract. */
  let [many, few, tasks]: JsonRpcSigner[] = [];

  beforeAll(async () => {
    evm = await startEvm(4);
    [many, few, tasks] = evm.signers;
    token = await evm.deploy(chorusToken, many!.address, 1000n);
    timelock = await evm.deploy(chorusTimelock, TIMELOCK_DELAY, [], [ZeroAddress], many!.address);
    governor = await evm.deploy(
      chorusGovernor,
      token.target,
      timelock.target,
      VOTING_DELAY,
      VOTING_PERIOD,
      50n,
      20n,
    );
    for (const role of ['PROPOSER_ROLE', 'CANCELLER_ROLE']) {
      await send(timelock, 'grantRole', await read(timelock, role), governor.target);
    }
    await send(timelock, 'renounceRole', ZeroHash, many!.address);
    params = await evm.deploy(parameters, many!.address, many!.address);
    const identities = await evm.deploy(identityRegistry);
    stakes = await evm.deploy(stakeManager, params.target, identities.target);
    await send(params, 'setContracts', tasks!.address, many!.address);
    await send(params, 'transferOwnership', timelock.target);
    await send(identities, 'register()');
    await send(token, 'transfer', few!.address, 100n);
    for (const voter of [many!, few!]) await send(as(token, voter), 'delegate', voter.address);
    await send(token, 'approve', stakes.target, 300n);
    await send(stakes, 'deposit', token.target, 0, 300n);
    await send(as(stakes, tasks!), 'lock', token.target, 0, 1, 200n);
    await evm.save();
  });
  beforeEach(async () => {
    await evm.restore();
    // Votes are read a second before a proposal.
    await evm.passTime(5);
  });
  afterAll(() => evm?.close());

  type Action = [contract: Contract, name: string, ...args: unknown[]];
  const proposal = (actions: Action[], text: string) =>
    [
      actions.map(([contract]) => contract.target),
      actions.map(() => 0n),
      actions.map(([contract, name, ...args]) => contract.interface.encodeFunctionData(name, args)),
      text,
    ] as const;
  const hashed = (p: ReturnType<typeof proposal>) => [p[0], p[1], p[2], id(p[3])] as const;

  /** Propose, let the votes be cast, and return the proposal. */
  const decide = async (actions: Action[], support = 1, voters = [many!]) => {
    const p = proposal(actions, `proposal ${actions[0]![1]}`);
    await send(governor, 'propose', ...p);
    const proposalId = await read(governor, 'hashProposal', ...hashed(p));
    await evm.passTime(VOTING_DELAY + 1);
    for (const voter of voters) await send(as(governor, voter), 'castVote', proposalId, support);
    await evm.passTime(VOTING_PERIOD + 1);
    return { p, proposalId };
  };
  const enact = async (actions: Action[]): Promise<void> => {
    const { p } = await decide(actions);
    await send(governor, 'queue', ...hashed(p));
    await evm.passTime(TIMELOCK_DELAY + 1);
    await send(as(governor, few!), 'execute', ...hashed(p));
  };
  /** The decision is taken and queued; what it reverts with when anyone executes it. */
  const expectUnenforceable = async (error: string, action: Action): Promise<void> => {
    const { p, proposalId } = await decide([action]);
    await send(governor, 'queue', ...hashed(p));
    await evm.passTime(TIMELOCK_DELAY + 1);
    await expectRefusal(error, as(governor, few!), 'execute', ...hashed(p));
    expect(await read(governor, 'state', proposalId)).not.toBe(EXECUTED);
  };

  it('governance sets the fee: proposed, voted on, queued, executed after the delay', async () => {
    const { p, proposalId } = await decide([[params, 'setProtocolFee', 250]]);
    expect(await read(governor, 'state', proposalId)).toBe(SUCCEEDED);
    expect(await read(governor, 'proposalNeedsQueuing', proposalId)).toBe(true);
    await expectRefusal('GovernorNonexistentProposal', governor, 'queue', ...hashed(proposal([], 'none')));
    await send(governor, 'queue', ...hashed(p));
    await expectRefusal('TimelockUnexpectedOperationState', governor, 'execute', ...hashed(p));
    await evm.passTime(TIMELOCK_DELAY + 1);
    await send(as(governor, few!), 'execute', ...hashed(p));
    expect(await read(governor, 'state', proposalId)).toBe(EXECUTED);
    expect(await read(params, 'protocolFeeBps')).toBe(250n);
  });

  it('governance shares one clock with the token, the time', async () => {
    expect(await read(governor, 'CLOCK_MODE')).toBe('mode=timestamp');
    expect(await read(governor, 'clock')).toBe(await read(token, 'clock'));
    expect(await read(governor, 'votingDelay')).toBe(BigInt(VOTING_DELAY));
    expect(await read(governor, 'votingPeriod')).toBe(BigInt(VOTING_PERIOD));
  });

  it('governance needs a majority, a quorum and a threshold', async () => {
    const against = await decide([[params, 'setProtocolFee', 1]], 0);
    expect(await read(governor, 'state', against.proposalId)).toBe(DEFEATED);
    const quiet = await decide([[params, 'setProtocolFee', 2]], 1, [few!]);
    expect(await read(governor, 'state', quiet.proposalId)).toBe(DEFEATED);
    await expectRefusal('GovernorUnexpectedProposalState', governor, 'queue', ...hashed(quiet.p));
    expect(await read(governor, 'proposalThreshold')).toBe(50n);
    const small = proposal([[params, 'setProtocolFee', 3]], 'small');
    await expectRefusal('GovernorInsufficientProposerVotes', as(governor, tasks!), 'propose', ...small);
  });

  it('tokens bought after the snapshot do not vote', async () => {
    const p = proposal([[params, 'setProtocolFee', 4]], 'late');
    await send(governor, 'propose', ...p);
    const proposalId = await read(governor, 'hashProposal', ...hashed(p));
    await evm.passTime(VOTING_DELAY + 5);
    await send(token, 'transfer', few!.address, 600n);
    await send(as(governor, few!), 'castVote', proposalId, 0);
    await send(governor, 'castVote', proposalId, 1);
    await evm.passTime(VOTING_PERIOD + 1);
    expect(await read(governor, 'state', proposalId)).toBe(SUCCEEDED);
  });

  it('no account can change the parameters without governance: not the deployer, the governor or a stranger', async () => {
    for (const signer of [many!, few!, tasks!]) {
      await expectRefusal('OwnableUnauthorizedAccount', as(params, signer), 'setProtocolFee', 1);
      const data = params.interface.encodeFunctionData('setProtocolFee', [1]);
      const schedule = [params.target, 0, data, ZeroHash, ZeroHash, TIMELOCK_DELAY];
      await expectRefusal('AccessControlUnauthorizedAccount', as(timelock, signer), 'schedule', ...schedule);
    }
    expect(await read(timelock, 'hasRole', ZeroHash, many!.address)).toBe(false);
    expect(await read(params, 'owner')).toBe(timelock.target);
  });

  it('no vote sets a value beyond its bounds', async () => {
    await expectUnenforceable('ValueOutOfBounds', [params, 'setProtocolFee', 501]);
    await expectUnenforceable('ValueOutOfBounds', [params, 'setWindows', 8 * DAY, 20 * DAY]);
    const tooMuch = DEFAULT_SLASHING.map(() => 10_000n);
    await expectUnenforceable('ValueOutOfBounds', [params, 'setSlashing', tooMuch]);
  });

  it('no vote replaces the task contract or a verifier', async () => {
    await expectUnenforceable('ContractsExist', [params, 'setContracts', many!.address, many!.address]);
    const rule = id('reference-trust');
    await enact([[params, 'addVerifier', rule, 16, stakes.target]]);
    await expectUnenforceable('VerifierExists', [params, 'addVerifier', rule, 16, token.target]);
    expect(await read(params, 'verifier', rule, 16)).toBe(stakes.target);
  });

  it('no vote reaches stake, locked or free', async () => {
    const split = [many!.address, 10_000, 0, many!.address];
    const attempts: [string, Action][] = [
      ['OnlyTaskManager', [stakes, 'slash', token.target, 0, 1, id('made up'), 200, split]],
      ['OnlyTaskManager', [stakes, 'unlock', token.target, 0, 1]],
      ['OnlyTaskManager', [stakes, 'lock', token.target, 0, 2, 100]],
      ['NotYourShares', [stakes, 'requestUnbond', token.target, 0, 1]],
      ['NotYourShares', [stakes, 'withdraw', 1]],
      ['ERC20InsufficientAllowance', [token, 'transferFrom', stakes.target, many!.address, 300]],
    ];
    for (const [error, action] of attempts) await expectUnenforceable(error, action);
    expect(await read(token, 'balanceOf', stakes.target)).toBe(300n);
    expect([...(await read(stakes, 'pool', token.target, 0))].slice(0, 1)).toEqual([300n]);
    // There is no other privileged function: the contract has no owner, and no setter.
    const names = stakes.interface.fragments.flatMap((f) => (f.type === 'function' ? [f.format()] : []));
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((f) => /owner|upgrade|pause|rescue|sweep|^set/i.test(f))).toEqual([]);
  });

  it('a queued decision is cancelled by its proposer before the vote starts, not after', async () => {
    const p = proposal([[params, 'setProtocolFee', 5]], 'withdrawn');
    await send(governor, 'propose', ...p);
    await expectRefusal('GovernorUnableToCancel', as(governor, few!), 'cancel', ...hashed(p));
    await send(governor, 'cancel', ...hashed(p));
    const { p: voted } = await decide([[params, 'setProtocolFee', 6]]);
    await expectRefusal('GovernorUnableToCancel', governor, 'cancel', ...hashed(voted));
  });

  it('governance changes its own rules by the same way', async () => {
    await enact([[governor, 'setProposalThreshold', 1n]]);
    expect(await read(governor, 'proposalThreshold')).toBe(1n);
    await expectRefusal('GovernorOnlyExecutor', governor, 'setProposalThreshold', 2n);
  });
});
