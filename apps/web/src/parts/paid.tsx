import type { ComponentChildren } from 'preact';
import { percentText, SHARE_ONE, shortId } from '../format/text.ts';
import type { CheckedRound } from '../proof/check-round.ts';
import type { Step } from '../proof/steps.ts';
import { isOwn } from '../state/node.ts';
import { Amount } from './amount.tsx';
import { Bar } from './bar.tsx';

/** Every trainer of a round: what it was paid, and the way there from its update. This node's own comes first. */
export function Paid({ found }: { found: CheckedRound }) {
  const { task, settled } = found.material.records;
  const all = task.trainers.map((address, index) => ({ address, index, own: isOwn(address) }));
  const most = settled.rewards.toSorted((a, b) => Number(b - a))[0] || 1n;
  return (
    <div class="paid">
      {all
        .sort((a, b) => Number(b.own) - Number(a.own))
        .map(({ address, index, own }) => (
          <details key={address} open={own}>
            <summary>
              <span>
                Trainer {index + 1} <code title={address}>{shortId(address)}</code>
                {own && ' (this node)'}
                {found.ways[index]?.outcome && (
                  <small>
                    {settled.rewards[index]! > 0n ? 'paid' : 'not paid'}: {found.ways[index]!.outcome}
                  </small>
                )}
              </span>
              <Bar part={Number((settled.rewards[index]! * 1_000n) / most) / 1_000} />
              <Sum of={settled.rewards[index]!} found={found} />
            </summary>
            <Why found={found} index={index} />
          </details>
        ))}
    </div>
  );
}

function Sum({ of, found }: { of: bigint; found: CheckedRound }) {
  const { material } = found;
  return <Amount units={`${of}`} decimals={material.decimals} token={material.records.task.token} />;
}

function Why({ found, index }: { found: CheckedRound; index: number }) {
  const { settled, task } = found.material.records;
  const { explained, ways, material } = found;
  const [share, reward] = [settled.shares[index]!, settled.rewards[index]!];
  const way = ways[index];
  const isTooLittle = share > 0 && reward === 0n;
  return (
    <>
      {material.missing !== null && (
        <p class="quiet">
          No peer has the inner products of this round, so that the steps between cannot be shown:{' '}
          {material.missing}
        </p>
      )}
      <h3>From its update to its reward</h3>
      <ol class="steps">
        {way?.pay.map((step) => (
          <StepRow key={step.name} {...step} />
        ))}
        <StepRow
          name="Reward"
          part={null}
          says={
            isTooLittle
              ? `Its share is below the least that the task pays, ${percentText(task.minShareBps, 10_000)} of an equal one: it stays in the task.`
              : `The trainers' pool times its share of ${percentText(share, SHARE_ONE)}.`
          }
          figure={<Sum of={reward} found={found} />}
        />
      </ol>
      {way && way.weight.length > 0 && (
        <>
          <h3>From its update to the new model</h3>
          <ol class="steps">
            {way.weight.map((step) => (
              <StepRow key={step.name} {...step} />
            ))}
          </ol>
        </>
      )}
      {explained?.reasons[index] && <p class="quiet">In the words of the rule: {explained.reasons[index]}</p>}
    </>
  );
}

function StepRow({ name, figure, part, says }: Omit<Step, 'figure'> & { figure: ComponentChildren }) {
  return (
    <li>
      <span>{name}</span>
      <span class="figure">{figure}</span>
      {part !== null && <Bar part={part} />}
      <small class="says">{says}</small>
    </li>
  );
}
