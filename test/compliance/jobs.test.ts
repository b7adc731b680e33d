import { agenticCommerce } from '@chorus/contracts';
import { EventFragment, FunctionFragment } from 'ethers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  DECISION,
  DIGEST,
  type JobsWorld,
  NONE,
  openJobsWorld,
  SALT,
  STEP,
  VOTES,
} from '../economy/jobs/world.ts';
import { as, expectRefusal, read, send } from './evm.ts';
import { expectGas } from './gas.ts';

/** Functions and events of ERC-8183 (text of 2026-03-13), as it writes them. */
const FUNCTIONS = [
  'createJob(address,address,uint256,string,address)',
  'setProvider(uint256,address,bytes)',
  'setBudget(uint256,uint256,bytes)',
  'fund(uint256,uint256,bytes)',
  'submit(uint256,bytes32,bytes)',
  'complete(uint256,bytes32,bytes)',
  'reject(uint256,bytes32,bytes)',
  'claimRefund(uint256)',
];
const EVENTS: Readonly<Record<string, string>> = {
  JobCreated: 'jobId,client,provider,evaluator,expiredAt',
  ProviderSet: 'jobId,provider',
  BudgetSet: 'jobId,amount',
  JobFunded: 'jobId,client,amount',
  JobSubmitted: 'jobId,provider,deliverable',
  JobCompleted: 'jobId,evaluator,reason',
  JobRejected: 'jobId,rejector,reason',
  JobExpired: 'jobId',
  PaymentReleased: 'jobId,provider,amount',
  Refunded: 'jobId,client,amount',
};

describe('AgenticCommerce', () => {
  it('has the functions and events of ERC-8183, with their names and types', () => {
    const { abi } = agenticCommerce;
    const functions = abi
      .filter(({ type }) => type === 'function')
      .map((f) => FunctionFragment.from(f).format());
    expect(functions).toEqual(expect.arrayContaining(FUNCTIONS));
    const events = abi.filter(({ type }) => type === 'event').map((e) => EventFragment.from(e));
    for (const [name, inputs] of Object.entries(EVENTS)) {
      const found = events.find((event) => event.name === name);
      expect(found?.inputs.map((input) => input.name).join(), name).toBe(inputs);
    }
  });
});

