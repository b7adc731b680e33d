import type { CreditDocument, CreditList, HeldChannelDocument } from '@chorus/admin-api';
import type { Api } from '../api/api.ts';
import { agoText, counted, durationText } from '../format/text.ts';
import { now } from '../state/node.ts';
import { sumsIn } from './amount.tsx';
import { Command } from './notices.tsx';
import { usePrepared } from './prepared.tsx';
import { Row } from './row.tsx';
import type { Transfer } from './signing.tsx';

/**
 * Prepaid channels: those that this wallet has paid into, and those of callers of this node's agents.
 * @param onEnd called when a transaction was seen to its end
 */
export function Credits({ api, of, onEnd }: { api: Api; of: CreditList; onEnd: () => void }) {
  const { credits, channels } = of;
  return (
    <>
      {credits.length === 0 && (
        <>
          <p class="quiet">No agent is prepaid. Calls of one that is cost no transaction each:</p>
          <Command line="chorus credits open AGENT '20 CHOR'" />
        </>
      )}
      {(credits.length > 0 || channels.length > 0) && (
        <ul class="cards">
          {credits.map((credit) => (
            <Credit key={credit.id ?? credit.agent} api={api} of={credit} onEnd={onEnd} />
          ))}
          {channels.map((channel) => (
            <Held key={channel.id} of={channel} />
          ))}
        </ul>
      )}
    </>
  );
}

function Held({ of: { agent, payer, ...channel } }: { of: HeldChannelDocument }) {
  const sum = sumsIn(channel);
  return (
    <li>
      <h3>For your agent {agent}</h3>
      <dl>
        <Row name="Paid in">{sum(channel.balance)}</Row>
        <Row name="Calls have cost">
          {sum(channel.charged)} in {counted(channel.calls, 'call')}
        </Row>
        <Row name="Not claimed yet">{sum(channel.unclaimed)}</Row>
        <Row name="Payer">
          <code>{payer}</code>
        </Row>
      </dl>
      {channel.closingAt !== null && (
        <p>Its payer takes the rest back, {agoText(channel.closingAt, now.value)}.</p>
      )}
    </li>
  );
}

function Credit({ api, of, onEnd }: { api: Api; of: CreditDocument; onEnd: () => void }) {
  const { prepare, shown, isOpen } = usePrepared(onEnd);
  const { agent, state, availableAt, left } = of;
  const sum = sumsIn(of);
  const isDue = availableAt !== null && Date.parse(availableAt) <= now.value;
  const action =
    state === 'open' && left !== '0' ? 'Take the rest back' : state === 'closing' && isDue ? 'Get it' : null;
  return (
    <li>
      <h3>Prepaid: {agent}</h3>
      <dl>
        <Row name="State">{state}</Row>
        <Row name="Paid in">{sum(of.balance)}</Row>
        <Row name="Spent">{sum(of.spent)}</Row>
        <Row name="Left">{sum(left)}</Row>
      </dl>
      {availableAt !== null && state === 'closing' && (
        <p>It can be taken {agoText(availableAt, now.value)}.</p>
      )}
      {action !== null && !isOpen && (
        <button
          type="button"
          class="plain small"
          onClick={() => prepare(async () => closing(api, of, action))}
        >
          {action} ...
        </button>
      )}
      {shown}
    </li>
  );
}

const closing = (api: Api, of: CreditDocument, action: string): Transfer => ({
  title: `${action}?`,
  rows: [
    ['Sum', sumsIn(of)(of.left)],
    ['From', `the channel to ${of.agent}`],
    ['To', 'the wallet of this node'],
    [
      'When',
      of.state === 'open'
        ? `${durationText(of.withdrawSeconds)} after this transaction, by a second one; until then the agent can claim what calls have cost`
        : 'at once',
    ],
    ['Costs', 'the gas of one transaction'],
  ],
  action,
  send: async () => {
    const { state, transaction } = await api.closeCredit(of.id ?? '');
    return `Done: the channel is ${state}, by transaction ${transaction}.`;
  },
});
