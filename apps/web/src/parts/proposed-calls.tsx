import type { ParameterDocument, ProposedCallDocument } from '@chorus/admin-api';
import { valueFormOf, valueText } from '@chorus/admin-api/words';

/**
 * What a proposal would do, in words: for each parameter the old value and the new one. A call that cannot be put in words
 * says so, and never shows as something harmless.
 */
export function ProposedCalls({
  calls,
  parameters,
}: {
  calls: readonly ProposedCallDocument[];
  parameters: readonly ParameterDocument[];
}) {
  return (
    <ol class="steps">
      {calls.map((call, i) => (
        // Two calls may be the same.
        <li key={`${i} ${call.selector}`}>
          <Call of={call} parameters={parameters} />
        </li>
      ))}
    </ol>
  );
}

function Call({ of, parameters }: { of: ProposedCallDocument; parameters: readonly ParameterDocument[] }) {
  const { contract, method, target, selector, bytes, args, sets, warning, coins } = of;
  return (
    <>
      {method === null && (
        <div class="notice bad">
          <strong>
            Unknown call of <code>{target}</code> ({contract ?? 'no contract of this network'}), function{' '}
            <code>{selector}</code>, {bytes} bytes.
          </strong>
          <p>Nothing here can tell what it does: do not vote for it unless you know.</p>
        </div>
      )}
      {sets.map(({ name, token, from, to, fault }) => {
        const form = valueFormOf(parameters, name, token);
        return (
          <p key={`${name} ${token}`}>
            <strong>{name}</strong>
            {token !== null && (
              <>
                {' '}
                in <code>{token}</code>
              </>
            )}
            : {from === to ? 'stays ' : `${from === null ? '?' : valueText(form, from)} -> `}
            <strong>{valueText(form, to)}</strong>
            {fault !== null && <span class="fault"> It cannot be carried out: {fault}.</span>}
          </p>
        );
      })}
      {method !== null && sets.length === 0 && (
        <p>
          <code>
            {contract}.{method}({args.map(({ name, value }) => `${name}: ${value}`).join(', ')})
          </code>
        </p>
      )}
      {warning !== null && <p class="fault">{warning}</p>}
      {coins !== '0' && <p class="fault">It sends {coins} units of the chain's own coin.</p>}
    </>
  );
}
