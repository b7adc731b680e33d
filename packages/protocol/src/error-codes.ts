/** What an error means to the caller. */
export type ErrorCategory =
  /** What was asked for is wrong: ask for something else. */
  | 'usage'
  | 'config'
  /** A password or token is missing or wrong. */
  | 'permission'
  /** A file, data set, model or backup is damaged, or of the wrong kind. */
  | 'data'
  /** Already exists; not overwritten. */
  | 'exists'
  /** Not now: something else is in progress. */
  | 'busy'
  /** Something needed does not answer, or is missing. */
  | 'unavailable'
  /** A file, a disk or standard output cannot be read or written. */
  | 'io'
  /** A limit, a rule or the state of a task forbids it. */
  | 'refused'
  /** Another account was quicker, or the round moved to its next phase: nothing to do. */
  | 'overtaken'
  /** A check, a computation or a step failed. */
  | 'failed'
  /** A fault of Chorus. */
  | 'internal';

export interface ErrorClass {
  readonly category: ErrorCategory;
  /** HTTP status in the admin API; an error without one is a failure of the node (500). */
  readonly status?: number;
  /** Transient: worth another attempt, with backoff. */
  readonly retryable?: true;
  /**
   * The transaction was not sent, or not mined. `unknown`: it may still be mined, so check before sending
   * another.
   */
  readonly unsent?: 'for-certain' | 'unknown';
  /** Who is at fault: the author of the fetched data, or a model. */
  readonly blames?: 'author' | 'model';
}

/**
 * Every code of a {@link ChorusError}, and what it means. No other file of the project lists codes by their
 * meaning.
 */
