import type { GovernanceDocument, ParameterDocument, ProposalDetail } from '@chorus/admin-api';
import { useState } from 'preact/hooks';
import type { Api } from '../api/api.ts';
import { agoText, percentText, shortId } from '../format/text.ts';
import { sumsIn } from '../parts/amount.tsx';
import { FailureNotice } from '../parts/notices.tsx';
import { ProposalMoves } from '../parts/proposal-moves.tsx';
import { ProposedCalls } from '../parts/proposed-calls.tsx';
import { Row } from '../parts/row.tsx';
import { Title } from '../parts/shell.tsx';
import { useLoad } from '../state/load.ts';
import { isOwn, now, readOnly } from '../state/node.ts';

interface Known {
  governance: GovernanceDocument;
  parameters: readonly ParameterDocument[];
  proposal: ProposalDetail;
}

/** One proposal: what it does, where it stands, who voted, and the owner's part in it. */
export function ProposalPage({ api, number }: { api: Api; number: string }) {
  const [reading, setReading] = useState(0);
  const { data, failure } = useLoad(() => read(api, number), `${number} ${reading}`, false);
  return (
    <>
      <Title>Proposal {number}</Title>
      <FailureNotice failure={failure} />
      {data ? (
        <Proposal api={api} of={data} onEnd={() => setReading(reading + 1)} />
      ) : (
        !failure && <p class="quiet">Asking the chain.</p>
      )}
    </>
  );
}

async function read(api: Api, number: string): Promise<Known> {
  const [proposal, governance, { parameters }] = await Promise.all([
    api.proposal(number),
    api.governance(),
    api.parameters(),
  ]);
  return { proposal, governance, parameters };
}

function Proposal({ api, of, onEnd }: { api: Api; of: Known; onEnd: () => void }) {
  const { proposal, governance } = of;
  const { title, description, state, proposer, complete, calls } = proposal;
  return (
    <>
      <h2>{title}</h2>
      <p>
        <strong>{state}</strong>{' '}
        <span class="quiet">
          proposed by <code title={proposer}>{shortId(proposer)}</code>
          {isOwn(proposer) && ' (this node)'}
        </span>
      </p>
      <section>
        <h2>{state === 'executed' ? 'What it did' : 'What it does'}</h2>
        <ProposedCalls calls={calls} parameters={of.parameters} />
        {!complete && <p class="fault">And more: its calls are too many or too long to be kept here.</p>}
      </section>
      {description !== '' && (
        <section>
          <h2>What its proposer says of it</h2>
          <p class="said">{description}</p>
        </section>
      )}
      <section>
        <h2>Where it stands</h2>
        <Standing proposal={proposal} governance={governance} />
        {!readOnly && <ProposalMoves api={api} proposal={proposal} governance={governance} onEnd={onEnd} />}
      </section>
      {proposal.ballots.length > 0 && <Ballots of={proposal} governance={governance} />}
    </>
  );
}

function Standing({ proposal, governance }: Pick<Known, 'proposal' | 'governance'>) {
  const { votes, quorum, voteStart, voteEnd, executableAt, state, wallet } = proposal;
  const sum = sumsIn(governance);
  const present = BigInt(votes.for) + BigInt(votes.abstain);
  const missing = BigInt(quorum) - present;
  return (
    <dl>
      <Row name="For">{sum(votes.for)}</Row>
      <Row name="Against">{sum(votes.against)}</Row>
      <Row name="Abstaining">{sum(votes.abstain)}</Row>
      <Row name="Quorum">
        {sum(quorum)}
        {missing > 0n ? <>, of which {sum(`${missing}`)} are missing</> : ', which is reached'}
      </Row>
      <Row name="The vote">
        {new Date(voteStart).toLocaleString()} to {new Date(voteEnd).toLocaleString()}
      </Row>
      {executableAt !== null && state !== 'executed' && (
        <Row name="Can be carried out">{agoText(executableAt, now.value)}</Row>
      )}
      {!readOnly && (
        <Row name="This wallet">
          {wallet.weight === null ? (
            <>votes with what it has at the beginning of the vote; {sum(governance.wallet.votes)} now</>
          ) : (
            <>
              votes with {sum(wallet.weight)}
              {wallet.voted && ', and has voted'}
            </>
          )}
        </Row>
      )}
    </dl>
  );
}

function Ballots({ of, governance }: { of: ProposalDetail; governance: GovernanceDocument }) {
  const sum = sumsIn(governance);
  return (
    <section>
      <h2>Who voted</h2>
      <div class="wide">
        <table>
          <thead>
            <tr>
              {['Voter', 'Vote', 'With', 'Of all', 'Reason'].map((name) => (
                <th key={name}>{name}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {of.ballots.map(({ voter, choice, weight, reason }) => (
              <tr key={voter}>
                <td data-label="Voter">
                  <code title={voter}>{shortId(voter)}</code>
                  {isOwn(voter) && ' (this node)'}
                </td>
                <td data-label="Vote">{choice}</td>
                <td data-label="With">{sum(weight)}</td>
                <td data-label="Of all">{percentText(Number(weight), Number(governance.supply))}</td>
                <td data-label="Reason">{reason === '' ? '-' : reason}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {of.ballotCount > of.ballots.length && (
        <p class="quiet">
          The largest {of.ballots.length} of {of.ballotCount} votes.
        </p>
      )}
    </section>
  );
}
