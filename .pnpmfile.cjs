const { readFileSync } = require('node:fs');
const { dirname, join } = require('node:path');

/**
 * Installs into existing modules from the store that they came from. By itself pnpm takes the store of the current user:
 * with another HOME, as of sudo, cron and service accounts, it would first delete all modules, below a node that runs.
 */
function updateConfig(config) {
  let modules = '';
  try {
    modules = readFileSync(join(__dirname, 'node_modules/.modules.yaml'), 'utf8');
  } catch {
    // A fresh checkout: the store of who installs it.
  }
  const [, store] = /"storeDir": *("[^"]+")/.exec(modules) ?? [];
  // pnpm adds the version of the layout, the last folder, itself.
  if (store) config.storeDir = dirname(JSON.parse(store));
  return config;
}

module.exports = { hooks: { updateConfig } };
