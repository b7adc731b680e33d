import { exactAmount, shortAmount } from '../format/amount.ts';
import { shortId } from '../format/text.ts';
import { tokens } from '../state/node.ts';

/** A sum of money; all its digits, and the token's address, are its title. */
export function Amount({
  units,
  decimals,
  token,
  symbol: said = null,
}: {
  units: string;
  decimals: number | null;
  token: string;
  /** What the token calls itself; by default as the stake tokens of this node do. */
  symbol?: string | null;
}) {
  const symbol = said ?? tokens.value.get(token.toLowerCase())?.symbol;
  const whole = decimals === null ? `${units} units` : exactAmount(units, decimals);
  return (
    <span class="amount" title={`${whole} of token ${token}`}>
      {shortAmount(units, decimals)} <small>{symbol ?? shortId(token)}</small>
    </span>
  );
}

/** Shows sums of one token, of which a document says what it calls itself. */
export const sumsIn =
  ({ token, symbol, decimals }: { token: string; symbol: string | null; decimals: number | null }) =>
  (units: string) => <Amount {...{ units, token, symbol, decimals }} />;

/** Several sums, a line each. */
export function Amounts({
  of,
}: {
  of: readonly { amount: string; decimals: number | null; token: string }[];
}) {
  if (of.length === 0) return <span class="amount">0</span>;
  return of.map(({ amount, decimals, token }) => (
    <div key={token}>
      <Amount units={amount} decimals={decimals} token={token} />
    </div>
  ));
}
