import type { StakePositionDocument, StakesDocument, StakeToken, Unbonding } from '@chorus/admin-api';
import type { Api } from '../api/api.ts';
import { durationText } from '../format/text.ts';
import { now } from '../state/node.ts';
import { Amount } from './amount.tsx';
import { AmountForm } from './amount-form.tsx';
import { usePrepared } from './prepared.tsx';
import type { Transfer } from './signing.tsx';

interface FormOptions {
  api: Api;
  stakes: StakesDocument;
  token: StakeToken;
  /** Called when a transaction was seen to its end. */
  onEnd: () => void;
}

const code = (address: string) => <code>{address}</code>;
const sum = (units: string, { address, decimals }: StakeToken) => (
  <Amount units={units} decimals={decimals} token={address} />
);
const sentAs = (transaction: string | null) => `Done, by transaction ${transaction}.`;

/** Adds stake behind this node's own identity. */
export function Deposit({ api, stakes, token, onEnd }: FormOptions) {
  const { prepare, shown, isOpen } = usePrepared(onEnd);
  const ask = async (amount: string): Promise<Transfer> => {
    const request = { token: token.address, amount };
    const checked = await api.deposit({ ...request, dryRun: true });
    return {
      title: 'Stake more?',
      rows: [
        ['Sum', sum(amount, token)],
        ['From', <>the wallet of this node, {code(stakes.account)}</>],
        ['To', <>the stake contract, {code(stakes.contract)}</>],
        [
          'For',
          checked.agentId === null
            ? 'the identity of this node, which is registered first'
            : `identity ${checked.agentId}, of this node`,
        ],
        ['Token', code(token.address)],
        [
          'Why',
          `Tasks lock it while this node takes part in them, and offences cost a part of it. You get it back ${durationText(stakes.unbondSeconds)} after you ask for it.`,
        ],
      ],
      action: 'Stake it',
      send: async () => sentAs((await api.deposit(request)).transaction),
    };
  };
  return (
    <>
      {!isOpen && (
        <AmountForm name="Add stake" token={token} onAmount={(amount) => prepare(() => ask(amount))} />
      )}
      {shown}
    </>
  );
}

/** Whether stake that was asked back can be withdrawn: it was so when the node said so, or has become so since. */
export const isDue = ({ available, availableAt }: Unbonding): boolean =>
  available || Date.parse(availableAt) <= now.value;

/** Asks for stake back, and withdraws what is due. */
export function TakeOut({
  api,
  stakes,
  token,
  position,
  onEnd,
}: FormOptions & { position: StakePositionDocument }) {
  const { prepare, shown, isOpen } = usePrepared(onEnd);
  const from = position.agentId;
  const unbond = async (amount: string): Promise<Transfer> => {
    const request = { token: token.address, amount, from };
    const checked = await api.unbond({ ...request, dryRun: true });
    return {
      title: 'Ask for stake back?',
      rows: [
        ['Sum', sum(checked.amount, token)],
        ['From', `identity ${checked.agentId}`],
        ['By', <>the stake contract, {code(stakes.contract)}</>],
        ['Token', code(token.address)],
        [
          'When',
          `it can be withdrawn to this wallet at ${new Date(checked.availableAt).toLocaleString()}; until then offences cost a part of it`,
        ],
      ],
      action: 'Ask for it',
      send: async () => sentAs((await api.unbond(request)).transaction),
    };
  };
  const withdraw = async (): Promise<Transfer> => {
    const request = { token: token.address, from };
    const { withdrawn } = await api.withdraw({ ...request, dryRun: true });
    const due = withdrawn.reduce((total, { amount }) => total + BigInt(amount), 0n);
    return {
      title: 'Withdraw stake?',
      rows: [
        ['Sum', sum(`${due}`, token)],
        ['From', <>the stake contract, {code(stakes.contract)}</>],
        ['To', <>the wallet of this node, {code(stakes.account)}</>],
        ['Token', code(token.address)],
        ['Why', 'The time to wait is over.'],
      ],
      action: 'Withdraw it',
      send: async () =>
        (await api.withdraw(request)).withdrawn.map(({ transaction }) => sentAs(transaction)).join(' '),
    };
  };
  if (isOpen) return shown;
  return (
    <>
      {position.unbondable !== '0' && (
        <AmountForm
          name="Take out"
          token={token}
          most={position.unbondable}
          onAmount={(amount) => prepare(() => unbond(amount))}
        />
      )}
      {position.unbonding.some(isDue) && (
        <p>
          <button type="button" onClick={() => prepare(withdraw)}>
            Withdraw what is due
          </button>
        </p>
      )}
      {shown}
    </>
  );
}
