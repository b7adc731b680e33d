import type { Rewards, StakePositionDocument, StakesDocument, StakeToken } from '@chorus/admin-api';
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { Api } from '../api/api.ts';
import { agoText, counted } from '../format/text.ts';
import { Amount } from '../parts/amount.tsx';
import { FailureNotice } from '../parts/notices.tsx';
import { Title } from '../parts/shell.tsx';
import { Signing } from '../parts/signing.tsx';
import { Deposit, isDue, TakeOut } from '../parts/stake-forms.tsx';
import { useLoad } from '../state/load.ts';
import { now, status } from '../state/node.ts';

/** What this node has earned and can claim, and what it has at stake. */
export function Money({ api }: { api: Api }) {
  const rewards = useLoad(() => api.rewards(), 'rewards');
  // Read from the events of the chain: again after each transaction, and not every few seconds.
  const [reading, setReading] = useState(0);
  const stakes = useLoad(() => api.stakes(), `stakes ${reading}`, false);
  return (
    <>
      <Title>Money</Title>
      <section>
        <h2>Earned by training and validating</h2>
        <FailureNotice failure={rewards.failure} />
        {rewards.data?.earned.length === 0 && <p class="quiet">Nothing yet.</p>}
        <ul class="cards single">
          {rewards.data?.earned.map((each) => (
            <Earned key={each.token} api={api} of={each} rewards={rewards.data!} />
          ))}
        </ul>
      </section>
      <section>
        <h2>Stake</h2>
        <FailureNotice failure={stakes.failure} />
        {stakes.data ? (
          <Stakes api={api} of={stakes.data} onEnd={() => setReading(reading + 1)} />
        ) : (
          !stakes.failure && <p class="quiet">Asking the chain.</p>
        )}
      </section>
    </>
  );
}

function Earned({ api, of, rewards }: { api: Api; of: Rewards['earned'][number]; rewards: Rewards }) {
  const [isAsking, setAsking] = useState(false);
  const { token, decimals } = of;
  const sum = (units: string) => <Amount units={units} decimals={decimals} token={token} />;
  const claimable = rewards.claimable.find((each) => each.token === token)?.amount ?? '0';
  const { wallet } = status.value?.identity ?? {};
  const { contract } = status.value?.chain ?? {};
  return (
    <li>
      <dl>
        <dt>For training</dt>
        <dd>{sum(of.rewards)}</dd>
        <dt>For validating and aggregating</dt>
        <dd>{sum(of.fees)}</dd>
        <dt>Paid out</dt>
        <dd>{sum(of.claimed)}</dd>
        <dt>To claim</dt>
        <dd>{sum(claimable)}</dd>
      </dl>
      <p class="quiet">
        {counted(of.paid, 'paid round')} of {of.settled} that settled; {counted(of.void, 'round')} ended
        without a settlement.
      </p>
      {claimable !== '0' && !isAsking && (
        <button type="button" onClick={() => setAsking(true)}>
          Claim ...
        </button>
      )}
      {isAsking && (
        <Signing
          of={{
            title: 'Claim rewards?',
            rows: [
              ['Sum', <>{sum(claimable)}, and what is credited until then</>],
              [
                'From',
                <>
                  the task contract, <code>{contract}</code>
                </>,
              ],
              [
                'To',
                <>
                  the wallet of this node, <code>{wallet}</code>
                </>,
              ],
              ['Token', <code>{token}</code>],
              ['Why', 'Settled rounds have credited it to this account.'],
            ],
            action: 'Claim it',
            send: async () => {
              const { claimed } = await api.claim({ token });
              return claimed.map(({ transaction }) => `Claimed, by transaction ${transaction}.`).join(' ');
            },
          }}
          onEnd={() => setAsking(false)}
        />
      )}
    </li>
  );
}

function Stakes({ api, of, onEnd }: { api: Api; of: StakesDocument; onEnd: () => void }) {
  return (
    <>
      {of.positions.map((position) => (
        <Position
          key={`${position.agentId} ${position.token}`}
          api={api}
          stakes={of}
          position={position}
          onEnd={onEnd}
          token={of.tokens.find(({ address }) => address === position.token)}
        />
      ))}
      {of.positions.length === 0 && <p class="quiet">Nothing is staked.</p>}
      {of.tokens.length === 0 ? (
        <p class="quiet">
          A node stakes by itself what the tasks that it joins ask for, within its limits. By hand: chorus
          stake deposit.
        </p>
      ) : (
        of.tokens.map((token) => (
          <div key={token.address} class="cards single">
            <div class="add">
              <Deposit {...{ api, token, onEnd }} stakes={of} />
            </div>
          </div>
        ))
      )}
    </>
  );
}

function Position({
  api,
  stakes,
  position,
  token,
  onEnd,
}: {
  api: Api;
  stakes: StakesDocument;
  position: StakePositionDocument;
  token: StakeToken | undefined;
  onEnd: () => void;
}) {
  const sum = (units: string) => (
    <Amount units={units} decimals={token?.decimals ?? null} token={position.token} />
  );
  const { own, agentId, staked, unbondable, locks, unbonding, slashes } = position;
  return (
    <div class="cards single">
      <div>
        <h3>
          Identity {agentId}
          {own && ', of this node'}
        </h3>
        <dl>
          <dt>Staked</dt>
          <dd>{sum(staked)}</dd>
          <dt>Can be taken out</dt>
          <dd>{sum(unbondable)}</dd>
          {locks.map(({ taskId, amount, ended }) => (
            <Line key={taskId} name={`Locked by task ${taskId}`}>
              {sum(amount)}
              {ended && ', which has ended'}
            </Line>
          ))}
          {unbonding.map((asked) => (
            <Line key={asked.ticket} name="Asked back">
              {sum(asked.amount)}, {isDue(asked) ? 'due' : `due ${agoText(asked.availableAt, now.value)}`}
            </Line>
          ))}
          {slashes.map(({ transaction, taskId, amount }) => (
            <Line key={transaction} name="Slashed">
              {sum(amount)}, by task {taskId}
            </Line>
          ))}
        </dl>
        {token && <TakeOut {...{ api, stakes, token, position, onEnd }} />}
      </div>
    </div>
  );
}

function Line({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
