import type { Address } from '@chorus/protocol';
import type { Contract } from 'ethers';
import { as, read, refusal, send } from '../../compliance/evm.ts';
import { generator } from '../../random.ts';
import { DisputeRules } from '../../twins/ledger/job-disputes.ts';
import { JobRules } from '../../twins/ledger/jobs.ts';
import { type Call, makeCall } from '../rule-call.ts';
import { dealer } from './calls.ts';
import { DECISION, type JobsWorld, SEAT_STAKE, STEP, SUPPLY, WINDOW } from './world.ts';

export interface JobsFuzz {
  /** How often each call was carried out, and refused with which error; how disputes and jobs ended. */
  outcomes: Record<string, number>;
  calls: number;
}

/**
 * Random calls by random accounts on the contracts and by a second implementation of their rules: what these refuse the
 * contracts refuse with the same error, and after each call both contracts hold what they say. At the end all jobs end,
 * all take out what they are owed, and nothing stays.
 *
 * @param seed the same seed draws the same calls
 */
export async function fuzzJobs(
  world: JobsWorld,
  second: Contract,
  { seed, calls }: { seed: number; calls: number },
): Promise<JobsFuzz> {
  const random = generator(seed);
  const { evm, accounts, commerce, evaluator, stakes } = world;
  const tokens = [world.token, second];
  const names = accounts.map(({ address }) => address as Address);
  const stake = accounts.map(() => SEAT_STAKE);
  const money = { pull: () => undefined, push: () => undefined };
  const at = evaluator.target as Address;
  const jobs = new JobRules({
    ...{ treasury: world.treasury as Address, evaluator: at, decisionSeconds: DECISION },
    ...{ tillOf: () => at, ...money },
  });
  const disputes = new DisputeRules({
    stakeToken: world.token.target as Address,
    ...{ windowSeconds: WINDOW, stepSeconds: STEP, seatStake: SEAT_STAKE, jobs: () => jobs, evaluator: at },
    mayAct: (account, agentId) => names[Number(agentId)] === account,
    stakeOf: (agentId) => stake[Number(agentId)]!,
    ...money,
  });
  const result: JobsFuzz = { outcomes: {}, calls: 0 };
  const count = (outcome: string): void => {
    result.outcomes[outcome] = (result.outcomes[outcome] ?? 0) + 1;
  };
  let now = await evm.now();

  const perform = async (call: Call): Promise<void> => {
    if (call.contract === stakes) await moveStake(call);
    else count(await makeCall(call, evm, accounts[call.account]!, now));
    result.calls++;
    await checkMoney();
  };

  /** The stake contract has rules of its own: whatever it does, the stake is what it says. */
  const moveStake = async (call: Call): Promise<void> => {
    const contract = as(stakes, accounts[call.account]!);
    await evm.provider.send('evm_setNextBlockTimestamp', [now]);
    const refused = await refusal(contract, call.method, ...call.args);
    if (refused === null) await send(contract, call.method, ...call.args);
    else await evm.provider.send('evm_mine', []);
    stake[call.account] = await read(stakes, 'freeStake', world.token.target, call.account);
    count(call.name);
  };

  const checkMoney = async (): Promise<void> => {
    const checks = tokens.flatMap((token) =>
      [
        { contract: commerce, rules: jobs },
        { contract: evaluator, rules: disputes },
      ].map(async ({ contract, rules }) => {
        const held = await world.balance(contract.target as string, token);
        const should = rules.held(token.target as Address);
        if (held !== should) throw new Error(`${contract.target} holds ${held}, not ${should}`);
      }),
    );
    await Promise.all(checks);
  };

  for (const account of accounts) {
    if (account !== accounts[0]) await send(second, 'transfer', account.address, 10n ** 24n);
    for (const { target } of [commerce, evaluator])
      await send(as(second, account), 'approve', target, SUPPLY);
  }
  const draw = dealer({ world, tokens, jobs, disputes, random });
  now = await evm.now();
  // Disputes need a jury from the start.
  for (const [account, name] of names.entries()) {
    now += 1;
    const expected = (time: number) => disputes.takeSeat(name, BigInt(account), time);
    await perform({
      name: 'takeSeat',
      contract: evaluator,
      method: 'takeSeat',
      args: [account],
      account,
      expected,
    });
  }
  for (let i = 0; i < calls; i++) {
    now += 1 + Math.floor(random() * 12) + (random() < 0.02 ? Math.floor(random() * 1000) : 0);
    await perform(draw(now));
  }
  await drain();
  for (const { status } of jobs.jobs) count(`ended ${status}`);
  for (const { outcome } of disputes.disputes.values()) count(`decided ${outcome}`);
  return result;

  /** All that can end ends, and all that is owed is paid. */
  async function drain(): Promise<void> {
    now += 10 * DECISION;
    const attempt = (contract: Contract, method: string, args: unknown[], expected: Call['expected']) =>
      perform({ name: `drain: ${method}`, contract, method, args, account: 0, expected });
    for (const { jobId } of jobs.jobs) {
      now += 1;
      await attempt(evaluator, 'decide', [jobId], (time) => disputes.decide(jobId, time));
      await attempt(commerce, 'claimRefund', [jobId], (time) => jobs.refund(jobId, time));
    }
    for (const token of tokens.map(({ target }) => target as Address)) {
      for (const name of [...names, world.treasury as Address]) {
        await attempt(commerce, 'withdraw', [token, name], () => jobs.withdraw(token, name));
        await attempt(evaluator, 'withdraw', [token, name], () => disputes.withdraw(token, name));
      }
      if (jobs.held(token) + disputes.held(token) !== 0n) throw new Error('something stays');
    }
  }
}
