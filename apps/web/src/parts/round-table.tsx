import type { RoundSummary } from '@chorus/admin-api';
import { agoText, percentText, SHARE_ONE } from '../format/text.ts';
import { hrefOf } from '../routes/routes.ts';
import { now } from '../state/node.ts';
import { Amount } from './amount.tsx';
import { Stages } from './stages.tsx';

/** Rounds that have ended, the newest first. */
export function RoundTable({ rounds, withTask }: { rounds: readonly RoundSummary[]; withTask?: boolean }) {
  return (
    <div class="wide">
      <table>
        <thead>
          <tr>
            <th>{withTask ? 'Task, round' : 'Round'}</th>
            <th>Ended</th>
            <th>Share</th>
            <th>Reward</th>
            <th>Fee</th>
            <th class="grows">Time on this node</th>
          </tr>
        </thead>
        <tbody>
          {rounds.map((each) => (
            <tr key={`${each.taskId} ${each.round}`}>
              <td data-label="Round">
                <a href={hrefOf({ page: 'round', task: each.taskId, round: each.round })}>
                  {withTask && `${each.taskId}, `}
                  {each.round}
                </a>
              </td>
              <td data-label="Ended" title={each.endedAt}>
                {each.outcome === 'void' && <strong>void, </strong>}
                {agoText(each.endedAt, now.value)}
              </td>
              <td data-label="Share">{each.share === null ? '-' : percentText(each.share, SHARE_ONE)}</td>
              <td data-label="Reward">
                <Amount units={each.reward} decimals={each.decimals} token={each.token} />
              </td>
              <td data-label="Fee">
                <Amount units={each.fee} decimals={each.decimals} token={each.token} />
              </td>
              <td class="grows" data-label="Time">
                <Stages seconds={each.stageSeconds} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