export const ERROR_CODES = {
  // ---- the command ----
  E_ABORTED: { category: 'failed' },
  E_BACKUP: { category: 'data' },
  E_CANCELLED: { category: 'failed' },
  E_DEMO_AGENTS: { category: 'failed' },
  E_DEMO_NODE_ENDED: { category: 'failed' },
  E_DEMO_ROUNDS: { category: 'failed' },
  E_DEVNET_DOWN: { category: 'unavailable' },
  E_DEVNET_FILE: { category: 'failed' },
  E_DEVNET_FUND: { category: 'failed' },
  E_DEVNET_START: { category: 'failed' },
  E_EXISTS: { category: 'exists' },
  E_NODE_BUSY: { category: 'busy' },
  E_OUTPUT_UNWRITABLE: { category: 'io' },
  E_PROFILE: { category: 'data' },
  E_SERVICE: { category: 'failed' },
  E_SPLIT: { category: 'usage' },
  E_SYSTEM: { category: 'io' },
  E_UNEXPECTED: { category: 'internal' },
  E_USAGE: { category: 'usage' },
  E_WORKER_LOST: { category: 'failed' },
  // ---- configuration, keys and passwords ----
  E_CONFIG: { category: 'config' },
  E_CONFIG_DEPLOYMENT: { category: 'config' },
  E_CONFIG_MISSING: { category: 'config' },
  E_CONFIG_RENAMED: { category: 'config' },
  E_IDENTITY_EXISTS: { category: 'exists' },
  E_IDENTITY_FALSE: { category: 'data' },
  E_IDENTITY_NODE_KEY: { category: 'data' },
  E_IDENTITY_PEER_ID: { category: 'data' },
  E_KEYSTORE: { category: 'data' },
  E_PASSWORD_EXPOSED: { category: 'permission' },
  E_PASSWORD_MISSING: { category: 'permission' },
  E_PASSWORD_WEAK: { category: 'permission' },
  E_PASSWORD_WRONG: { category: 'permission' },
  E_WALLET_MISSING: { category: 'config' },
  E_WALLET_UNENCRYPTED: { category: 'config' },
  // ---- the admin API ----
  E_ADMIN_BAD_REQUEST: { category: 'usage', status: 400 },
  E_ADMIN_BUSY: { category: 'busy', status: 503 },
  E_ADMIN_CONTENT_TYPE: { category: 'refused', status: 415 },
  E_ADMIN_EXPOSED: { category: 'refused' },
  E_ADMIN_FAILED: { category: 'failed' },
  E_ADMIN_FILE: { category: 'failed' },
  E_ADMIN_HOST: { category: 'refused', status: 403 },
  E_ADMIN_LISTEN: { category: 'unavailable' },
  E_ADMIN_METHOD: { category: 'refused', status: 405 },
  E_ADMIN_NOT_READY: { category: 'busy', status: 503 },
  E_ADMIN_NOT_RUNNING: { category: 'unavailable' },
  E_ADMIN_ORIGIN: { category: 'refused', status: 403 },
  E_ADMIN_RATE: { category: 'refused', status: 429 },
  E_ADMIN_RESPONSE: { category: 'failed' },
  E_ADMIN_TIMEOUT: { category: 'failed', status: 504 },
  E_ADMIN_TOO_LARGE: { category: 'refused', status: 413 },
  E_ADMIN_UNAUTHORIZED: { category: 'permission', status: 401 },
  E_ADMIN_UNKNOWN_PATH: { category: 'refused', status: 404 },
  E_ADMIN_UNREACHABLE: { category: 'unavailable' },
  E_GATEWAY_HOST: { category: 'refused', status: 403 },
  E_GATEWAY_LISTEN: { category: 'unavailable' },
  E_GATEWAY_ORIGIN: { category: 'refused', status: 403 },
  E_GATEWAY_RATE: { category: 'refused', status: 429 },
  E_GATEWAY_TOO_LARGE: { category: 'refused', status: 413 },
  E_GATEWAY_UNKNOWN_PATH: { category: 'refused', status: 404 },
  // ---- the chain ----
  E_CHAIN_ALREADY_DONE: { category: 'overtaken' },
  E_CHAIN_CALLDATA: { category: 'failed' },
  E_CHAIN_CASE_OPEN: { category: 'refused' },
  E_CHAIN_DEADLINE_NOT_PASSED: { category: 'overtaken' },
  E_CHAIN_DEADLINE_PASSED: { category: 'overtaken' },
  E_CHAIN_DEPLOY: { category: 'failed' },
  E_CHAIN_DEPLOYMENT_FILE: { category: 'failed' },
  E_CHAIN_DEVELOPMENT_ONLY: { category: 'refused' },
  E_CHAIN_DEVNET: { category: 'failed' },
  E_CHAIN_DEVNET_UNSUPPORTED: { category: 'unavailable' },
  E_CHAIN_FEE_TOO_LOW: { category: 'refused' },
  E_CHAIN_INDEX: { category: 'failed' },
  E_CHAIN_INVALID_PARAMS: { category: 'failed' },
  E_CHAIN_INVALID_POINT: { category: 'failed' },
  E_CHAIN_INVALID_SETTLEMENT: { category: 'failed' },
  E_CHAIN_INVALID_SIGNATURE: { category: 'failed' },
  E_CHAIN_INVALID_VOTES: { category: 'failed' },
  E_CHAIN_LIMITED: { category: 'failed' },
  E_CHAIN_NONCE_TAKEN: { category: 'failed', unsent: 'for-certain' },
  E_CHAIN_NOTHING_TO_CLAIM: { category: 'refused', status: 409 },
  E_CHAIN_NOT_ALLOWED: { category: 'refused' },
  E_CHAIN_NOT_A_MEMBER: { category: 'refused' },
  E_CHAIN_NOT_ENDED: { category: 'refused' },
  E_CHAIN_NOT_MATURE: { category: 'refused' },
  E_CHAIN_NOT_MINED: { category: 'failed', unsent: 'unknown' },
  E_CHAIN_NOT_YOUR_TURN: { category: 'overtaken' },
  E_CHAIN_NO_CASE: { category: 'overtaken' },
  E_CHAIN_NO_MARKET: { category: 'refused' },
  E_CHAIN_NO_TILLS: { category: 'refused' },
  E_CHAIN_NO_GAS: { category: 'refused', unsent: 'for-certain' },
  E_CHAIN_REVERTED: { category: 'failed' },
  E_CHAIN_ROLE_REFUSED: { category: 'refused' },
  E_CHAIN_STAKE_REQUIRED: { category: 'refused' },
  E_CHAIN_STALE: { category: 'failed' },
  E_CHAIN_TASK_FULL: { category: 'refused' },
  E_CHAIN_TOKEN: { category: 'failed', status: 400 },
  E_CHAIN_UNKNOWN_JOB: { category: 'refused', status: 404 },
  E_CHAIN_UNKNOWN_TASK: { category: 'refused', status: 404 },
  E_CHAIN_UNREACHABLE: { category: 'unavailable', status: 502, retryable: true, unsent: 'unknown' },
  E_CHAIN_WRONG_AGGREGATE: { category: 'failed' },
  E_CHAIN_WRONG_ID: { category: 'config' },
  E_CHAIN_WRONG_OPENING: { category: 'failed' },
  E_CHAIN_WRONG_PHASE: { category: 'overtaken' },
  E_GAS_LOW: { category: 'refused' },
  // ---- the network ----
  E_ANNOUNCEMENT_FALSE: { category: 'failed' },
  E_MESSAGE_MALFORMED: { category: 'failed' },
  E_NETWORK: { category: 'failed' },
  E_NETWORK_CLOSED: { category: 'failed' },
  E_NETWORK_DIAL: { category: 'unavailable' },
  E_NETWORK_DUPLICATE: { category: 'failed' },
  E_NETWORK_KEY: { category: 'failed' },
  E_NETWORK_LISTEN: { category: 'unavailable' },
  E_NETWORK_OPTIONS: { category: 'config' },
  E_NETWORK_PEER_ID: { category: 'failed', status: 400 },
  E_NETWORK_REQUEST: { category: 'failed' },
  E_NETWORK_TOO_LARGE: { category: 'failed' },
  E_NO_PEERS: { category: 'failed' },
  // ---- agents: A2A ----
  E_A2A_BUSY: { category: 'busy', status: 429, retryable: true },
  E_A2A_CALL: { category: 'unavailable', status: 502, retryable: true },
  E_A2A_CARD: { category: 'data' },
  E_A2A_CARD_SIGNATURE: { category: 'refused' },
  E_A2A_KEY: { category: 'data' },
  E_A2A_REDIRECT: { category: 'refused' },
  E_A2A_REFUSED: { category: 'refused' },
  E_A2A_RESPONSE: { category: 'failed' },
  E_A2A_STORE: { category: 'io' },
  E_A2A_TASK_FAILED: { category: 'failed' },
  E_A2A_TASK_UNKNOWN: { category: 'refused', status: 404 },
  E_A2A_TIME: { category: 'failed', status: 504 },
  E_A2A_TOO_LARGE: { category: 'refused', status: 413 },
  E_A2A_URL: { category: 'refused', status: 400 },
  // ---- storage: blocks and files that peers exchange ----
  E_CID: { category: 'failed' },
  E_STORAGE_CLOSED: { category: 'failed' },
  E_STORAGE_FULL: { category: 'io' },
  E_STORAGE_KUBO: { category: 'unavailable' },
  E_STORAGE_MALFORMED: { category: 'failed', blames: 'author' },
  E_STORAGE_OPEN: { category: 'failed' },
  E_STORAGE_READ_ONLY: { category: 'failed' },
  E_STORAGE_TOO_LARGE: { category: 'failed', blames: 'author' },
  E_STORAGE_UNAVAILABLE: { category: 'unavailable', retryable: true, blames: 'author' },
  E_STORAGE_WRITE: { category: 'failed' },
  // ---- a node's own files ----
  E_DISK_LOW: { category: 'failed' },
  E_LEFT_TASKS: { category: 'failed' },
  E_SNAPSHOT_STALE: { category: 'failed' },
  E_STORE_CORRUPT: { category: 'failed' },
  E_STORE_FAILED: { category: 'failed' },
  E_STORE_FOREIGN: { category: 'config' },
  E_STORE_FULL: { category: 'io', retryable: true },
  E_STORE_HEALTHY: { category: 'failed' },
  E_STORE_IO: { category: 'io', retryable: true },
  E_STORE_LOCKED: { category: 'busy' },
  E_STORE_READONLY: { category: 'io', retryable: true },
  E_STORE_VERSION: { category: 'failed' },
  // ---- tasks and publications ----
  E_PUBLICATION_OPEN: { category: 'busy' },
  E_PUBLICATION_OTHER: { category: 'exists', status: 409 },
  E_PUBLICATION_UNKNOWN: { category: 'refused', status: 404 },
  E_PUBLICATION_UNSENT: { category: 'refused' },
  E_STAKE_TOO_HIGH: { category: 'refused' },
  E_TASK_BUDGET: { category: 'refused' },
  E_TASK_CANCELLED: { category: 'refused' },
  E_TASK_DATA: { category: 'refused' },
  E_TASK_LEFT: { category: 'refused', status: 409 },
  E_TASK_MODEL: { category: 'refused' },
  E_TASK_NOT_ALLOWED: { category: 'refused' },
  E_TASK_NOT_ENDED: { category: 'refused', status: 409 },
  E_TASK_NOT_OPEN: { category: 'refused', status: 409 },
  E_TASK_NOT_OWNED: { category: 'refused', status: 409 },
  E_TASK_OWNER: { category: 'refused', status: 409 },
  E_TASK_ROLE: { category: 'refused' },
  E_TASK_SCALE: { category: 'refused' },
  E_TASK_STAKE: { category: 'refused' },
  E_TASK_UNKNOWN: { category: 'refused', status: 404 },
  E_TERMS_INVALID: { category: 'usage' },
  // ---- stake ----
  E_STAKE_AMBIGUOUS: { category: 'usage', status: 400 },
  E_STAKE_AMOUNT: { category: 'usage', status: 400 },
  E_STAKE_BALANCE: { category: 'refused', status: 409 },
  E_STAKE_LOCKED: { category: 'busy', status: 409 },
  E_STAKE_NONE: { category: 'refused', status: 404 },
  E_STAKE_NOTHING_TO_WITHDRAW: { category: 'refused', status: 409 },
  E_STAKE_NOT_MATURE: { category: 'busy', status: 409 },
  E_STAKE_NO_IDENTITY: { category: 'refused', status: 404 },
  E_STAKE_TOO_LITTLE: { category: 'refused', status: 409 },
  // ---- a contributor's limits ----
  E_LIMIT_DIMENSION: { category: 'refused' },
  E_LIMIT_DISK: { category: 'refused' },
  E_LIMIT_DISK_FULL: { category: 'refused' },
  E_LIMIT_DURATION: { category: 'refused' },
  E_LIMIT_EPSILON: { category: 'refused' },
  E_LIMIT_GAS: { category: 'refused' },
  E_LIMIT_HOURS: { category: 'refused' },
  E_LIMIT_HOURS_STAKE: { category: 'refused' },
  E_LIMIT_LICENCE: { category: 'refused' },
  E_LIMIT_LOSS: { category: 'refused' },
  E_LIMIT_MEMORY: { category: 'refused', status: 409 },
  E_LIMIT_MEMORY_PRESSURE: { category: 'refused' },
  E_LIMIT_MODEL_BYTES: { category: 'refused' },
  E_LIMIT_NOISE: { category: 'refused' },
  E_LIMIT_OWNER: { category: 'refused' },
  E_LIMIT_PHASES: { category: 'refused' },
  E_LIMIT_REWARD: { category: 'refused' },
  E_LIMIT_SLASH: { category: 'refused' },
  E_LIMIT_SLASH_OWNER: { category: 'refused' },
  E_LIMIT_SLASH_REPORTER: { category: 'refused' },
  E_LIMIT_STAKE_DAY: { category: 'refused' },
  E_LIMIT_STAKE_TASK: { category: 'refused' },
  E_LIMIT_STAKE_TOKEN: { category: 'refused' },
  E_LIMIT_STAKE_TOTAL: { category: 'refused' },
  E_LIMIT_TASKS: { category: 'refused' },
  E_LIMIT_TOKEN: { category: 'refused' },
  E_LIMIT_VALIDATORS: { category: 'refused' },
  E_PRIVACY: { category: 'refused' },
  // ---- rounds: payloads, references, votes, proofs ----
  E_AGGREGATE_INPUT: { category: 'failed' },
  E_CIRCUIT: { category: 'failed' },
  E_COMMIT_INPUT: { category: 'failed' },
  E_GRAM_INPUT: { category: 'failed' },
  E_GRAM_INVALID: { category: 'failed' },
  E_NOVELTY_INPUT: { category: 'failed' },
  E_NO_REFERENCE: { category: 'refused' },
  E_PACKING: { category: 'failed' },
  E_PAYLOAD_CHANGED: { category: 'failed' },
  E_PAYLOAD_MALFORMED: { category: 'failed', blames: 'author' },
  E_PAYLOAD_MISMATCH: { category: 'failed', blames: 'author' },
  E_PAYLOAD_NOT_FOR_THIS_NODE: { category: 'refused' },
  E_POINT_INVALID: { category: 'failed' },
  E_PROOF_CHALLENGE: { category: 'failed' },
  E_PROOF_FILE: { category: 'data' },
  E_PROOF_INPUT: { category: 'failed' },
  E_PROOF_REJECTED: { category: 'failed' },
  E_PROVING_KEY: { category: 'failed' },
  E_PTAU_INVALID: { category: 'failed' },
  E_REFERENCE_TOO_LONG: { category: 'failed', blames: 'author' },
  E_ROUND_NOT_SETTLED: { category: 'refused', status: 404 },
  E_ROUND_PROOF: { category: 'data' },
  E_RULE_UNKNOWN: { category: 'failed' },
  E_SRS_INSECURE: { category: 'refused' },
  E_SRS_SIZE: { category: 'failed' },
  E_STATEMENT_INVALID: { category: 'failed' },
  E_SUMMARY_UNAVAILABLE: { category: 'failed' },
  E_SUMMARY_WRONG: { category: 'failed', blames: 'author' },
  E_TRAINER_UNKNOWN: { category: 'refused' },
  E_JOB_FILE: { category: 'refused', status: 404 },
  E_JOB_TERMS: { category: 'refused', status: 400 },
  E_JOB_VOTE: { category: 'refused' },
  E_UNITS_UNKNOWN: { category: 'refused', status: 404 },
  E_VOTES_MISSING: { category: 'refused' },
  E_WITNESS_GENERATOR: { category: 'failed' },
  // ---- agents and the models they ask ----
  E_AGENT_BEACON: { category: 'data' },
  E_AGENT_BUDGET: { category: 'refused', status: 422 },
  E_AGENT_BUSY: { category: 'busy', status: 503, retryable: true },
  E_AGENT_CHANGING: { category: 'busy', status: 409, retryable: true },
  E_AGENT_CLOSED: { category: 'failed', status: 503 },
  E_AGENT_CONTEXT: { category: 'refused', status: 413 },
  E_AGENT_EXISTS: { category: 'refused', status: 409 },
  E_AGENT_FILE: { category: 'config', status: 422 },
  E_AGENT_HIRE: { category: 'failed', status: 502 },
  E_AGENT_IDENTITY: { category: 'refused' },
  E_AGENT_INPUT: { category: 'data', status: 422 },
  E_AGENT_LIMIT: { category: 'refused', status: 409 },
  E_AGENT_NAME: { category: 'data', status: 422 },
  E_AGENT_NOT_SERVED: { category: 'unavailable', status: 503, retryable: true },
  E_AGENT_PRICE: { category: 'config', status: 422 },
  E_AGENT_REGISTRATION: { category: 'data' },
  E_AGENT_SECRET: { category: 'config', status: 422 },
  E_AGENT_TIME: { category: 'failed', status: 504 },
  E_AGENT_TRANSCRIPT: { category: 'data', status: 404 },
  E_AGENT_UNREGISTERED: { category: 'refused', status: 409 },
  E_AGENT_UNKNOWN: { category: 'refused', status: 404 },
  E_DOCUMENT: { category: 'data', status: 422 },
  E_DOCUMENT_EMBED: { category: 'config', status: 502 },
  E_DOCUMENT_FILES: { category: 'config', status: 422 },
  E_DOCUMENT_INDEX: { category: 'io' },
  E_ENGINE_FAILED: { category: 'failed', status: 502 },
  E_ENGINE_MODEL: { category: 'config', status: 502 },
  E_ENGINE_RATE: { category: 'unavailable', status: 503, retryable: true },
  E_ENGINE_RESPONSE: { category: 'failed', status: 502 },
  E_ENGINE_UNAUTHORIZED: { category: 'permission', status: 502 },
  E_ENGINE_UNAVAILABLE: { category: 'unavailable', status: 502, retryable: true },
  E_MEMORY_FULL: { category: 'refused', status: 409 },
  E_MEMORY_STORE: { category: 'io' },
  E_TOOL_DRIFT: { category: 'refused', status: 409 },
  E_TOOL_NAME: { category: 'config', status: 422 },
  E_TOOL_RESPONSE: { category: 'failed', status: 502 },
  E_TOOL_TIME: { category: 'failed', status: 504 },
  E_TOOL_UNAVAILABLE: { category: 'unavailable', status: 502, retryable: true },
  // ---- payments of calls ----
  E_PAYMENT_APPROVAL: { category: 'refused', status: 409 },
  E_PAYMENT_CAP: { category: 'refused', status: 409 },
  E_PAYMENT_OPEN: { category: 'failed', status: 409 },
  E_PAYMENT_DONE: { category: 'refused', status: 409 },
  E_PAYMENT_FUNDS: { category: 'refused', status: 409 },
  E_PAYMENT_LATER: { category: 'busy', status: 503, retryable: true },
  E_PAYMENT_OFFER: { category: 'refused', status: 422 },
  E_PAYMENT_RECEIPT: { category: 'data' },
  E_PAYMENT_REFUSED: { category: 'refused', status: 402 },
  E_PAYMENT_REQUIRED: { category: 'refused', status: 402 },
  E_PAYMENT_UNKNOWN: { category: 'refused', status: 404 },
  // ---- data ----
  E_DATASET_UNKNOWN: { category: 'data' },
  E_DATA_DISK: { category: 'io' },
  E_DATA_EMPTY: { category: 'data' },
  E_DATA_EXISTS: { category: 'data' },
  E_DATA_FORMAT: { category: 'data' },
  E_DATA_LABEL: { category: 'data' },
  E_DATA_LOG: { category: 'data' },
  E_DATA_MISSING: { category: 'data' },
  E_DATA_NAME: { category: 'data' },
  E_DATA_REGISTRY: { category: 'data' },
  E_DATA_SHAPE: { category: 'data' },
  E_DATA_TOO_LARGE: { category: 'data' },
  E_DATA_UNKNOWN: { category: 'data' },
  E_DATA_UNREADABLE: { category: 'data' },
  E_DATA_VALUE: { category: 'data' },
  E_DOWNLOAD_DIGEST: { category: 'failed' },
  E_DOWNLOAD_INTERRUPTED: { category: 'failed' },
  E_DOWNLOAD_STATUS: { category: 'failed' },
  // ---- models and training ----
  E_CHECKPOINT_CORRUPT: { category: 'data' },
  E_CHECKPOINT_EXISTS: { category: 'exists' },
  E_CHECKPOINT_MISMATCH: { category: 'data' },
  E_DEVICE: { category: 'failed' },
  E_MODEL_AGGREGATES: { category: 'data' },
  E_MODEL_CORRUPT: { category: 'data', status: 422, blames: 'model' },
  E_MODEL_CRASHED: { category: 'data', status: 422, blames: 'model' },
  E_MODEL_DIMENSION: { category: 'data' },
  E_MODEL_DIVERGED: { category: 'data' },
  E_MODEL_FORBIDDEN: { category: 'data', status: 422, blames: 'model' },
  E_MODEL_LORA: { category: 'data' },
  E_MODEL_MEMORY: { category: 'data', status: 422, blames: 'model' },
  E_MODEL_PRIVACY: { category: 'data' },
  E_MODEL_RANGE: { category: 'data' },
  E_MODEL_SHAPE: { category: 'data', status: 422 },
  E_MODEL_TIME: { category: 'data', status: 422, blames: 'model' },
  E_MODEL_UNBOUNDED: { category: 'data', status: 422, blames: 'model' },
  E_MODEL_UNKNOWN: { category: 'data', status: 422 },
  E_MODEL_UNREADABLE: { category: 'data', status: 422 },
  E_MODEL_UNSUPPORTED: { category: 'data', status: 422, blames: 'model' },
  E_MODEL_VALUE: { category: 'data', status: 422, blames: 'model' },
  E_TRAINER_CLOSED: { category: 'failed' },
  E_TRAINING_DIVERGED: { category: 'failed' },
  E_TRAINING_FAILED: { category: 'failed' },
} as const satisfies Record<string, ErrorClass>;

/** A code of this registry, or `E_TEST_...` in tests. */
export type ErrorCode = keyof typeof ERROR_CODES | `E_TEST_${string}`;

/**
 * What a code means. A code that this version does not list, from another process or an old file, counts as
 * `failed`.
 */
export function errorClass(code: string): ErrorClass {
  const known: Readonly<Record<string, ErrorClass>> = ERROR_CODES;
  return Object.hasOwn(known, code) ? known[code]! : { category: 'failed' };
}

/**
 * A code from another process or a file, unchanged; {@link errorClass} also takes one that is not listed
 * here.
 */
export function readErrorCode(code: string): ErrorCode {
  return code as ErrorCode;
}
