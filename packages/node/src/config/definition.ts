import { z } from 'zod';
import { HOST_DESCRIPTIONS } from './descriptions.ts';
import { type ConfigField, fieldsOf } from './fields.ts';
import { type HostConfig, type HostConfigInput, hostConfigSchema } from './host-config.ts';
import { earlierName } from './renamed.ts';
import type { ConfigSection } from './section.ts';

type Sections = readonly ConfigSection[];

/** The configuration of a node with these sections. */
export type ConfigOf<S extends Sections> = HostConfig & {
  [Section in S[number] as Section['name']]: z.infer<Section['schema']>;
};

/** The same as users write it: defaults may be omitted. */
export type ConfigInputOf<S extends Sections> = HostConfigInput & {
  [Section in S[number] as Section['name']]?: z.input<Section['schema']>;
};

/** What a configuration can say, put together from the host and its services. */
export interface ConfigDefinition<Config extends HostConfig = HostConfig> {
  readonly schema: z.ZodObject;
  /** All values that a configuration can have, in the order of a new file. */
  readonly fields: readonly ConfigField[];
  /** The same under every name they have or had: for reading what is written. */
  readonly written: readonly ConfigField[];
  readonly descriptions: Readonly<Record<string, string>>;
  readonly unlisted: readonly string[];
  /** Earlier names of keys and sections, old to new. */
  readonly renamed: ReadonlyMap<string, string>;
  readonly paths: ReadonlyMap<string, 'path' | 'name-or-path'>;
  /** Only for its type. */
  readonly config?: Config;
}

/**
 * The configuration of a node with these services.
 * @throws Error if a section has the name of another: a fault of the program
 */
export function defineConfig<const S extends Sections>(sections: S): ConfigDefinition<ConfigOf<S>> {
  const { dataDir, chain, ...rest } = hostConfigSchema.shape;
  const shape: Record<string, z.ZodType> = {};
  for (const section of sections) {
    if (section.name in hostConfigSchema.shape || section.name in shape) {
      throw new Error(`two parts of the configuration are called ${section.name}`);
    }
    shape[section.name] = section.schema;
  }
  const schema = z.strictObject({ dataDir, ...shape, chain, ...rest });
  const fields = fieldsOf(schema, []);
  const renamed = new Map(sections.flatMap((each) => Object.entries(each.renamed ?? {})));
  const earlier = fields.flatMap((field) => {
    const key = earlierName(field.key, { renamed });
    return key === null ? [] : [{ ...field, key, path: key.split('.') }];
  });
  return {
    schema,
    fields,
    written: [...fields, ...earlier],
    descriptions: Object.assign({}, HOST_DESCRIPTIONS, ...sections.map((each) => each.descriptions)),
    unlisted: ['dataDir', ...sections.flatMap((each) => each.unlisted ?? [])],
    renamed,
    paths: new Map(sections.flatMap((each) => Object.entries(each.paths ?? {}))),
  };
}
