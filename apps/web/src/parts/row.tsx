import type { ComponentChildren } from 'preact';

/** One name and its value, in a `dl`. */
export function Row({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
