import type { GovernanceDocument } from '@chorus/admin-api';
import type { Api } from '../api/api.ts';
import { sumsIn } from './amount.tsx';
import { usePrepared } from './prepared.tsx';
import { Row } from './row.tsx';
import type { Transfer } from './signing.tsx';

/**
 * With how many tokens this node's wallet votes, and who votes with them.
 * @param onEnd called when a transaction was seen to its end
 */
export function VotingPower({ api, of, onEnd }: { api: Api; of: GovernanceDocument; onEnd: () => void }) {
  const { wallet } = of;
  const sum = sumsIn(of);
  const { prepare, shown, isOpen } = usePrepared(onEnd);
  const isOwn = wallet.delegate === wallet.account;
  return (
    <>
      <dl>
        <Row name="This wallet holds">{sum(wallet.balance)}</Row>
        <Row name="Who votes with that">
          {wallet.delegate === null ? (
            'nobody: tokens that are not delegated do not vote'
          ) : isOwn ? (
            'this wallet'
          ) : (
            <code>{wallet.delegate}</code>
          )}
        </Row>
        <Row name="It votes with">{sum(wallet.votes)}</Row>
      </dl>
      {!isOwn && !isOpen && wallet.balance !== '0' && (
        <button type="button" onClick={() => prepare(() => delegation(api, of))}>
          Vote with your tokens ...
        </button>
      )}
      {shown}
    </>
  );
}

async function delegation(api: Api, of: GovernanceDocument): Promise<Transfer> {
  const to = of.wallet.account;
  const { votes } = await api.delegateVotes({ to, dryRun: true });
  return {
    title: 'Vote with your own tokens?',
    rows: [
      ['Votes', sumsIn(of)(votes)],
      ['Given to', <code>{to}</code>],
      ['What stays', 'the tokens are yours, and stay where they are'],
      ['Counts', 'for proposals whose vote has not begun'],
      ['Costs', 'the gas of one transaction'],
    ],
    action: 'Vote with them',
    send: async () => `Done, by transaction ${(await api.delegateVotes({ to })).transaction}.`,
  };
}
