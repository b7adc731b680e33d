import { durationText } from '../format/text.ts';
import type { Activity } from '../state/live.ts';
import { now } from '../state/node.ts';

/** The stages of a round, in order. */
const ORDER = ['train', 'commit', 'reference', 'aggregate', 'prove', 'settle', 'recompute'];

/** How long each stage of a round took on this node: a bar, and the figures in words. */
export function Stages({ seconds }: { seconds: Readonly<Record<string, number>> }) {
  const stages = Object.entries(seconds).sort(([a], [b]) => ORDER.indexOf(a) - ORDER.indexOf(b));
  const all = stages.reduce((sum, [, each]) => sum + each, 0);
  if (all === 0) return <span class="quiet">not known</span>;
  let from = 0;
  const bars = stages.map(([stage, each]) => {
    const x = from;
    from += (100 * each) / all;
    return (
      <rect key={stage} class={`stage-${ORDER.indexOf(stage)}`} x={x} y="0" width={from - x} height="6" />
    );
  });
  return (
    <>
      <svg class="stages" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        {bars}
      </svg>
      <small class="legend">
        {stages.map(([stage, each]) => (
          <span key={stage}>
            <i class={`dot stage-${ORDER.indexOf(stage)}`} /> {stage} {durationText(each)}
          </span>
        ))}
      </small>
    </>
  );
}

/** What the node does in a task right now. */
export function Doing({ activity }: { activity: Pick<Activity, 'round' | 'stage' | 'fraction' | 'since'> }) {
  const { round, stage, fraction, since } = activity;
  const seconds = Math.max(0, (now.value - since) / 1000);
  return (
    <div class="doing">
      <span>
        round {round}: <strong>{stage}</strong>, for {durationText(Math.round(seconds))}
      </span>
      <progress
        aria-label={`${stage}, round ${round}`}
        max={1}
        {...(fraction === null ? {} : { value: fraction })}
      />
    </div>
  );
}
