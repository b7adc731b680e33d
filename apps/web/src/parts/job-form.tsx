import type { JobRequest, MarketDocument } from '@chorus/admin-api';
import { ADDRESS_PATTERN, bondOf } from '@chorus/admin-api/words';
import { useState } from 'preact/hooks';
import type { Api } from '../api/api.ts';
import { unitsOf } from '../format/amount.ts';
import { durationText } from '../format/text.ts';
import { sumsIn } from './amount.tsx';
import { usePrepared } from './prepared.tsx';
import type { Transfer } from './signing.tsx';
import { TextField } from './text-field.tsx';

const DAY = 86_400;
const MOST_DAYS = 365;

/**
 * A job to be done, for a sum that goes into escrow at once if a provider is named.
 * @param onEnd called when a transaction was seen to its end
 */
export function JobForm({ api, market, onEnd }: { api: Api; market: MarketDocument; onEnd: () => void }) {
  const [description, setDescription] = useState('');
  const [provider, setProvider] = useState('');
  const [budget, setBudget] = useState('');
  const [days, setDays] = useState('14');
  const { prepare, shown, isOpen } = usePrepared(onEnd);
  const { symbol } = market.token;
  const request = requestOf({ description, provider, budget, days }, market.token);
  if (isOpen) return shown;
  return (
    <form
      class="fields"
      onSubmit={(event) => {
        event.preventDefault();
        if (request) prepare(async () => creation(api, market, request));
      }}
    >
      <TextField
        name="What is to be done, and how one sees that it is"
        rows={3}
        most={1_000}
        value={description}
        onChange={setDescription}
      />
      <TextField
        name="Wallet of the provider; without one, whom you choose later"
        placeholder="0x…"
        most={42}
        value={provider}
        onChange={setProvider}
      />
      <TextField
        name={`Budget, in ${symbol ?? 'tokens'}`}
        inputMode="decimal"
        most={80}
        value={budget}
        onChange={setBudget}
      />
      <TextField
        name={`Days until it ends, of which a dispute may take ${durationText(market.decisionSeconds)}`}
        inputMode="numeric"
        most={3}
        value={days}
        onChange={setDays}
      />
      <button type="submit" disabled={request === null}>
        Create ...
      </button>
      {shown}
    </form>
  );
}

type Given = Record<'description' | 'provider' | 'budget' | 'days', string>;

/** Null while a field is empty or wrong. */
function requestOf(given: Given, { token, decimals }: MarketDocument['token']): JobRequest | null {
  const description = given.description.trim();
  const provider = given.provider.trim();
  const budget = decimals === null ? null : unitsOf(given.budget, decimals);
  const days = /^\d{1,3}$/.test(given.days) ? Number(given.days) : 0;
  if (description === '' || budget === null || days < 1 || days > MOST_DAYS) return null;
  if (provider !== '' && !ADDRESS_PATTERN.test(provider)) return null;
  const named = provider === '' ? { fund: false } : { provider, fund: true };
  return { token, description, budget, seconds: days * DAY, evaluator: 'validators', ...named };
}

function creation(api: Api, market: MarketDocument, request: JobRequest): Transfer {
  const sum = sumsIn(market.token);
  const funded = request.fund === true;
  return {
    title: funded ? 'Create the job, and pay its budget into escrow?' : 'Create the job?',
    rows: [
      [
        'Sum',
        funded ? (
          sum(request.budget)
        ) : (
          <>nothing now; {sum(request.budget)} once a provider is chosen and you fund it</>
        ),
      ],
      [
        'To',
        <>
          the contract of jobs, <code>{market.commerce}</code>
        </>,
      ],
      ['For', request.provider ? <code>{request.provider}</code> : 'a provider whom you choose later'],
      ['Token', <code>{market.token.token}</code>],
      ['Ends', `after ${durationText(request.seconds)}: what was not submitted by then is paid back to you`],
      [
        'Decided by',
        <>
          your word, or your silence for {durationText(market.windowSeconds)}; if you dispute it, validators:
          a bond of {sum(`${bondOf(BigInt(request.budget))}`)} from each side, and the loser loses it
        </>,
      ],
      ...(market.seats < 3
        ? ([['Beware', 'this network has too few validators with a seat to decide a dispute']] as const)
        : []),
    ],
    action: funded ? 'Create and fund it' : 'Create it',
    send: async () => `Created: job ${(await api.createJob(request)).jobId}.`,
  };
}
