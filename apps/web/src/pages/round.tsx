import type { RoundSummary } from '@chorus/admin-api';
import type { Api } from '../api/api.ts';
import { percentText, SHARE_ONE, WEIGHT_ONE } from '../format/text.ts';
import { Amount } from '../parts/amount.tsx';
import { Checks, Verdict } from '../parts/checks.tsx';
import { FailureNotice } from '../parts/notices.tsx';
import { Paid } from '../parts/paid.tsx';
import { RoundMoney } from '../parts/round-money.tsx';
import { Title } from '../parts/shell.tsx';
import { Stages } from '../parts/stages.tsx';
import { TrustNote } from '../parts/trust-note.tsx';
import { hrefOf } from '../routes/routes.ts';
import { useLoad } from '../state/load.ts';
import { readOnly } from '../state/node.ts';
import { type ProofState, useProof } from '../state/proof.ts';

/** One round: whether it is proven, who was paid and why, and what this node had of it. */
export function Round({ api, task, round }: { api: Api; task: string; round: number }) {
  const { data, failure } = useLoad(async () => (readOnly ? null : api.rounds(task)), task);
  const proof = useProof(api, task, round);
  // Until they are known no round follows.
  const rounds = proof.step === 'checked' ? proof.checked.material.records.task.rounds : 0;
  const own = data?.rounds.find((each) => each.round === round);
  return (
    <>
      <Title>
        Task {task}, round {round}
      </Title>
      <p class="ways">
        <a href={hrefOf({ page: 'task', task })}>All of task {task}</a>
        {round > 1 && <a href={hrefOf({ page: 'round', task, round: round - 1 })}>Round {round - 1}</a>}
        {round < rounds && <a href={hrefOf({ page: 'round', task, round: round + 1 })}>Round {round + 1}</a>}
      </p>
      {proof.step === 'failed' ? (
        <NotProven state={proof} own={own} />
      ) : (
        <Settled task={task} round={round} state={proof} />
      )}
      <FailureNotice failure={failure} />
      {own && <Own of={own} />}
    </>
  );
}

function NotProven({
  state,
  own,
}: {
  state: Extract<ProofState, { step: 'failed' }>;
  own: RoundSummary | undefined;
}) {
  if (state.failure.code !== 'E_ROUND_NOT_SETTLED') return <FailureNotice failure={state.failure} />;
  return (
    <p>
      {own?.outcome === 'void'
        ? 'This round ended without a settlement: nothing was proven, the model did not change, and no one was paid.'
        : 'This round is not settled: it has not ended, or the task has no such round.'}
    </p>
  );
}

function Settled({ task, round, state }: { task: string; round: number; state: ProofState }) {
  const found = state.step === 'checked' ? state.checked : null;
  return (
    <>
      <Verdict found={found} />
      {found && (
        <>
          <section>
            <h2>Who was paid, and why</h2>
            <Paid found={found} />
          </section>
          <section>
            <h2>Where the money of the round went</h2>
            <RoundMoney found={found} />
          </section>
        </>
      )}
      <section>
        <h2>The checks, one by one</h2>
        <Checks found={found} />
      </section>
      <section>
        <h2>What this rests on</h2>
        <TrustNote task={task} round={round} found={found} />
      </section>
    </>
  );
}

function Own({ of }: { of: RoundSummary }) {
  const { token, decimals, reward, fee, share, weight, trainer, reason } = of;
  return (
    <section>
      <h2>What this node has recorded</h2>
      <dl>
        <dt>Earned for training</dt>
        <dd>
          <Amount units={reward} decimals={decimals} token={token} />
          {share !== null && `, a share of ${percentText(share, SHARE_ONE)}`}
        </dd>
        <dt>Earned for validating and aggregating</dt>
        <dd>
          <Amount units={fee} decimals={decimals} token={token} />
        </dd>
        {weight !== null && (
          <>
            <dt>Weight of its update</dt>
            <dd>{percentText(weight, WEIGHT_ONE)} of the new model's change</dd>
          </>
        )}
        <dt>Why</dt>
        <dd>
          {reason ??
            (trainer === null ? 'It did not train this task.' : 'This node does not know: see above.')}
        </dd>
        <dt>Time on this node</dt>
        <dd>
          <Stages seconds={of.stageSeconds} />
        </dd>
      </dl>
    </section>
  );
}
