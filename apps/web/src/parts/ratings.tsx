import type { ReputationDocument } from '@chorus/admin-api';
import { UNCOUNTED_TEXTS } from '@chorus/admin-api/words';
import { useState } from 'preact/hooks';
import type { Api } from '../api/api.ts';
import { agoText, counted, shortId } from '../format/text.ts';
import { now, readOnly } from '../state/node.ts';
import { sumsIn } from './amount.tsx';
import { usePrepared } from './prepared.tsx';
import type { Transfer } from './signing.tsx';
import { TextField } from './text-field.tsx';

type Given = ReputationDocument['feedback'][number];

interface RatingsOptions {
  api: Api;
  of: ReputationDocument;
  /** Called when a transaction was seen to its end. */
  onEnd: () => void;
}

/** What those who paid an agent say of it, what each word weighs, and to say so. */
export function Ratings({ api, of, onEnd }: RatingsOptions) {
  const { score, raters, paid, fee, feedback } = of;
  const sum = sumsIn(of);
  const { prepare, shown, isOpen } = usePrepared(onEnd);
  return (
    <>
      <p>
        <strong>{score.toFixed(0)} of 100</strong>
        {raters === 0 ? (
          ': no account that paid it has rated it.'
        ) : (
          <>
            , by {counted(raters, 'account')} that paid it {sum(paid)}, of which {sum(fee)} is the network's
            fee.
          </>
        )}
      </p>
      <p class="quiet">
        A rating weighs the fee on the payment that it is about, half of that after 90 days: names are free,
        and add nothing.
      </p>
      {feedback.length > 0 && (
        <div class="wide">
          <table>
            <thead>
              <tr>
                {['From', 'Rating', 'Paid', 'When', 'Counts'].map((name) => (
                  <th key={name}>{name}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {feedback.map((each) => (
                <Rating
                  key={`${each.client} ${each.index}`}
                  of={each}
                  sum={sum}
                  onRevoke={isOpen ? null : () => prepare(() => revoking(api, of, each))}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {!isOpen && !readOnly && <RatingForm onRate={(rating) => prepare(() => ratingOf(api, of, rating))} />}
      {shown}
    </>
  );
}

function Rating({
  of,
  sum,
  onRevoke,
}: {
  of: Given;
  sum: (units: string) => preact.JSX.Element;
  onRevoke: (() => void) | null;
}) {
  const { client, own, rating, paid, paidAt, part, uncounted, transaction } = of;
  return (
    <tr>
      <td data-label="From">
        <code title={client}>{shortId(client)}</code>
        {own && ' (this node)'}
      </td>
      <td data-label="Rating" title={`by transaction ${transaction}`}>
        {rating ?? '-'}
      </td>
      <td data-label="Paid">{uncounted === null ? sum(paid) : '-'}</td>
      <td data-label="When">{paidAt === null ? '-' : agoText(paidAt, now.value)}</td>
      <td data-label="Counts">
        {uncounted === null ? `${(100 * part).toFixed(1)} %` : `no: ${UNCOUNTED_TEXTS[uncounted]}`}
        {own && onRevoke && (
          <>
            {' '}
            <button type="button" class="plain small" onClick={onRevoke}>
              Take back ...
            </button>
          </>
        )}
      </td>
    </tr>
  );
}

function RatingForm({ onRate }: { onRate: (rating: number) => void }) {
  const [text, setText] = useState('');
  const rating = /^\d{1,3}$/.test(text) && Number(text) <= 100 ? Number(text) : null;
  return (
    <form
      class="search"
      onSubmit={(event) => {
        event.preventDefault();
        if (rating !== null) onRate(rating);
      }}
    >
      <TextField
        name="Your rating, if this node has paid it: 0 (useless) to 100 (perfect)"
        inputMode="numeric"
        most={3}
        value={text}
        onChange={setText}
      />
      <button type="submit" disabled={rating === null}>
        Rate ...
      </button>
    </form>
  );
}

async function ratingOf(api: Api, { agentId }: ReputationDocument, rating: number): Promise<Transfer> {
  const { payment } = await api.giveFeedback(agentId, { rating, dryRun: true });
  const { amount, transaction } = payment;
  return {
    title: `Rate agent ${agentId} with ${rating} of 100?`,
    rows: [
      ['About', sumsIn(payment)(amount)],
      [
        'Paid in',
        <>
          transaction <code>{transaction}</code>
        </>,
      ],
      ['Costs', 'the gas of one transaction'],
      ['Who sees it', 'everyone, for ever: it is written on chain with the payment'],
    ],
    action: 'Rate it',
    // About the payment that was shown, also if another one was made since.
    send: async () => {
      const { given } = await api.giveFeedback(agentId, { rating, payment: transaction });
      return `Rated, by transaction ${given?.transaction}.`;
    },
  };
}

async function revoking(api: Api, { agentId }: ReputationDocument, of: Given): Promise<Transfer> {
  return {
    title: 'Take your rating back?',
    rows: [
      ['Rating', `${of.rating ?? '-'} of 100, for agent ${agentId}`],
      ['Costs', 'the gas of one transaction'],
      ['What stays', 'the chain shows that it was given, and counts it no more'],
    ],
    action: 'Take it back',
    send: async () =>
      `Taken back, by transaction ${(await api.revokeFeedback(agentId, of.index)).transaction}.`,
  };
}
