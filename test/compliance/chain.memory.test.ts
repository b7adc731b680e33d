import { devnetKeys } from '@chorus/chain';
import { MemoryLedger } from '../twins/chain.ts';
import { describeChain } from './chain.ts';

describeChain(
  'MemoryChain',
  async () => {
    const ledger = new MemoryLedger();
    const [poor, ...accounts] = devnetKeys(9).map((key) => ledger.connect(key));
    for (const { account } of accounts) ledger.mint(ledger.token, account, 10n ** 18n);
    return {
      token: ledger.token,
      treasury: ledger.treasury,
      accounts,
      poor: poor!,
      passTime: async (seconds) => ledger.passTime(seconds),
      close: async () => undefined,
    };
  },
  { propertyRuns: 40 },
);
