import type { Rewards } from '@chorus/admin-api';
import { trainedTasks } from '@chorus/admin-api/words';
import { useState } from 'preact/hooks';
import type { Api } from '../api/api.ts';
import { counted } from '../format/text.ts';
import { Amount } from '../parts/amount.tsx';
import { Credits } from '../parts/credits.tsx';
import { FailureNotice } from '../parts/notices.tsx';
import { Revenue } from '../parts/revenue.tsx';
import { Title } from '../parts/shell.tsx';
import { Signing } from '../parts/signing.tsx';
import { Stakes } from '../parts/stakes.tsx';
import { useLoad } from '../state/load.ts';
import { status } from '../state/node.ts';

/** What this node has earned and can claim, and what it has at stake. */
export function Money({ api }: { api: Api }) {
  const rewards = useLoad(() => api.rewards(), 'rewards');
  // Read from the events of the chain: again after each transaction, and not every few seconds.
  const [reading, setReading] = useState(0);
  const again = () => setReading(reading + 1);
  const stakes = useLoad(() => api.stakes(), `stakes ${reading}`, false);
  const revenue = useLoad(() => revenueOf(api), `revenue ${reading}`, false);
  const credits = useLoad(() => api.credits(), `credits ${reading}`, false);
  return (
    <>
      <Title>Money</Title>
      <section>
        <h2>Earned by training and validating</h2>
        <FailureNotice failure={rewards.failure} />
        {rewards.data && <Earnings api={api} of={rewards.data} />}
      </section>
      <section>
        <h2>Earned by agents, models and units</h2>
        <FailureNotice failure={revenue.failure} />
        {revenue.data ? (
          <Revenue api={api} of={revenue.data.document} tasks={revenue.data.tasks} onEnd={again} />
        ) : (
          !revenue.failure && <p class="quiet">Asking the chain.</p>
        )}
      </section>
      <section>
        <h2>Prepaid calls</h2>
        <FailureNotice failure={credits.failure} />
        {credits.data && <Credits api={api} of={credits.data} onEnd={again} />}
      </section>
      <section>
        <h2>Stake</h2>
        <FailureNotice failure={stakes.failure} />
        {stakes.data ? (
          <Stakes api={api} of={stakes.data} onEnd={again} />
        ) : (
          !stakes.failure && <p class="quiet">Asking the chain.</p>
        )}
      </section>
    </>
  );
}

/** With royalties of the tasks that this node has trained in. */
async function revenueOf(api: Api) {
  const tasks = trainedTasks((await api.lastRounds()).rounds);
  return { tasks, document: await api.revenue(tasks) };
}

/** By token: also one that is owed to this account, and that this node has not seen earned. */
function Earnings({ api, of }: { api: Api; of: Rewards }) {
  const none = { rewards: '0', fees: '0', claimed: '0', settled: 0, paid: 0, void: 0 };
  const unseen = of.claimable.filter(({ token }) => !of.earned.some((each) => each.token === token));
  const all = [...of.earned, ...unseen.map((each) => ({ ...none, ...each }))];
  if (all.length === 0) return <p class="quiet">Nothing yet.</p>;
  return (
    <ul class="cards single">
      {all.map((each) => (
        <Earned key={each.token} api={api} of={each} rewards={of} />
      ))}
    </ul>
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
