import type { TaskDetail } from '@chorus/admin-api';
import type { Api } from '../api/api.ts';
import { bytesText, shortId } from '../format/text.ts';
import { Amount } from '../parts/amount.tsx';
import { FailureNotice } from '../parts/notices.tsx';
import { RoundTable } from '../parts/round-table.tsx';
import { Row } from '../parts/row.tsx';
import { Title } from '../parts/shell.tsx';
import { TaskState } from '../parts/task-list.tsx';
import { TaskPlots } from '../parts/task-plots.tsx';
import { useLoad } from '../state/load.ts';
import { isOwn, readOnly } from '../state/node.ts';

/** One task: how far it is, its rounds, its members. */
export function Task({ api, id }: { api: Api; id: string }) {
  const { data, failure } = useLoad(() => api.task(id), id);
  const { data: list } = useLoad(async () => (readOnly ? null : api.rounds(id)), id);
  return (
    <>
      <Title>Task {id}</Title>
      <FailureNotice failure={failure} />
      {data && (
        <section>
          <h2>{data.name || 'Now'}</h2>
          <TaskState task={data} />
          {data.waitsFor && <p>It waits for {data.waitsFor}.</p>}
        </section>
      )}
      {data && <Progress api={api} id={id} round={data.status === 'ended' ? 0 : data.round} />}
      {list && (
        <section>
          <h2>Rounds of this node</h2>
          {list.rounds.length > 0 ? (
            <RoundTable rounds={list.rounds} />
          ) : (
            <p class="quiet">No round has ended while this node followed the task.</p>
          )}
        </section>
      )}
      {data && <Terms of={data} />}
    </>
  );
}

/**
 * How the task goes, from the chain: some requests for each round, so that it is read again only when a round ends.
 * @param round the one under way; 0: none
 */
function Progress({ api, id, round }: { api: Api; id: string; round: number }) {
  const { data, failure } = useLoad(() => api.settledRounds(id), `${id} ${round}`, false);
  return (
    <section>
      <h2>How it goes</h2>
      <FailureNotice failure={failure} />
      {data ? <TaskPlots of={data} /> : !failure && <p class="quiet">Asking the chain.</p>}
    </section>
  );
}

function Terms({ of }: { of: TaskDetail }) {
  const { token, decimals, terms, dimension, model, modelBytes } = of;
  const amount = (units: string) => <Amount units={units} decimals={decimals} token={token} />;
  return (
    <section>
      <h2>Terms</h2>
      <dl>
        <dt>Budget</dt>
        <dd>
          {amount(of.budget)}, of which {amount(of.remaining)} is not paid out
        </dd>
        <dt>Stake of a member</dt>
        <dd>{amount(of.stakePerMember)}</dd>
        <dt>Model</dt>
        <dd>
          {dimension.toLocaleString('en')} trainable parameters
          {modelBytes !== null && `, ${bytesText(modelBytes)}`}
          {model && (
            <>
              {' '}
              <code title={model}>{shortId(model)}</code>
            </>
          )}
        </dd>
        <dt>Published by</dt>
        <dd>
          <Member address={of.ownerAddress} />
        </dd>
        {(['trainers', 'validators', 'aggregators'] as const).map((kind) => (
          <Members key={kind} kind={kind} addresses={of[kind]} />
        ))}
      </dl>
      {terms && (
        <details>
          <summary>The terms as published</summary>
          <pre>{JSON.stringify(terms, null, 2)}</pre>
        </details>
      )}
    </section>
  );
}

function Members({ kind, addresses }: { kind: string; addresses: readonly string[] }) {
  return (
    <Row name={`${addresses.length} ${kind}`}>
      {addresses.map((address) => (
        <Member key={address} address={address} />
      ))}
    </Row>
  );
}

function Member({ address }: { address: string }) {
  return (
    <span class="member">
      <code title={address}>{shortId(address)}</code>
      {isOwn(address) && ' (this node)'}
    </span>
  );
}
