import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { isRefused } from '../api/failure.ts';
import { isOwners } from '../routes/routes.ts';
import { connected, failure, readOnly, status } from '../state/node.ts';
import { Command, FailureNotice, Notice } from './notices.tsx';

const PLACES = [
  ['', 'Home'],
  ['tasks', 'Tasks'],
  ['agents', 'Agents'],
  ['market', 'Market'],
  ['money', 'Money'],
  ['votes', 'Votes'],
  ['peers', 'Peers'],
  ['log', 'Log'],
] as const;

/** What every page has: where to go, and how the node is. */
export function Shell({ place, children }: { place: string; children: ComponentChildren }) {
  // On a phone not all of them fit.
  useEffect(() => {
    document.querySelector('nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  });
  const state = failure.value ? 'not answering' : (status.value?.state ?? 'asking');
  return (
    <>
      <header>
        <a class="name" href="#/">
          Chorus
        </a>
        <nav aria-label="Pages">
          {PLACES.filter(([path]) => !readOnly || (path !== '' && !isOwners(path))).map(([path, name]) => (
            <a key={path} href={`#/${path}`} {...(path === place ? { 'aria-current': 'page' } : {})}>
              {name}
            </a>
          ))}
        </nav>
        {readOnly ? (
          <span class="quiet">what everyone can see of this network</span>
        ) : (
          <span class={`state state-${state.replace(' ', '-')}`} role="status">
            {state}
            {!failure.value && !connected.value && ', not live'}
          </span>
        )}
      </header>
      <main>
        {isRefused(failure.value) ? (
          <Notice message="The node no longer knows this page: it was started again since.">
            <p>A terminal of its machine opens a new one:</p>
            <Command line="chorus open" />
          </Notice>
        ) : (
          <>
            <FailureNotice failure={failure.value} />
            {children}
          </>
        )}
      </main>
    </>
  );
}

/** The heading of a page, from which readers of screens go on when the page changes. */
export function Title({ children }: { children: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const { current } = heading;
    if (!current) return;
    document.title = `${current.textContent} - Chorus`;
    current.focus();
    // Only when the page is another one.
  }, []);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  );
}
