import type { GovernanceDocument, ParameterDocument, ProposalDocument } from '@chorus/admin-api';
import { boundsText, valueText } from '@chorus/admin-api/words';
import { useState } from 'preact/hooks';
import type { Api } from '../api/api.ts';
import { agoText, durationText } from '../format/text.ts';
import { sumsIn } from '../parts/amount.tsx';
import { FailureNotice } from '../parts/notices.tsx';
import { ProposalForm } from '../parts/proposal-form.tsx';
import { Row } from '../parts/row.tsx';
import { Title } from '../parts/shell.tsx';
import { VotingPower } from '../parts/voting-power.tsx';
import { hrefOf } from '../routes/routes.ts';
import { useLoad } from '../state/load.ts';
import { now, readOnly } from '../state/node.ts';

/** What the holders of the token decide: proposals, parameters, and the votes of this wallet. */
export function Votes({ api }: { api: Api }) {
  // Read from the events of the chain: again after each transaction, and not every few seconds.
  const [reading, setReading] = useState(0);
  const again = () => setReading(reading + 1);
  const governance = useLoad(() => api.governance(), `governance ${reading}`, false);
  const proposals = useLoad(() => api.proposals(), `proposals ${reading}`, false);
  const parameters = useLoad(() => api.parameters(), `parameters ${reading}`, false);
  const rules = governance.data;
  return (
    <>
      <Title>Votes</Title>
      <p class="quiet">
        Fees, windows and slashes are parameters. Holders of the token change them, within bounds that no vote
        can leave.
      </p>
      <FailureNotice failure={governance.failure} />
      {!rules && !governance.failure && <p class="quiet">Asking the chain.</p>}
      {rules && !readOnly && (
        <section>
          <h2>Your votes</h2>
          <VotingPower api={api} of={rules} onEnd={again} />
        </section>
      )}
      <section>
        <h2>Proposals</h2>
        <FailureNotice failure={proposals.failure} />
        {proposals.data?.total === 0 && <p class="quiet">Nothing has been proposed yet.</p>}
        <ul class="cards">
          {rules &&
            proposals.data?.proposals.map((each) => (
              <ProposalCard key={each.id} of={each} governance={rules} />
            ))}
        </ul>
        {proposals.data && proposals.data.total > proposals.data.proposals.length && (
          <p class="quiet">
            The newest {proposals.data.proposals.length} of {proposals.data.total}.
          </p>
        )}
      </section>
      <section>
        <h2>Parameters</h2>
        <FailureNotice failure={parameters.failure} />
        {rules && parameters.data && (
          <Parameters api={api} governance={rules} of={parameters.data.parameters} onEnd={again} />
        )}
      </section>
      {rules && <Rules of={rules} />}
    </>
  );
}

function ProposalCard({ of, governance }: { of: ProposalDocument; governance: GovernanceDocument }) {
  const { number, title, state, votes, voteEnd, wallet, unclear } = of;
  const sum = sumsIn(governance);
  return (
    <li>
      <h3>
        <a href={hrefOf({ page: 'proposal', proposal: `${number}` })}>
          {number}: {title}
        </a>
      </h3>
      <p>
        <strong>{state}</strong>
        {state === 'active' && <>, until {agoText(voteEnd, now.value)}</>}
        {wallet.voted && ', you have voted'}
      </p>
      <p class="quiet">
        {sum(votes.for)} for, {sum(votes.against)} against
      </p>
      {unclear && <p class="fault">It holds a call that cannot be put in words.</p>}
    </li>
  );
}

function Parameters({
  api,
  governance,
  of,
  onEnd,
}: {
  api: Api;
  governance: GovernanceDocument;
  of: readonly ParameterDocument[];
  onEnd: () => void;
}) {
  const [open, setOpen] = useState<string | null>(null);
  return (
    <ul class="cards">
      {of.map((parameter) => {
        const { name, token, title, effect, value } = parameter;
        const id = `${name} ${token}`;
        return (
          <li key={id}>
            <h3>{name}</h3>
            <p>
              <strong>{valueText(parameter, value)}</strong> <span class="quiet">{title}</span>
            </p>
            <details>
              <summary>{boundsText(parameter)}</summary>
              <p>{effect}.</p>
            </details>
            {!readOnly && open === id && (
              <ProposalForm {...{ api, governance, parameter }} onEnd={onEnd} onClose={() => setOpen(null)} />
            )}
            {!readOnly && open !== id && (
              <button type="button" class="plain small" onClick={() => setOpen(id)}>
                Propose another ...
              </button>
            )}
          </li>
        );
      })}
    </ul>
  );
}

function Rules({ of }: { of: GovernanceDocument }) {
  const sum = sumsIn(of);
  return (
    <section>
      <h2>The rules of a vote</h2>
      <dl>
        <Row name="To propose">{sum(of.threshold)}</Row>
        <Row name="Before a vote">{durationText(of.votingDelay)}: votes are counted as they are then</Row>
        <Row name="A vote lasts">{durationText(of.votingPeriod)}</Row>
        <Row name="To pass">
          more for than against, and {sum(of.quorum)} ({of.quorumPercent} % of all) for or abstaining
        </Row>
        <Row name="Before it is carried out">{durationText(of.timelockDelay)}</Row>
        <Row name="Governor">
          <code>{of.governor}</code>
        </Row>
      </dl>
    </section>
  );
}
