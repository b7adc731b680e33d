import { percentText } from '../format/text.ts';
import type { Classification } from '../state/classification.ts';
import { Bar } from './bar.tsx';

/**
 * What a classifier sees, and how sure it is.
 * @param isSaid the agent's text says so too
 */
export function Classified({ of, isSaid }: { of: Classification; isSaid: boolean }) {
  const { label, confidence, top } = of;
  return (
    <div class="classified">
      {!isSaid && (
        <p>
          <strong>{label}</strong> <span class="quiet">{percentText(confidence, 1)}</span>
        </p>
      )}
      {top.length > 1 && (
        <ol class="steps">
          {top.map((each) => (
            <li key={each.label}>
              <span>{each.label}</span>
              <span class="figure">{percentText(each.confidence, 1)}</span>
              <Bar part={each.confidence} />
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}
