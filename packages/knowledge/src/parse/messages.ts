import type { DocumentKind, Section } from './document.ts';

/** What the process for documents is sent. */
export interface ToHost {
  kind: DocumentKind;
  bytes: Uint8Array;
}

/** What it answers, once. */
export type FromHost =
  | { sections: Section[] }
  /** `message` is ours if `isOurs`, otherwise a library's. */
  | { message: string; hint: string | null; isOurs: boolean };
