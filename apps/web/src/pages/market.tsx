import type { JobDocument, MarketDocument } from '@chorus/admin-api';
import { JOB_STEP_TEXTS } from '@chorus/admin-api/words';
import { useState } from 'preact/hooks';
import type { Api } from '../api/api.ts';
import { agoText, counted, durationText } from '../format/text.ts';
import { Amount, Amounts, sumsIn } from '../parts/amount.tsx';
import { JobForm } from '../parts/job-form.tsx';
import { Command, FailureNotice } from '../parts/notices.tsx';
import { usePrepared } from '../parts/prepared.tsx';
import { Row } from '../parts/row.tsx';
import { Title } from '../parts/shell.tsx';
import type { Transfer } from '../parts/signing.tsx';
import { hrefOf } from '../routes/routes.ts';
import { useLoad } from '../state/load.ts';
import { now } from '../state/node.ts';

/** Jobs that this node takes part in, what they wait for, and a new one. */
export function Market({ api }: { api: Api }) {
  const [reading, setReading] = useState(0);
  const again = () => setReading(reading + 1);
  const market = useLoad(() => api.market(), `market ${reading}`, false);
  const jobs = useLoad(() => api.jobs(), `jobs ${reading}`);
  return (
    <>
      <Title>Market</Title>
      <p class="quiet">
        Work for a sum in escrow. The provider is paid when the client accepts it, or says nothing in time; a
        dispute is decided by validators.
      </p>
      <section>
        <h2>Jobs of this node</h2>
        <FailureNotice failure={jobs.failure} />
        {jobs.data?.jobs.length === 0 && (
          <p class="quiet">None yet. Of one that somebody else made, a link tells the number: #/market/7.</p>
        )}
        <ul class="cards">
          {jobs.data?.jobs.map((job) => (
            <JobCard key={job.jobId} of={job} />
          ))}
        </ul>
      </section>
      <FailureNotice failure={market.failure} />
      {market.data && (
        <>
          <section>
            <h2>A new job</h2>
            <JobForm api={api} market={market.data} onEnd={again} />
          </section>
          <Rules api={api} of={market.data} onEnd={again} />
        </>
      )}
    </>
  );
}

function JobCard({ of: job }: { of: JobDocument }) {
  const { jobId, description, status, roles, step } = job;
  return (
    <li>
      <h3>
        <a href={hrefOf({ page: 'job', job: jobId })}>Job {jobId}</a>
      </h3>
      <p>{description.length > 160 ? `${description.slice(0, 160)}…` : description}</p>
      <p>
        {sumsIn(job)(job.budget)}{' '}
        <span class="quiet">
          {status}
          {roles.length > 0 && `, you are ${roles.join(' and ')}`}
        </span>
      </p>
      {step && (
        <p>
          Next: {JOB_STEP_TEXTS[step.what]}
          {step.until !== null && `, ${agoText(step.until, now.value)} at the latest`}.
        </p>
      )}
    </li>
  );
}

function Rules({ api, of, onEnd }: { api: Api; of: MarketDocument; onEnd: () => void }) {
  const { windowSeconds, stepSeconds, seats, seat, seatStake, owed, stakeToken } = of;
  const { prepare, shown, isOpen } = usePrepared(onEnd);
  const all = [...owed.payments, ...owed.bonds];
  return (
    <section>
      <h2>What is owed to you, and the rules</h2>
      <dl>
        <Row name="Owed to this wallet">
          <Amounts of={all} />
        </Row>
        <Row name="A submission can be disputed for">{durationText(windowSeconds)}</Row>
        <Row name="Each step of a dispute">{durationText(stepSeconds)}</Row>
        <Row name="Validators who decide">
          {counted(seats, 'seat')}, each with <Amount units={seatStake} decimals={18} token={stakeToken} />{' '}
          staked
          {seats < 3 && ': too few to decide a dispute'}
        </Row>
        <Row name="Your seat">
          {seat ? `identity ${seat.agentId}, since ${agoText(seat.takenAt, now.value)}` : 'none'}
        </Row>
        <Row name="Contract">
          <code>{of.commerce}</code>
        </Row>
      </dl>
      {all.length > 0 && !isOpen && (
        <button type="button" onClick={() => prepare(async () => withdrawal(api, of))}>
          Pay it out ...
        </button>
      )}
      {shown}
      {seat === null && (
        <>
          <p class="quiet">A validator takes a seat by:</p>
          <Command line="chorus market seat take" />
        </>
      )}
    </section>
  );
}

const withdrawal = (api: Api, { owed, commerce, evaluator, account }: MarketDocument): Transfer => ({
  title: 'Pay out what jobs owe you?',
  rows: [
    ['Sums', <Amounts of={[...owed.payments, ...owed.bonds]} />],
    [
      'From',
      <>
        the contracts of jobs, <code>{commerce}</code>, and of disputes, <code>{evaluator}</code>
      </>,
    ],
    [
      'To',
      <>
        the wallet of this node, <code>{account}</code>
      </>,
    ],
    ['Why', 'Jobs that ended have credited it to this account.'],
  ],
  action: 'Pay it out',
  send: async () => {
    const { withdrawn } = await api.withdrawFromMarket();
    if (withdrawn.length === 0) return 'Nothing was owed any more.';
    return withdrawn.map(({ what, transaction }) => `Paid ${what}, by transaction ${transaction}.`).join(' ');
  },
});
