import type { RevenueDocument } from '@chorus/admin-api';
import type { Api } from '../api/api.ts';
import { byToken } from '../format/amount.ts';
import { Amount, Amounts } from './amount.tsx';
import { usePrepared } from './prepared.tsx';
import { Row } from './row.tsx';
import type { Transfer } from './signing.tsx';

type Sums = RevenueDocument['owed'];

interface RevenueOptions {
  api: Api;
  of: RevenueDocument;
  /** That this node has trained in, for royalties. */
  tasks: readonly string[];
  /** Called when a transaction was seen to its end. */
  onEnd: () => void;
}

/** What agents, prepaid calls, royalties and units have brought, and having it paid out. */
export function Revenue({ api, of, tasks, onEnd }: RevenueOptions) {
  const { prepare, shown, isOpen } = usePrepared(onEnd);
  const credits = of.credits.map(({ unclaimed, ...more }) => ({ ...more, amount: unclaimed }));
  const tills = of.tills.flatMap(({ waiting }) => waiting);
  const units = of.units.map(({ revenue }) => revenue);
  const streams: [name: string, sums: Sums][] = [
    ['Calls by prepaid channels, not claimed yet', credits],
    ['In the tills of your agents, not divided yet', tills],
    ['Your part of divided tills', of.owed],
    ['Royalties of models that you trained', of.royalties],
    ['Units that you hold', units],
  ];
  const all = byToken(streams.flatMap(([, sums]) => sums));
  return (
    <>
      <dl>
        {streams.map(([name, sums]) => (
          <Row key={name} name={name}>
            <Amounts of={byToken(sums)} />
          </Row>
        ))}
      </dl>
      {all.length > 0 && !isOpen && (
        <button type="button" onClick={() => prepare(async () => claim({ api, of, tasks }, all))}>
          Claim all ...
        </button>
      )}
      {shown}
    </>
  );
}

const claim = ({ api, of, tasks }: Omit<RevenueOptions, 'onEnd'>, all: Sums): Transfer => ({
  title: 'Have all of it paid out?',
  rows: [
    [
      'Sums',
      <>
        at most{' '}
        {all.map(({ amount, ...each }) => (
          <Amount key={each.token} units={amount} {...each} />
        ))}
      </>,
    ],
    ['Less', 'the parts of trainers, holders, tools and the network: a till is divided first'],
    [
      'To',
      <>
        the wallet of this node, <code>{of.account}</code>
      </>,
    ],
    ['From', 'the contracts of channels, tills, royalties and units, a transaction for each'],
    ['Why', 'Calls, models and units have earned it.'],
  ],
  action: 'Claim it',
  send: async () => {
    const { paid, failed } = await api.claimRevenue({ tasks: [...tasks] });
    const done = paid.map(({ from, transaction }) => `Paid from ${from}, by transaction ${transaction}.`);
    const not = failed.map(({ code, message }) => `Not paid: ${message} (${code}).`);
    return [...done, ...not].join(' ') || 'There was nothing to pay out any more.';
  },
});
