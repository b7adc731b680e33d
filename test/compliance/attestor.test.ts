import {
  identityRegistry,
  packWords,
  parameters,
  reputationRegistry,
  roundAttestor,
  SHARE_WORDS,
  validationRegistry,
} from '@chorus/contracts';
import { SHARE_ONE } from '@chorus/protocol';
import { AbiCoder, type Contract, id, type JsonRpcSigner, keccak256 } from 'ethers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { as, type Evm, events, expectRefusal, read, send, startEvm } from './evm.ts';

/** What the attestor reads of a task contract and of its stake, set at will. */
const TASKS = `// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;
import {ITaskManager} from "contracts/interfaces/ITaskManager.sol";
contract Tasks {
    mapping(uint256 => mapping(uint256 => ITaskManager.RoundRecord)) private _records;
    mapping(uint256 => mapping(address => uint256)) private _agents;
    mapping(uint256 => ITaskManager.TaskView) private _tasks;
    mapping(uint256 => uint256) public slashCount;

    function join(uint256 taskId, address trainer, uint256 agentId) external {
        _tasks[taskId].trainers.push(trainer);
        _agents[taskId][trainer] = agentId;
    }
    function settle(uint256 taskId, uint256 round, uint256[3] calldata shares) external {
        _records[taskId][round % 16] = ITaskManager.RoundRecord(round, 1000, 7, shares);
        _tasks[taskId].round = round;
    }
    function skip(uint256 taskId, uint256 round) external { _tasks[taskId].round = round; }
    function end(uint256 taskId) external { _tasks[taskId].status = ITaskManager.TaskStatus.Ended; }
    function punish(uint256 agentId) external { slashCount[agentId]++; }

    function stakes() external view returns (address) { return address(this); }
    function getTask(uint256 taskId) external view returns (ITaskManager.TaskView memory) { return _tasks[taskId]; }
    function getMember(uint256 taskId, address a) external view returns (ITaskManager.MemberView memory m) {
        m.agentId = _agents[taskId][a];
    }
    function getRecord(uint256 taskId, uint256 round) external view returns (ITaskManager.RoundRecord memory r) {
        ITaskManager.RoundRecord storage kept = _records[taskId][round % 16];
        if (kept.round == round) r = kept;
    }
}`;

const share = (parts: number[]): bigint[] =>
  packWords(
    parts.map((part) => Math.floor(part * SHARE_ONE)),
    SHARE_WORDS,
  );

