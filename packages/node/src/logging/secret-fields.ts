/** Fields that never reach a log, wherever they occur in what is logged. Texts: see `withoutSecrets`. */
export const SECRET_FIELDS = [
  'password',
  'passphrase',
  'privateKey',
  'mnemonic',
  'secret',
  'authorization',
  'adminToken',
].flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);
