import { connectChain, deployChorus, startDevnet, transferTokens } from '@chorus/chain';
import { JsonRpcProvider } from 'ethers';
import { SEAT_STAKE } from '../twins/ledger/ledger.ts';
import { deployAcceptingVerifiers } from '../twins/verifiers.ts';
import { describeChain } from './chain.ts';

describeChain(
  'contracts on anvil',
  async () => {
    const devnet = await startDevnet();
    const [deployer, poorKey, ...keys] = devnet.privateKeys.slice(0, 10);
    const { url } = devnet;
    const verifier = await deployAcceptingVerifiers(url, deployer!);
    const { token, taskManager, treasury } = await deployChorus({
      ...{ url, privateKey: deployer!, verifier },
      // One account alone reaches no quorum.
      supply: 10n ** 20n,
      governance: {
        ...{ votingDelay: 100, votingPeriod: 1000, timelock: 1000 },
        proposalThreshold: 10n ** 17n,
        quorumPercent: 1,
      },
      market: { seatStake: SEAT_STAKE },
    });
    const connect = (privateKey: `0x${string}`) => connectChain({ url, contract: taskManager, privateKey });
    const accounts = await Promise.all(keys.map(connect));
    const poor = await connect(poorKey!);
    const provider = new JsonRpcProvider(url, undefined, { batchMaxCount: 1, cacheTimeout: -1 });
    const recipients = accounts.map((port) => port.account);
    await transferTokens({ url, privateKey: deployer!, token, recipients, amount: 10n ** 18n });
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
