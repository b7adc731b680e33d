import { faultOf, plainLine } from '@chorus/protocol';
import { z } from 'zod';
import type { Fault } from './fault.ts';
import { MAX_FAULTS } from './limits.ts';
import { similar } from './similar.ts';
import { isPlanned } from './unsupported.ts';
import type { YamlValue } from './yaml.ts';

type Issue = z.core.$ZodIssue;
type Section = { shape?: Record<string, z.ZodType> };

const MISSING = 'is missing';

/** With the path of the key that a mistyped one stands for. */
type Found = Fault & { meant?: string };

/** What a schema found, with places in the file and hints; at most {@link MAX_FAULTS}. */
export function faultsOf(error: z.ZodError, yaml: YamlValue, schema: z.ZodType): Fault[] {
  const faults = error.issues
    .flatMap((issue) => narrowed(issue))
    .flatMap((issue) => faultsOfIssue(issue, yaml, schema));
  // A mistyped key is one fault, not a missing key as well.
  const mistyped = new Set(faults.flatMap(({ meant }) => meant ?? []));
  return faults
    .filter(({ path, message }) => message !== MISSING || !mistyped.has(path))
    .map(({ meant: _, ...fault }) => fault)
    .sort((a, b) => a.line - b.line || a.column - b.column)
    .slice(0, MAX_FAULTS);
}

/** Of a value that fits none of several forms, the faults of the form that it is nearest to. */
function narrowed(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue];
  const misses = (branch: readonly Issue[]) =>
    branch.some(
      ({ code, path }) => path.length === 0 && (code === 'invalid_type' || code === 'invalid_value'),
    );
  const near = issue.errors.filter((branch) => !misses(branch));
  if (near.length !== 1) return [issue];
  return near[0]!.flatMap((inner) => narrowed({ ...inner, path: [...issue.path, ...inner.path] }));
}

function faultsOfIssue(issue: Issue, yaml: YamlValue, schema: z.ZodType): Found[] {
  const path = [...issue.path];
  if (issue.code !== 'unrecognized_keys') {
    const needs = issue.code === 'invalid_type' || issue.code === 'invalid_union';
    const missing = needs && valueAt(yaml.value, path) === undefined;
    const message = missing
      ? MISSING
      : issue.code === 'invalid_union'
        ? 'has the wrong form'
        : faultOf(issue);
    return [place(yaml, path, message, missing ? 'add it' : 'correct it')];
  }
  return issue.keys.map((key) => {
    const at = [...path, key];
    const meant = similar(key, keysAt(schema, path));
    if (isPlanned(at) && !meant) {
      return place(
        yaml,
        at,
        'is not supported yet by this version',
        'remove it; the documentation lists what is',
      );
    }
    const loose = 'put a text that has a comma into quotes';
    const hint = meant ? `did you mean "${meant}"?` : yaml.isLoose(at) ? loose : 'remove it';
    const found = place(yaml, at, 'there is no such key', hint);
    return meant ? { ...found, meant: [...path, meant].map(String).join('.') } : found;
  });
}

function place(yaml: YamlValue, path: readonly PropertyKey[], message: string, hint: string): Fault {
  return { path: plainLine(path.map(String).join('.')).slice(0, 200), ...yaml.placeOf(path), message, hint };
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let inner: unknown = value;
  for (const key of path) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, key)) return undefined;
    inner = (inner as Record<PropertyKey, unknown>)[key];
  }
  return inner;
}

/** The keys that a section may have. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let found: z.ZodType[] = unwrapped(schema);
  for (const key of path) {
    found = found.flatMap((each) => {
      const inner =
        each instanceof z.ZodArray ? (each.element as z.ZodType) : (each as Section).shape?.[String(key)];
      return inner ? unwrapped(inner) : [];
    });
  }
  return found.flatMap((each) => Object.keys((each as Section).shape ?? {}));
}

/** A schema without its defaults, and each form of one that has several. */
function unwrapped(schema: z.ZodType): z.ZodType[] {
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => unwrapped(option as z.ZodType));
  const isWrapper =
    schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
  return isWrapper ? unwrapped(schema.unwrap() as z.ZodType) : [schema];
}
