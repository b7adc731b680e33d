import { connectChain, deployChorus, startDevnet } from '@chorus/chain';
import { chorusToken } from '@chorus/contracts';
import { Contract, JsonRpcProvider, NonceManager, Wallet } from 'ethers';
import { describeChain } from './chain.ts';

describeChain(
  'contracts on anvil',
  async () => {
    const devnet = await startDevnet();
    const [deployer, poorKey, ...keys] = devnet.privateKeys.slice(0, 10);
    const { url } = devnet;
    const { token, taskManager, treasury } = await deployChorus({ url, privateKey: deployer! });
    const connect = (privateKey: `0x${string}`) => connectChain({ url, contract: taskManager, privateKey });
    const accounts = await Promise.all(keys.map(connect));
    const poor = await connect(poorKey!);
    const provider = new JsonRpcProvider(url, undefined, { batchMaxCount: 1, cacheTimeout: -1 });
    const funds = new Contract(
      token,
      [...chorusToken.abi],
      new NonceManager(new Wallet(deployer!, provider)),
    );
    for (const { account } of accounts) await funds.getFunction('transfer')(account, 10n ** 18n);
    return {
      token,
      treasury,
      accounts,
      poor,
      passTime: async (seconds) => {
        await provider.send('evm_increaseTime', [seconds]);
        await provider.send('evm_mine', []);
      },
      close: async () => {
        for (const port of [...accounts, poor]) await port.close();
        provider.destroy();
        await devnet.close();
      },
    };
  },
  { propertyRuns: 4 },
);
