import type { z } from 'zod';

/** A part of the configuration under a name of its own: the host's sections, or the section of a service. */
export interface ConfigSection<Name extends string = string, Schema extends z.ZodType = z.ZodType> {
  /** Its key at the top of the file. */
  readonly name: Name;
  readonly schema: Schema;
  /** What each value means, by its key such as `training.roles`; and the section itself by its name. */
  readonly descriptions: Readonly<Record<string, string>>;
  /** Values that a new file does not list, by key. */
  readonly unlisted?: readonly string[];
  /**
   * Keys that had another name before, old to new. They are still read, with a notice; a file that has them is
   * rewritten when the node starts.
   */
  readonly renamed?: Readonly<Record<string, string>>;
  /** Values that are paths, relative to the file; `name-or-path`: a plain name such as `digits` stays a name. */
  readonly paths?: Readonly<Record<string, 'path' | 'name-or-path'>>;
}
