import type { AgentDocument, DirectoryList } from '@chorus/admin-api';
import { useState } from 'preact/hooks';
import type { Api } from '../api/api.ts';
import { agoText, counted } from '../format/text.ts';
import { Amount } from '../parts/amount.tsx';
import { Command, FailureNotice, Notice } from '../parts/notices.tsx';
import { Title } from '../parts/shell.tsx';
import { hrefOf } from '../routes/routes.ts';
import { useLoad } from '../state/load.ts';
import { now, readOnly } from '../state/node.ts';

/** Agents that this node serves, and those of the network that answer. */
export function Agents({ api }: { api: Api }) {
  return (
    <>
      <Title>Agents</Title>
      {!readOnly && <Own api={api} />}
      <Directory api={api} />
    </>
  );
}

function Own({ api }: { api: Api }) {
  const own = useLoad(() => api.agents(), 'own');
  return (
    <section>
      <h2>Of this node</h2>
      <FailureNotice failure={own.failure} />
      {own.data?.agents.length === 0 && (
        <>
          <p class="quiet">This node serves no agent. To write one, and to serve it:</p>
          <Command line={'chorus agent init guide\nchorus agent start guide.yaml'} />
        </>
      )}
      <ul class="cards">
        {own.data?.agents.map((agent) => (
          <OwnAgent key={agent.name} agent={agent} />
        ))}
      </ul>
    </section>
  );
}

function OwnAgent({ agent }: { agent: AgentDocument }) {
  const { name, title, description, state, problem, model, price, earned, answers, identity } = agent;
  const asked = Object.values(answers).reduce((sum, each) => sum + each, 0);
  return (
    <li>
      <h3>
        {state === 'serving' ? <a href={hrefOf({ page: 'chat', own: true, agent: name })}>{title}</a> : title}
      </h3>
      <p>{description}</p>
      {problem && <Notice message={problem.message} code={problem.code} hint={problem.hint} />}
      <p class="quiet">
        {state}
        {model && `, model ${model.name}`}, {price?.text ?? 'free'}, {counted(asked, 'request')}
        {identity && (
          <>
            , <a href={hrefOf({ page: 'agent', agent: identity.agentId })}>agent {identity.agentId}</a>
            {identity.retired && ' (retired)'}
          </>
        )}
      </p>
      {earned.map((each) => (
        <p key={each.token}>
          Earned <Amount units={each.amount} decimals={each.decimals} token={each.token} /> in{' '}
          {counted(each.calls, 'call')}.
        </p>
      ))}
    </li>
  );
}

function Directory({ api }: { api: Api }) {
  const [text, setText] = useState('');
  const [sought, setSought] = useState('');
  const { data, failure } = useLoad(() => api.findAgents(sought), `find ${sought}`);
  return (
    <section>
      <h2>Of the network</h2>
      <form
        class="search"
        onSubmit={(event) => {
          event.preventDefault();
          setSought(text.trim());
        }}
      >
        <label>
          <span>What should it know?</span>
          <input type="search" maxLength={500} value={text} onInput={(e) => setText(e.currentTarget.value)} />
        </label>
        <button type="submit">Find</button>
      </form>
      <FailureNotice failure={failure} />
      {data && (
        <p class="quiet" role="status">
          {counted(data.agents.length, 'agent')} of {data.known} that this node knows to answer
        </p>
      )}
      <ul class="cards">
        {data?.agents.map((agent) => (
          <FoundAgent key={agent.agentId} agent={agent} />
        ))}
      </ul>
    </section>
  );
}

function FoundAgent({ agent }: { agent: DirectoryList['agents'][number] }) {
  const { agentId, title, description, price, latencyMs, announcedAt, score, parts, skills, reputation } =
    agent;
  return (
    <li>
      <h3>
        <a
          href={hrefOf(
            readOnly ? { page: 'agent', agent: agentId } : { page: 'chat', own: false, agent: agentId },
          )}
        >
          {title}
        </a>
      </h3>
      <p>{description}</p>
      {skills.length > 0 && <p class="quiet">{skills.map(({ name }) => name).join(', ')}</p>}
      <p>
        <strong>{price?.text ?? 'free'}</strong>
        <span class="quiet">
          {' '}
          <a href={hrefOf({ page: 'agent', agent: agentId })}>agent {agentId}</a>, answered in{' '}
          {latencyMs.toFixed(0)} ms, announced {agoText(announcedAt, now.value)}
        </span>
      </p>
      <p class="quiet">
        {reputation === null || reputation.raters === 0
          ? 'Not rated by anyone who paid it.'
          : `Rated ${reputation.score.toFixed(0)} of 100 by ${counted(reputation.raters, 'account')} that paid it ${reputation.paid}.`}
      </p>
      <details>
        <summary>Score {score.toFixed(0)} of 100</summary>
        <ul>
          {parts.map(({ name, value, weight, says }) => (
            <li key={name}>
              {name}: {(value * weight).toFixed(1)} - {says}
            </li>
          ))}
        </ul>
      </details>
    </li>
  );
}
