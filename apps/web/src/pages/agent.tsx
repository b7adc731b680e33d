import type { AgentIdentityDocument, TillDocument } from '@chorus/admin-api';
import { IDENTITY_LINK_TEXTS } from '@chorus/admin-api/words';
import { useState } from 'preact/hooks';
import type { Api } from '../api/api.ts';
import { Amounts } from '../parts/amount.tsx';
import { FailureNotice } from '../parts/notices.tsx';
import { Ratings } from '../parts/ratings.tsx';
import { Row } from '../parts/row.tsx';
import { Title } from '../parts/shell.tsx';
import { hrefOf } from '../routes/routes.ts';
import { useLoad } from '../state/load.ts';
import { readOnly } from '../state/node.ts';

/** One agent of the network: who it is, link by link, who shares in its pay, and what those who paid it say. */
export function AgentPage({ api, agent }: { api: Api; agent: string }) {
  // Each reads the chain and asks a peer: once, and again after each transaction.
  const [reading, setReading] = useState(0);
  const identity = useLoad(() => api.inspectAgent(agent), agent, false);
  const reputation = useLoad(() => api.reputation(agent), `${agent} ${reading}`, false);
  return (
    <>
      <Title>Agent {agent}</Title>
      <FailureNotice failure={identity.failure} />
      {identity.data ? (
        <Identity of={identity.data} />
      ) : (
        !identity.failure && <p class="quiet">Asking the chain, and the peer that serves it.</p>
      )}
      <section>
        <h2>What those who paid it say</h2>
        <FailureNotice failure={reputation.failure} />
        {reputation.data && <Ratings api={api} of={reputation.data} onEnd={() => setReading(reading + 1)} />}
      </section>
      {identity.data?.till && <Till api={api} agent={agent} />}
    </>
  );
}

function Identity({ of }: { of: AgentIdentityDocument }) {
  const { agentId, title, description, owner, wallet, url, registry, skills, proven } = of;
  return (
    <section>
      <h2>{title ?? 'No name is known'}</h2>
      {description && <p>{description}</p>}
      {url !== null && !readOnly && (
        <p>
          <a href={hrefOf({ page: 'chat', own: false, agent: agentId })}>Ask it</a>
        </p>
      )}
      {proven ? (
        <p class="well">
          <strong>
            <span aria-hidden="true">✓</span> Every link holds.
          </strong>{' '}
          Who answers is proven; what it answers is its own word.
        </p>
      ) : (
        <p class="notice">
          <strong>Not every link holds:</strong> do not rely on who this is.
        </p>
      )}
      <ul class="checks">
        {of.links.map((link) => (
          <Link key={link.name} of={link} />
        ))}
      </ul>
      <dl>
        {skills.length > 0 && <Row name="Skills">{skills.map(({ id }) => id).join(', ')}</Row>}
        {owner !== null && (
          <Row name="Owner">
            <code>{owner}</code>
          </Row>
        )}
        {wallet !== null && (
          <Row name="Is paid at">
            <code>{wallet}</code>
          </Row>
        )}
        <Row name="Registry">
          <code>{registry.address}</code> on chain {registry.chainId}
        </Row>
        {url !== null && (
          <Row name="Served at">
            <code>{url}</code>
          </Row>
        )}
      </dl>
    </section>
  );
}

/** Of a stranger's address; one may hold a whole file. */
const MOST_CHARACTERS = 160;

const OUTCOMES = {
  true: { name: 'holds', mark: '✓', spoken: 'holds' },
  false: { name: 'fails', mark: '✗', spoken: 'fails' },
  null: { name: 'unknown', mark: '?', spoken: 'could not be checked' },
} as const;

function Link({ of: { name, holds, says } }: { of: AgentIdentityDocument['links'][number] }) {
  const outcome = OUTCOMES[`${holds}`];
  return (
    <li class={outcome.name}>
      <span class="mark" role="img" aria-label={outcome.spoken}>
        {outcome.mark}
      </span>
      <div>
        <strong>{IDENTITY_LINK_TEXTS[name]}</strong>
        <p class="quiet">{says.length > MOST_CHARACTERS ? `${says.slice(0, MOST_CHARACTERS)}…` : says}</p>
      </div>
    </li>
  );
}

function Till({ api, agent }: { api: Api; agent: string }) {
  const { data, failure } = useLoad(() => api.till(agent), agent, false);
  return (
    <section>
      <h2>How its pay is divided</h2>
      <FailureNotice failure={failure} />
      {data && <Division of={data} />}
    </section>
  );
}

function Division({ of: { address, terms, proposed, waiting } }: { of: TillDocument }) {
  const others = [
    ...(terms.holders > 0 ? [`${terms.holders} % to the holders of its units`] : []),
    ...terms.trainers.map(
      ({ task, percent }) => `${percent} % to those who trained the model of task ${task}`,
    ),
    ...terms.tools.map(({ agent, percent }) => `${percent} % to agent ${agent}`),
  ];
  return (
    <>
      <p>
        Of what the network's fee leaves:{' '}
        {others.length === 0
          ? 'everything to its creator.'
          : `${others.join(', ')}; the rest to its creator.`}
      </p>
      {proposed && (
        <p>Other terms are announced, from {new Date(proposed.effectiveAt).toLocaleString()} on.</p>
      )}
      <dl>
        <Row name="Till">
          <code>{address}</code>
        </Row>
        <Row name="Waits there">
          <Amounts of={waiting} />
        </Row>
      </dl>
    </>
  );
}