describe('the attestor of settled rounds', () => {
  let evm: Evm;
  let identities: Contract;
  let reputations: Contract;
  let validations: Contract;
  let attestor: Contract;
  let tasks: Contract;
  /** Trainers with identities 0, 1 and 2; a stranger with identity 3. */
  let trainers: JsonRpcSigner[];
  let squatter: JsonRpcSigner;

  beforeAll(async () => {
    evm = await startEvm(4);
    trainers = evm.signers.slice(0, 3);
    squatter = evm.signers[3]!;
    identities = await evm.deploy(identityRegistry);
    reputations = await evm.deploy(reputationRegistry, identities.target);
    validations = await evm.deploy(validationRegistry, identities.target);
    const params = await evm.deploy(parameters, trainers[0]!.address, trainers[0]!.address);
    attestor = await evm.deploy(
      roundAttestor,
      params.target,
      identities.target,
      reputations.target,
      validations.target,
    );
    tasks = await evm.deploySource('Tasks', TASKS);
    await send(params, 'setContracts', tasks.target, attestor.target);
    for (const [agentId, signer] of evm.signers.entries()) {
      await send(as(identities, signer), 'register()');
      if (signer !== squatter) await send(tasks, 'join', 1, signer.address, agentId);
    }
    await evm.save();
  });
  beforeEach(() => evm.restore());
  afterAll(() => evm?.close());

  const hashOf = (agentId: number): Promise<string> => read(attestor, 'requestHashOf', 1, agentId);
  const ask = async (agentId: number, hash?: string) =>
    send(
      as(validations, evm.signers[agentId]!),
      'validationRequest',
      attestor.target,
      agentId,
      '',
      hash ?? (await hashOf(agentId)),
    );
  const settle = (round: number, parts: number[]) => send(tasks, 'settle', 1, round, share(parts));
  const status = async (hash: string) => {
    const [, , response, responseHash, tag] = await read(validations, 'getValidationStatus', hash);
    return { response, responseHash, tag };
  };
  const history = async (agentId: number) => [...(await read(attestor, 'history', agentId))];

  it('the attestor of settled rounds names its registries', async () => {
    expect(await read(attestor, 'identities')).toBe(identities.target);
    expect(await read(attestor, 'reputations')).toBe(reputations.target);
    expect(await read(attestor, 'validations')).toBe(validations.target);
  });

  it('the attestor of settled rounds answers the requests of the trainers in proportion to the largest share, with the record’s hash', async () => {
    await ask(0);
    await ask(1);
    await settle(1, [0.5, 0.125, 0]);
    const receipt = await send(as(attestor, squatter), 'attest', 1, 1);
    const told = events(receipt, attestor, 'RoundAttested').map((e) => [e.trainer, e.agentId, e.response]);
    expect(told).toEqual([
      [trainers[0]!.address, 0n, 100n],
      [trainers[1]!.address, 1n, 25n],
      [trainers[2]!.address, 2n, 0n],
    ]);
    const record = await read(tasks, 'getRecord', 1, 1);
    const encoded = AbiCoder.defaultAbiCoder().encode(
      ['tuple(uint256,uint256,uint256,uint256[3])'],
      [[...record].map((value) => (typeof value === 'bigint' ? value : [...value]))],
    );
    const expected = { responseHash: keccak256(encoded), tag: 'round' };
    expect(await status(await hashOf(0))).toEqual({ response: 100n, ...expected });
    expect(await status(await hashOf(1))).toEqual({ response: 25n, ...expected });
    // The third has not asked; its history is kept all the same.
    await expectRefusal('UnknownRequest', validations, 'getValidationStatus', await hashOf(2));
    expect([await history(0), await history(1), await history(2)]).toEqual([
      [1n, 1n],
      [1n, 1n],
      [1n, 0n],
    ]);
  });

  it('the attestor rates every trainer 0 in a round without shares', async () => {
    await ask(0);
    await settle(1, [0, 0, 0]);
    await send(attestor, 'attest', 1, 1);
    expect((await status(await hashOf(0))).response).toBe(0n);
    expect(await history(0)).toEqual([1n, 0n]);
  });

  it('the attestor of settled rounds reads every share of 16 trainers', async () => {
    const parts = Array.from({ length: 16 }, (_, i) => (16 - i) / 256);
    for (let i = 0; i < 16; i++) {
      const address = `0x${(i + 1).toString(16).padStart(40, '0')}`;
      await send(tasks, 'join', 2, address, i % 4);
    }
    await send(tasks, 'settle', 2, 1, share(parts));
    const receipt = await send(attestor, 'attest', 2, 1);
    const responses = events(receipt, attestor, 'RoundAttested').map((e) => e.response);
    expect(responses).toEqual(
      Array.from({ length: 16 }, (_, i) => BigInt(Math.floor(((16 - i) * 100) / 16))),
    );
  });

  it('the attestor of settled rounds attests a round once, and only a round that is recorded', async () => {
    await settle(1, [0.5, 0.5, 0]);
    await send(attestor, 'attest', 1, 1);
    await expectRefusal('AlreadyAttested', attestor, 'attest', 1, 1);
    for (const round of [0, 2, 17]) await expectRefusal('NotRecorded', attestor, 'attest', 1, round);
    await settle(17, [0.5, 0, 0]);
    await expectRefusal('NotRecorded', attestor, 'attest', 1, 1);
    await send(attestor, 'attest', 1, 17);
    expect(await history(0)).toEqual([2n, 2n]);
  });

  it('the attestor of settled rounds does not answer a request that another account opened under the hash, and accepts a salted one instead', async () => {
    const taken = await hashOf(0);
    expect(taken).toBe(
      keccak256(
        AbiCoder.defaultAbiCoder().encode(
          ['uint256', 'address', 'uint256', 'uint256'],
          [31337, attestor.target, 1, 0],
        ),
      ),
    );
    await ask(3, taken);
    await expectRefusal('RequestExists', validations, 'validationRequest', attestor.target, 0, '', taken);
    await settle(1, [1, 0, 0]);
    await send(attestor, 'attest', 1, 1);
    expect((await status(taken)).tag).toBe('');

    const salt = id('any salt');
    const salted = await read(attestor, 'saltedRequestHash', 1, 0, salt);
    await expectRefusal('NoRequest', attestor, 'useRequest', 1, 0, salt);
    await ask(0, salted);
    await send(as(attestor, squatter), 'useRequest', 1, 0, salt);
    expect(await hashOf(0)).toBe(salted);
    await settle(2, [1, 0, 0]);
    await send(attestor, 'attest', 1, 2);
    expect((await status(salted)).response).toBe(100n);
    // What the squatter opened under a salt of that identity is not taken.
    const other = await read(attestor, 'saltedRequestHash', 1, 0, id('another'));
    await ask(3, other);
    await expectRefusal('NoRequest', attestor, 'useRequest', 1, 0, id('another'));
  });

  it('the attestor of settled rounds is not stopped by a squatted request hash with a long answer, nor by little gas', async () => {
    const gasOf = async (round: number): Promise<bigint> => {
      await settle(round, [0.5, 0.3, 0.2]);
      return (await send(attestor, 'attest', 1, round)).gasUsed;
    };
    const before = await gasOf(1);
    const taken = await hashOf(0);
    await send(as(validations, squatter), 'validationRequest', squatter.address, 3, '', taken);
    const tag = 'x'.repeat(12_000);
    await send(as(validations, squatter), 'validationResponse', taken, 1, '', id('any'), tag, {
      gasLimit: 14_000_000,
    });
    expect(await gasOf(2)).toBeLessThan(before + 130_000n);
    expect(await history(0)).toEqual([2n, 2n]);
    // With less than what a look may cost, nothing is recorded rather than a request overlooked.
    await settle(3, [0.5, 0.3, 0.2]);
    await expect(send(attestor, 'attest', 1, 3, { gasLimit: 250_000 })).rejects.toThrow();
  });

  it('the attestor of settled rounds does not answer a request to another validator', async () => {
    await send(validations, 'validationRequest', squatter.address, 0, '', await hashOf(0));
    await settle(1, [1, 0, 0]);
    await send(attestor, 'attest', 1, 1);
    expect((await status(await hashOf(0))).tag).toBe('');
  });

  it('the attestor of settled rounds gives one feedback on each trainer after the end: the mean of its rounds, with two decimals', async () => {
    await settle(1, [0.5, 0.25, 0]);
    await settle(2, [0.25, 0.5, 0]);
    await settle(3, [0.5, 0.5, 0]);
    await expectRefusal('TaskNotEnded', attestor, 'giveFeedback', 1, trainers[0]!.address);
    await send(tasks, 'end', 1);
    await send(attestor, 'attest', 1, 1);
    await expectRefusal('RoundNotAttested', attestor, 'giveFeedback', 1, trainers[0]!.address);
    await send(attestor, 'attest', 1, 3);
    await send(attestor, 'attest', 1, 2);
    await expectRefusal('NotRecorded', attestor, 'giveFeedback', 1, squatter.address);
    for (const trainer of trainers) {
      await send(as(attestor, squatter), 'giveFeedback', 1, trainer.address);
      await expectRefusal('AlreadyAttested', attestor, 'giveFeedback', 1, trainer.address);
    }
    const given = async (agentId: number) =>
      [...(await read(reputations, 'readFeedback', agentId, attestor.target, 1))].slice(0, 4);
    expect(await given(0)).toEqual([8333n, 2n, 'contribution', 'task']);
    expect(await given(1)).toEqual([8333n, 2n, 'contribution', 'task']);
    expect(await given(2)).toEqual([0n, 2n, 'contribution', 'task']);
    const summary = await read(reputations, 'getSummary', 0, [attestor.target], 'contribution', '');
    expect([...summary]).toEqual([1n, 8333n, 2n]);
  });

  it('feedback on a task waits only for rounds that can still be attested', async () => {
    await settle(1, [0.5, 0.25, 0]);
    await send(attestor, 'attest', 1, 1);
    await settle(2, [0.5, 0.25, 0]);
    for (let round = 18; round <= 19; round++) await settle(round, [0.5, 0.5, 0]);
    await send(tasks, 'skip', 1, 40);
    await send(tasks, 'end', 1);
    await send(attestor, 'giveFeedback', 1, trainers[1]!.address);
    expect((await read(reputations, 'readFeedback', 1, attestor.target, 1))[0]).toBe(5000n);
  });

  it('reputation is the number of rounds with a share less ten for each offence, and never below 0', async () => {
    for (let round = 1; round <= 12; round++) {
      await settle(round, [0.5, 0.5, 0]);
      await send(attestor, 'attest', 1, round);
    }
    expect(await read(attestor, 'reputation', 0)).toBe(12n);
    await send(tasks, 'punish', 0);
    expect(await read(attestor, 'reputation', 0)).toBe(2n);
    await send(tasks, 'punish', 0);
    expect(await read(attestor, 'reputation', 0)).toBe(0n);
    expect(await read(attestor, 'reputation', 2)).toBe(0n);
    expect(await read(attestor, 'reputation', 99)).toBe(0n);
  });
});
