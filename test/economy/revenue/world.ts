import {
  agentTills,
  agentUnits,
  chorusToken,
  identityRegistry,
  modelRoyalties,
  parameters,
} from '@chorus/contracts';
import type { Address, TillTerms, UnitLaunch } from '@chorus/protocol';
import { Contract, type InterfaceAbi, type JsonRpcSigner } from 'ethers';
import { as, type Evm, read, send, startEvm } from '../../compliance/evm.ts';

/** Stands in for the task contract: what trainers earned is what a test says. */
const TASKS = `// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;
import {ITaskManager} from "contracts/interfaces/ITaskManager.sol";
contract EarnedTasks {
    mapping(uint256 => address[]) private trainers;
    mapping(uint256 => mapping(address => uint256)) private earned;
    mapping(uint256 => bool) private ended;
    function earn(uint256 taskId, address trainer, uint256 amount) external {
        if (earned[taskId][trainer] == 0) trainers[taskId].push(trainer);
        earned[taskId][trainer] += amount;
    }
    function end(uint256 taskId) external { ended[taskId] = true; }
    function getTask(uint256 taskId) external view returns (ITaskManager.TaskView memory task) {
        task.trainers = trainers[taskId];
        task.status = ended[taskId] ? ITaskManager.TaskStatus.Ended : ITaskManager.TaskStatus.Running;
    }
    function getMember(uint256 taskId, address account) external view returns (ITaskManager.MemberView memory member) {
        member.earned = earned[taskId][account];
    }
}`;

export const SEVEN_DAYS = 7 * 86_400;
export const SUPPLY = 10n ** 30n;

/** Tills, units and royalties on a development chain. Account i owns identity i, for the first four. */
export interface RevenueWorld {
  evm: Evm;
  token: Contract;
  params: Contract;
  identities: Contract;
  tasks: Contract;
  royalties: Contract;
  tills: Contract;
  units: Contract;
  accounts: JsonRpcSigner[];
  /** No account of the others. */
  treasury: string;
  balance(of: string, asset?: Contract): Promise<bigint>;
  /** Pay an agent as a caller of it does. */
  pay(agentId: number, amount: bigint, asset?: Contract): Promise<void>;
  setTerms(agentId: number, terms: Partial<TillTerms>): Promise<unknown>;
  launch(agentId: number, terms?: Partial<UnitLaunch>): Promise<unknown>;
}

export const termsOf = (terms: Partial<TillTerms>): TillTerms => ({
  holdersBps: 0,
  models: [],
  tools: [],
  ...terms,
});

export async function openRevenueWorld(): Promise<RevenueWorld> {
  const evm = await startEvm(7);
  const accounts = evm.signers.slice(0, 6);
  const treasury = evm.signers[6]!.address;
  const owner = accounts[0]!.address;
  const token = await evm.deploy(chorusToken, owner, SUPPLY);
  const identities = await evm.deploy(identityRegistry);
  const params = await evm.deploy(parameters, owner, treasury);
  const tasks = await evm.deploySource('EarnedTasks', TASKS);
  const royalties = await evm.deploy(modelRoyalties, tasks.target);
  const tills = await evm.deploy(agentTills, params.target, identities.target, royalties.target);
  const units = new Contract(await read(tills, 'units'), agentUnits.abi as InterfaceAbi, accounts[0]);
  for (const [i, account] of accounts.entries()) {
    if (i < 4) await send(as(identities, account), 'register()');
    if (i > 0) await send(token, 'transfer', account.address, SUPPLY / 10n);
    await send(as(token, account), 'approve', units.target, SUPPLY);
  }
  const launchOf = (terms: Partial<UnitLaunch>): UnitLaunch => ({
    token: token.target as Address,
    base: 1000n,
    slope: 10n,
    cap: 500n,
    holdersBps: 0,
    creatorUnits: 0n,
    vestingSeconds: 0,
    description: 'units of an agent',
    ...terms,
  });
  return {
    evm,
    token,
    params,
    identities,
    tasks,
    royalties,
    tills,
    units,
    accounts,
    treasury,
    balance: (of, asset = token) => read(asset, 'balanceOf', of),
    pay: async (agentId, amount, asset = token) => {
      await send(asset, 'transfer', await read(tills, 'tillOf', agentId), amount);
    },
    setTerms: (agentId, terms) => send(as(tills, accounts[agentId]!), 'setTerms', agentId, termsOf(terms)),
    launch: (agentId, terms = {}) => send(as(units, accounts[agentId]!), 'launch', agentId, launchOf(terms)),
  };
}
