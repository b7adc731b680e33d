import { connectChain, deployChorus, startDevnet } from '@chorus/chain';
import { Contract, ContractFactory, type InterfaceAbi, JsonRpcProvider, Wallet } from 'ethers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findRevenueContracts } from '../../packages/chain/src/contracts/addresses.ts';
import { compileForTests } from '../compiled.ts';
import { deployAcceptingVerifiers } from '../twins/verifiers.ts';

let devnet: Awaited<ReturnType<typeof startDevnet>>;
let provider: JsonRpcProvider;
let deployed: Awaited<ReturnType<typeof deployChorus>>;
let keys: readonly `0x${string}`[];
beforeAll(async () => {
  devnet = await startDevnet();
  keys = devnet.privateKeys;
  const { url } = devnet;
  provider = new JsonRpcProvider(url, undefined, { batchMaxCount: 1, cacheTimeout: -1 });
  const verifier = await deployAcceptingVerifiers(url, keys[0]!);
  deployed = await deployChorus({ url, privateKey: keys[0]!, verifier });
});
afterAll(async () => {
  provider?.destroy();
  await devnet?.close();
});

it('a network is not taken for one without tills because an endpoint once had no answer', async () => {
  const params = await parameters(deployed.taskManager);
  // A node of the endpoint that is some blocks behind.
  const behind = { call: async () => '0x' };
  await expect(findRevenueContracts(behind as never, params)).rejects.toThrow();
});

it('a network whose contracts are from before there were tills has none', async () => {
  // A contract that knows no such name, as the parameters of then.
  expect(await findRevenueContracts(provider, deployed.token)).toBeNull();
});

/** Approves as USDT does, and emits events of purchases that were none. */
const SOURCE = `// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
contract UnitToken is ERC20("U", "U") {
    event Bought(uint256 indexed agentId, address indexed buyer, uint256 amount, uint256 cost, uint256 fee);
    bool public lies;
    constructor() { _mint(msg.sender, 10 ** 18); }
    function lie() external { lies = true; }
    function approve(address spender, uint256 value) public override returns (bool) {
        require(value == 0 || allowance(msg.sender, spender) == 0, "approved already");
        return super.approve(spender, value);
    }
    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (lies) emit Bought(0, to, 1, 1, 0);
    }
}`;

async function unitsInOddToken() {
  const { url } = devnet;
  const { taskManager: contract } = deployed;
  const wallet = new Wallet(keys[3]!, provider);
  const [artifact] = compileForTests({
    names: ['UnitToken'],
    sources: { 'contracts/UnitToken.sol': SOURCE },
  });
  const made = await new ContractFactory(artifact!.abi as InterfaceAbi, artifact!.bytecode, wallet).deploy();
  await made.waitForDeployment();
  const token = (await made.getAddress()).toLowerCase() as `0x${string}`;
  const buyer = await connectChain({ url, contract, privateKey: keys[3]! });
  const { agentId } = await buyer.registerAgent(`12D3KooWExample/agents/${token}/`);
  await buyer.launchUnits(agentId, {
    ...{ token, base: 100n, slope: 0n, cap: 100n, holdersBps: 0, creatorUnits: 0n },
    ...{ vestingSeconds: 0, description: 'units' },
  });
  return { buyer, agentId, asset: new Contract(token, artifact!.abi as InterfaceAbi, wallet) };
}

it('units in a token that changes no allowance but from or to zero can be bought again', async () => {
  const { buyer, agentId } = await unitsInOddToken();
  // The price may go up until it is mined: more is approved than it costs, and the rest stays approved.
  await buyer.buyUnits(agentId, 1n, 150n);
  await buyer.buyUnits(agentId, 1n, 101n);
  expect((await buyer.units(agentId))!.held).toBe(2n);
  await buyer.close();
});

it('what a purchase cost is read from the contract of the units, not from the token', async () => {
  const { buyer, agentId, asset } = await unitsInOddToken();
  await (await asset.getFunction('lie')()).wait();
  expect((await buyer.buyUnits(agentId, 10n, 1_010n)).paid).toBe(1_010n);
  await buyer.close();
});

async function parameters(taskManager: string): Promise<`0x${string}`> {
  const tasks = new Contract(taskManager, ['function parameters() view returns (address)'], provider);
  return (await tasks.getFunction('parameters')()) as `0x${string}`;
}
