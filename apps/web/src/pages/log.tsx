import { useState } from 'preact/hooks';
import { Command } from '../parts/notices.tsx';
import { Title } from '../parts/shell.tsx';
import { connected, live } from '../state/node.ts';

/** What the node reports, as it happens. */
export function Log() {
  const [only, setOnly] = useState(false);
  const entries = live.value.entries.filter(({ level }) => !only || level === 'warning');
  return (
    <>
      <Title>Log</Title>
      <p>
        <label>
          <input type="checkbox" checked={only} onChange={() => setOnly(!only)} /> only warnings
        </label>
      </p>
      {entries.length === 0 && (
        <p class="quiet">{connected.value ? 'Nothing was reported yet.' : 'Not connected to the node.'}</p>
      )}
      <ol class="log" aria-label="Events, the newest first">
        {entries.map(({ id, at, level, text }) => (
          <li key={id} class={level}>
            <time dateTime={new Date(at).toISOString()}>{new Date(at).toLocaleTimeString('en-GB')}</time>{' '}
            <span>{text}</span>
          </li>
        ))}
      </ol>
      <p class="quiet">The page keeps the last 500 lines. The log of the node has more:</p>
      <Command line="chorus logs -n 1000" />
    </>
  );
}
