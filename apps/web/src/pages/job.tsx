import type { JobDocument } from '@chorus/admin-api';
import { JOB_STEP_TEXTS } from '@chorus/admin-api/words';
import { useState } from 'preact/hooks';
import type { Api } from '../api/api.ts';
import { type Failure, toFailure } from '../api/failure.ts';
import { agoText } from '../format/text.ts';
import { sumsIn } from '../parts/amount.tsx';
import { JobMoves } from '../parts/job-moves.tsx';
import { FailureNotice } from '../parts/notices.tsx';
import { Row } from '../parts/row.tsx';
import { Title } from '../parts/shell.tsx';
import { useLoad } from '../state/load.ts';
import { isOwn, now } from '../state/node.ts';

/** One job: who owes what to whom, what comes next, and the owner's part in it. */
export function JobPage({ api, id }: { api: Api; id: string }) {
  const [reading, setReading] = useState(0);
  const { data, failure } = useLoad(() => api.job(id), `${id} ${reading}`);
  const market = useLoad(() => api.market(), 'market', false);
  return (
    <>
      <Title>Job {id}</Title>
      <FailureNotice failure={failure} />
      {data && (
        <>
          <p class="said">{data.description}</p>
          <section>
            <h2>Next</h2>
            <Next of={data} />
            {market.data && (
              <JobMoves
                api={api}
                of={data}
                contracts={{ budget: market.data.commerce, bond: market.data.evaluator }}
                onEnd={() => setReading(reading + 1)}
              />
            )}
          </section>
          <Terms of={data} />
          <Files api={api} of={data} />
          {data.dispute && <Dispute of={data} dispute={data.dispute} />}
        </>
      )}
    </>
  );
}

function Next({ of: { status, step } }: { of: JobDocument }) {
  if (step === null) return <p>It is over: {status}.</p>;
  return (
    <p>
      {JOB_STEP_TEXTS[step.what]}
      {step.until !== null && (
        <>
          , <span title={new Date(step.until).toLocaleString()}>{agoText(step.until, now.value)}</span> at the
          latest
        </>
      )}
      ; otherwise {step.otherwise}.
    </p>
  );
}

const Party = ({ address }: { address: string }) => (
  <>
    <code>{address}</code>
    {isOwn(address) && ' (this node)'}
  </>
);

const DECIDES: Readonly<Record<JobDocument['evaluatedBy'], string>> = {
  validators: 'the client, or validators if it is disputed',
  client: 'the client alone: the provider relies on it',
  other: 'another account',
};

function Terms({ of }: { of: JobDocument }) {
  const sum = sumsIn(of);
  return (
    <section>
      <h2>Terms</h2>
      <dl>
        <Row name="Status">{of.status}</Row>
        <Row name="Budget">
          {sum(of.budget)}, of which {sum(of.fee)} is the network's fee
        </Row>
        <Row name="Client">
          <Party address={of.client} />
        </Row>
        <Row name="Provider">{of.provider ? <Party address={of.provider} /> : 'not chosen'}</Row>
        <Row name="Decided by">
          {DECIDES[of.evaluatedBy]}
          {of.evaluatedBy === 'other' && (
            <>
              , <Party address={of.evaluator} />
            </>
          )}
        </Row>
        <Row name="To submit by">{new Date(of.submitBy).toLocaleString()}</Row>
        <Row name="Ends">{new Date(of.expiresAt).toLocaleString()}</Row>
        {of.payout !== null && of.payout !== of.provider && (
          <Row name="Is paid to">
            <Party address={of.payout} />
          </Row>
        )}
      </dl>
    </section>
  );
}

const NAMES = { deliverable: 'The work', grounds: 'What the client says', answer: 'What the provider says' };

function Files({ api, of: { jobId, deliverable, dispute } }: { api: Api; of: JobDocument }) {
  const digests = { deliverable, grounds: dispute?.grounds ?? null, answer: dispute?.answer ?? null };
  const there = (['deliverable', 'grounds', 'answer'] as const).filter((name) => digests[name] !== null);
  const [failure, setFailure] = useState<Failure | null>(null);
  if (there.length === 0) return null;
  const save = async (name: (typeof there)[number]) => {
    setFailure(null);
    try {
      download(await api.jobFile(jobId, name), `job-${jobId}-${name}`);
    } catch (error) {
      setFailure(toFailure(error));
    }
  };
  return (
    <section>
      <h2>Files</h2>
      <dl>
        {there.map((name) => (
          <Row key={name} name={NAMES[name]}>
            <code>{digests[name]}</code>{' '}
            <button type="button" class="plain small" onClick={() => void save(name)}>
              Save
            </button>
          </Row>
        ))}
      </dl>
      <p class="quiet">
        The node fetches a file from its maker and checks it against the digest on chain. It is a stranger's:
        open it as one.
      </p>
      <FailureNotice failure={failure} />
    </section>
  );
}

/** Hands bytes to the browser, to be saved; never shown here, whatever they say that they are. */
function download(bytes: Blob, name: string): void {
  const url = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function Dispute({ of, dispute }: { of: JobDocument; dispute: NonNullable<JobDocument['dispute']> }) {
  const { jury, outcome, available } = dispute;
  return (
    <section>
      <h2>The dispute</h2>
      <dl>
        <Row name="Disputed">
          {new Date(dispute.disputedAt).toLocaleString()}, with a bond of {sumsIn(of)(dispute.bond)}
        </Row>
        <Row name="Defended">
          {dispute.defendedAt === null ? 'not yet' : new Date(dispute.defendedAt).toLocaleString()}
        </Row>
        {jury.length > 0 && (
          <Row name="Jury">
            {jury.map(({ agentId, mine, vote, committed }) => (
              <span key={agentId} class="member">
                identity {agentId}
                {mine && ' (this node)'}: {vote ?? (committed ? 'has voted' : 'no vote yet')}
              </span>
            ))}
          </Row>
        )}
        {available !== null && (
          <Row name="When it was disputed">
            {available ? 'this node got the work' : 'no peer gave this node the work'}
          </Row>
        )}
        {outcome !== null && <Row name="Outcome">{outcome}</Row>}
      </dl>
    </section>
  );
}