describe('jobs and their evaluator', () => {
  let world: JobsWorld;
  beforeAll(async () => {
    world = await openJobsWorld();
    await world.evm.save();
  });
  afterAll(() => world?.evm.close());
  const by = (account: number, contract = world.evaluator) => as(contract, world.accounts[account]!);

  it('cost the gas of the committed snapshot', async () => {
    const { commerce, evaluator, accounts } = world;
    const gas: Record<string, bigint> = {};
    const measure = async (name: string, sent: Promise<{ gasUsed: bigint }>): Promise<void> => {
      gas[name] = (await sent).gasUsed;
    };
    for (const i of [2, 3, 4, 5, 6, 7, 8]) {
      const taken = send(by(i), 'takeSeat', i);
      if (i === 8) await measure('take a seat', taken);
      else await taken;
    }
    await world.evm.passTime(1);
    const budget = 10n ** 20n;
    const expiredAt = (await world.evm.now()) + 2 * DECISION;
    const cid = 'ipfs://bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy';
    const terms = [accounts[1]!.address, evaluator.target, expiredAt, cid, `0x${'00'.repeat(20)}`];
    await measure('create a job', send(commerce, 'createJob', ...terms));
    await measure('set the budget of a job', send(commerce, 'setBudget', 1, budget, '0x'));
    await measure('fund a job', send(commerce, 'fund', 1, budget, '0x'));
    await measure('submit the work of a job', send(by(1, commerce), 'submit', 1, DIGEST, '0x'));
    await measure('dispute a job', send(evaluator, 'dispute', 1, NONE));
    await measure('defend a job', send(by(1), 'defend', 1, NONE));
    await measure('draw a jury of 7', send(evaluator, 'draw', 1));
    const [, jury] = await read(evaluator, 'disputeOf', 1);
    for (const [i, { agentId }] of jury.entries()) {
      const sealed = await read(evaluator, 'commitmentOf', 1, agentId, VOTES.reject, SALT);
      const sent = send(by(Number(agentId)), 'commit', 1, agentId, sealed);
      if (i === 0) await measure('commit to a vote', sent);
      else await sent;
    }
    for (const [i, { agentId }] of jury.entries()) {
      const sent = send(by(Number(agentId)), 'reveal', 1, agentId, VOTES.reject, SALT);
      if (i === 0) await measure('reveal a vote', sent);
      else await sent;
    }
    await measure('settle a disputed job', send(evaluator, 'settle', 1));
    await measure('withdraw a bond', send(evaluator, 'withdraw', world.token.target, accounts[0]!.address));
    const second = await world.submit(budget);
    await measure('accept the work of a job', send(evaluator, 'accept', second));
    const third = await world.fund(budget);
    await world.evm.passTime(10 * DECISION);
    await measure('refund a job', send(commerce, 'claimRefund', third));
    expectGas(gas);
  });

  it('are of terms within bounds alone', async () => {
    const { params, identities, stakes, token } = world;
    const terms = { windowSeconds: 1000, stepSeconds: 300, stakeToken: token.target, seatStake: 1 };
    for (const wrong of [
      { windowSeconds: 2 },
      { windowSeconds: 30 * 86_400 + 1 },
      { stepSeconds: 2 },
      { stepSeconds: 7 * 86_400 + 1 },
      { seatStake: 0 },
      { stakeToken: world.treasury },
    ]) {
      const around = [params.target, identities.target, stakes.target];
      const made = world.evm.deploy(agenticCommerce, ...around, { ...terms, ...wrong });
      await expect(made, Object.keys(wrong)[0]).rejects.toThrow(/revert/);
    }
  });

  it('take bounded terms, known tokens, and payouts that can be paid', async () => {
    await world.evm.restore();
    const { commerce, evaluator, accounts, token } = world;
    const expiredAt = (await world.evm.now()) + 2 * DECISION;
    const zero = `0x${'00'.repeat(20)}`;
    const create = (changes: { token?: unknown; evaluator?: unknown; at?: number; text?: string }) => [
      ...[changes.token ?? token.target, accounts[1]!.address, changes.evaluator ?? evaluator.target],
      ...[changes.at ?? expiredAt, changes.text ?? 'a job', zero],
    ];
    for (const wrong of [
      { token: world.treasury },
      { evaluator: zero },
      { at: expiredAt - 2 * DECISION + 10 },
      { at: expiredAt + 366 * 86_400 },
      { text: '' },
      { text: 'x'.repeat(1025) },
    ]) {
      await expectRefusal('JobOutOfBounds', commerce, 'createJobIn', ...create(wrong));
    }
    const jobId = await world.submit();
    await expectRefusal('JobOutOfBounds', commerce, 'setBudget', await openJob(), 2n ** 128n, '0x');
    for (const payout of [zero, commerce.target]) {
      await expectRefusal('JobOutOfBounds', by(1, commerce), 'setPayout', jobId, payout);
    }
    await expectRefusal('NoTillContract', by(1, commerce), 'setPayoutTill', jobId, 1);
    await expectRefusal('ProviderMissing', commerce, 'setProvider', await openJob(zero), zero, '0x');
    await expectRefusal('NoBondToWithdraw', evaluator, 'withdraw', token.target, zero);
    await expectRefusal('NothingKept', commerce, 'withdraw', token.target, zero);
    expect((await read(evaluator, 'seats', 0, 10)).toArray()).toEqual([]);
    await world.takeSeats([4, 2]);
    expect((await read(evaluator, 'seats', 1, 10)).toArray()).toEqual([2n]);
    await expectRefusal('StepNotOver', by(0), 'settle', jobId);
    expect(await read(evaluator, 'decisionSeconds')).toBe(BigInt(DECISION));
    expect(Number((await read(evaluator, 'terms')).stepSeconds)).toBe(STEP);

    async function openJob(provider: string = accounts[1]!.address): Promise<bigint> {
      await send(commerce, 'createJob', provider, evaluator.target, expiredAt, 'a job', zero);
      return read(commerce, 'jobCount');
    }
  });
});
