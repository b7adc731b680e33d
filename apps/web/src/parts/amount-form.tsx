import type { StakeToken } from '@chorus/admin-api';
import { useState } from 'preact/hooks';
import { unitsOf } from '../format/amount.ts';
import { Amount } from './amount.tsx';

/** An amount of a token, as people write it. */
export function AmountForm({
  name,
  token,
  most,
  onAmount,
}: {
  name: string;
  token: StakeToken;
  /** The most there is, in units; the wallet's balance by default. */
  most?: string;
  onAmount: (units: string) => void;
}) {
  const [text, setText] = useState('');
  const units = token.decimals === null ? null : unitsOf(text, token.decimals);
  const there = most ?? token.balance;
  return (
    <form
      class="search"
      onSubmit={(event) => {
        event.preventDefault();
        if (units !== null) onAmount(units);
      }}
    >
      <label>
        <span>
          {name}, in {token.symbol ?? 'tokens'}
          {there !== null && (
            <>
              , of <Amount units={there} decimals={token.decimals} token={token.address} />
            </>
          )}
        </span>
        <input
          type="text"
          inputMode="decimal"
          maxLength={80}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <button type="submit" disabled={units === null}>
        {name} ...
      </button>
    </form>
  );
}
