import { Command } from '../parts/notices.tsx';

/** Shown to a browser that has no token of the node. */
export function NoToken() {
  return (
    <main>
      <h1>This is a Chorus node</h1>
      <p>To see it, open this page by the command of its owner, in a terminal of this machine:</p>
      <Command line="chorus open" />
      <p class="quiet">
        It gives the browser the key of the node, for one tab and until the node is started again.
      </p>
    </main>
  );
}
