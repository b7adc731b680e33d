import type { RoundSummary } from '@chorus/admin-api';
import type { Api } from '../api/api.ts';
import { percentText, SHARE_ONE, WEIGHT_ONE } from '../format/text.ts';
import { Amount } from '../parts/amount.tsx';
import { Command, FailureNotice } from '../parts/notices.tsx';
import { Title } from '../parts/shell.tsx';
import { Stages } from '../parts/stages.tsx';
import { hrefOf } from '../routes/routes.ts';
import { useLoad } from '../state/load.ts';
import { status } from '../state/node.ts';

/** One round: what this node earned and why, and how to check it. */
export function Round({ api, task, round }: { api: Api; task: string; round: number }) {
  const { data, failure } = useLoad(() => api.rounds(task), task);
  const found = data?.rounds.find((each) => each.round === round);
  return (
    <>
      <Title>
        Task {task}, round {round}
      </Title>
      <p>
        <a href={hrefOf({ page: 'task', task })}>All of task {task}</a>
      </p>
      <FailureNotice failure={failure} />
      {data && !found && (
        <p class="quiet">
          This node has not seen the end of this round: it is not over, or others took part in it.
        </p>
      )}
      {found && <Outcome of={found} />}
      {found && <Check task={task} round={round} />}
    </>
  );
}

function Outcome({ of }: { of: RoundSummary }) {
  const { token, decimals, reward, fee, share, weight, trainer, reason, transaction } = of;
  return (
    <section>
      <h2>What this node earned</h2>
      <dl>
        <dt>Outcome</dt>
        <dd>
          {of.outcome === 'settled'
            ? 'settled: the chain has checked the proof and credited the rewards'
            : 'void: it ended without a settlement, and no one was paid for it'}
        </dd>
        <dt>For training</dt>
        <dd>
          <Amount units={reward} decimals={decimals} token={token} />
          {share !== null && `, a share of ${percentText(share, SHARE_ONE)}`}
        </dd>
        <dt>For validating and aggregating</dt>
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
            (trainer === null ? 'It did not train this task.' : 'This node does not know: see below.')}
        </dd>
        <dt>Time on this node</dt>
        <dd>
          <Stages seconds={of.stageSeconds} />
        </dd>
        <dt>Transaction</dt>
        <dd>
          <code>{transaction ?? 'not known to this node'}</code>
        </dd>
      </dl>
    </section>
  );
}

function Check({ task, round }: { task: string; round: number }) {
  const wallet = status.value?.identity.wallet;
  return (
    <section>
      <h2>Check it</h2>
      <p>
        This page repeats what the node has recorded; it has checked nothing itself. These commands read the
        chain and do all the arithmetic again on this machine. The whole round, what every member was paid and
        why:
      </p>
      <Command line={`chorus why ${task} ${round}`} />
      {wallet && (
        <>
          <p>This node alone, from its update to its reward:</p>
          <Command line={`chorus why ${task} ${round} ${wallet}`} />
        </>
      )}
      <p>The proof of the round, check by check:</p>
      <Command line={`chorus proof verify ${task} ${round}`} />
    </section>
  );
}
