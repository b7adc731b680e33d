import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The source of everything that the packages export, by the name under which it is imported. */
const modules = new Map(
  globSync('packages/*/package.json', { cwd: ROOT })
    .sort()
    .flatMap((path) => {
      const { name, exports } = JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
      return Object.entries(exports).flatMap(([subpath, { '@chorus/source': source }]) =>
        subpath === './testing' || !source ? [] : [[join(ROOT, dirname(path), source), join(name, subpath)]],
      );
    }),
);

/** Names each module as one imports it, instead of by its file. */
function importNames(app) {
  app.converter.on('createDeclaration', (context, reflection) => {
    const [source] = reflection.sources ?? [];
    const file = context.getSymbolFromReflection(reflection)?.declarations?.[0]?.getSourceFile().fileName;
    const name = reflection.kind === 2 /* Module */ && modules.get(file ?? source?.fullFileName);
    if (name) reflection.name = name;
  });
}

/** @type {Partial<import('typedoc').TypeDocOptions>} */
export default {
  name: 'Chorus',
  entryPoints: [...modules.keys()].map((path) => relative(import.meta.dirname, path)),
  out: 'html',
  readme: 'none',
  plugin: [importNames],
  excludeExternals: true,
  excludePrivate: true,
  excludeInternal: true,
  gitRevision: 'main',
  disableSources: true,
  // `pnpm typecheck` does that, with the TypeScript of the repository.
  skipErrorChecking: true,
  // Comments link to what a package keeps to itself as well: that helps in an editor.
  validation: { invalidLink: false, rewrittenLink: false, notExported: false },
  treatWarningsAsErrors: true,
};
