import type { Status } from '@chorus/admin-api';
import { addAmounts } from '../format/amount.ts';
import { agoText, counted, durationText } from '../format/text.ts';
import { Amount, Amounts } from '../parts/amount.tsx';
import { Command, Notice } from '../parts/notices.tsx';
import { PastTasks } from '../parts/past-tasks.tsx';
import { RoundTable } from '../parts/round-table.tsx';
import { Title } from '../parts/shell.tsx';
import { TaskList } from '../parts/task-list.tsx';
import { concernsOf } from '../state/concerns.ts';
import { now, status } from '../state/node.ts';

/** What the node does, what it earned, what is at risk, and what to do. */
export function Home() {
  const known = status.value;
  return (
    <>
      <Title>This node</Title>
      {known ? <Overview of={known} /> : <p class="quiet">Asking the node.</p>}
    </>
  );
}

function Overview({ of }: { of: Status }) {
  const { earned, claimable, staked, tasks, rounds, agents, network, chain, node, identity } = of;
  return (
    <>
      <Concerns of={of} />
      <section class="figures" aria-label="Money">
        <div>
          <h2>Earned</h2>
          <Amounts of={earned.map((each) => ({ ...each, amount: addAmounts(each.rewards, each.fees) }))} />
          <small>
            {counted(
              earned.reduce((sum, { paid }) => sum + paid, 0),
              'paid round',
            )}
          </small>
        </div>
        <div>
          <h2>To claim</h2>
          <Amounts of={claimable} />
          <small>
            <a href="#/money">Claim</a>
          </small>
        </div>
        <div>
          <h2>Stake at risk</h2>
          <Amounts of={staked} />
          <small>
            <a href="#/money">What it is behind</a>
          </small>
        </div>
        <div>
          <h2>Gas</h2>
          {chain.gasBalance === null ? '?' : <Coins wei={chain.gasBalance} />}
          <small>of chain {chain.id}</small>
        </div>
      </section>
      <section>
        <h2>At work</h2>
        {tasks.some(({ status: state }) => state !== 'ended') ? (
          <TaskList tasks={tasks.filter(({ status: state }) => state !== 'ended')} />
        ) : (
          <p class="quiet">No task at the moment. The node joins one that its limits allow by itself.</p>
        )}
      </section>
      <PastTasks rounds={rounds} tasks={tasks} />
      {rounds.length > 0 && (
        <section>
          <h2>Last rounds</h2>
          <RoundTable rounds={rounds.slice(0, 8)} withTask />
        </section>
      )}
      {agents && agents.length > 0 && (
        <section>
          <h2>Agents</h2>
          <p>
            {agents.map(({ name, state }) => (
              <span key={name} class="member">
                <a href={`#/chat/own/${name}`}>Ask {name}</a> <small>({state})</small>
              </span>
            ))}
          </p>
        </section>
      )}
      <section>
        <h2>About</h2>
        <dl>
          <dt>Running for</dt>
          <dd>
            {durationText(node.uptimeSeconds)}, as {node.roles.join(', ') || 'no role'}
          </dd>
          <dt>Network</dt>
          <dd>
            {counted(network.peers, 'peer')}
            {network.gateway && `, gateway ${network.gateway}`}
          </dd>
          <dt>Chain</dt>
          <dd>
            block {chain.height ?? '?'}
            {chain.blockTime && `, ${agoText(chain.blockTime, now.value)}`}
          </dd>
          <dt>Wallet</dt>
          <dd>
            <code>{identity.wallet}</code>
          </dd>
          <dt>Peer id</dt>
          <dd>
            <code>{identity.peerId}</code>
          </dd>
          <dt>Version</dt>
          <dd>
            {node.version} on Node {node.runtime}
          </dd>
        </dl>
      </section>
    </>
  );
}

function Coins({ wei }: { wei: string }) {
  return <Amount units={wei} decimals={18} token="coins" />;
}

function Concerns({ of }: { of: Status }) {
  const concerns = concernsOf(of);
  if (concerns.length === 0) return <p class="well">Nothing needs your attention.</p>;
  return (
    <section aria-label="What needs your attention">
      {concerns.map(({ code, message, hint, at, count }) => (
        <Notice key={`${code} ${message}`} message={message} code={code} hint={hint}>
          {at !== null && (
            <small class="quiet">
              {agoText(at, now.value)}
              {count > 1 && `, ${count} times`}
            </small>
          )}
        </Notice>
      ))}
      <p class="quiet">The machine and the set-up are checked by:</p>
      <Command line="chorus doctor" />
    </section>
  );
}
