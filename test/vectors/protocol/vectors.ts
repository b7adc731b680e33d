import {
  AVAILABLE_TYPES,
  bitmapOf,
  commitmentsOf,
  noveltyHash,
  ruleId,
  sealOf,
  VERDICT_TYPES,
  voteDomain,
} from '@chorus/chain';
import {
  AVAILABLE_PROTOCOL,
  type Address,
  cidFromDigest,
  encodeMessage,
  encodePayload,
  encodeTerms,
  FILE_KEY_PROTOCOL,
  type Hex,
  MAX_GOSSIP_BYTES,
  MAX_MESSAGE_BYTES,
  type Message,
  type Payload,
  SUMMARY_PROTOCOL,
  sha256Hex,
  type Terms,
  toHex,
  topicOf,
  type VectorCommitment,
  VOTE_PROTOCOL,
} from '@chorus/protocol';
import { cidOfBytes } from '@chorus/storage';
import { TypedDataEncoder, Wallet } from 'ethers';
import { G1_GENERATOR, mulG1 } from '../../twins/bn254.ts';

/** How a value stands in JSON: integers of any size and bytes are tagged. */
export type Json =
  | string
  | number
  | boolean
  | null
  | { bigint: string }
  | { hex: Hex }
  | Json[]
  | { [key: string]: Json };

export function toJson(value: unknown): Json {
  if (typeof value === 'bigint') return { bigint: `${value}` };
  if (value instanceof Uint8Array) return { hex: toHex(value) };
  if (ArrayBuffer.isView(value)) return [...(value as Int16Array)];
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, toJson(entry)]));
  }
  return value as string | number | boolean | null;
}

/** Which decoder a message is for. */
export type Kind =
  | 'gossip'
  | 'verdict-request'
  | 'verdict-response'
  | 'available-request'
  | 'available-response'
  | 'summary-request'
  | 'summary-response'
  | 'file-key-request'
  | 'file-key-response';

const contract: Address = '0x5fbdb2315678afecb367f032d93f642f64180aa3';
const peerId = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN';
const validator: Address = '0x70997970c51812dc3a010c7d01b50e0d17dc79c8';
const signature = `0x${'1b'.repeat(65)}`;
const multiaddrs = [`/ip4/203.0.113.7/tcp/4011/p2p/${peerId}`];

export const TERMS: Terms = {
  version: 1,
  name: 'Digits é "quoted"',
  model: cidFromDigest(`0x${'ab'.repeat(32)}`, 5_000),
  modelBytes: 5_000,
  dimension: 650,
  data: { kind: 'classification', inputShape: [1, 8, 8], classes: 10 },
  loss: { kind: 'softmax-cross-entropy' },
  optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 0 },
  localEpochs: 2,
  referenceEpochs: 20,
  batchSize: 32,
  learningRate: 0.05,
  scale: 2 ** -14,
  rule: 'reference-trust',
};

/** Every message, at its simplest and at its limits. */
export const MESSAGES: { name: string; kind: Kind; value: Message }[] = [
  {
    name: 'an announcement',
    kind: 'gossip',
    value: {
      type: 'announcement',
      chainId: 31337,
      contract,
      taskId: 1n,
      terms: encodeTerms(TERMS),
      peerId,
      multiaddrs,
    },
  },
  {
    name: 'presence, the task with the largest id, no address',
    kind: 'gossip',
    value: { type: 'presence', taskId: 2n ** 64n - 1n, round: 4096, stage: 'providing', peerId, multiaddrs: [] },
  },
  ...(['joined', 'training', 'committed', 'aggregating'] as const).map((stage, round) => ({
    name: `presence: ${stage}`,
    kind: 'gossip' as const,
    value: { type: 'presence' as const, taskId: 2n ** 53n, round, stage, peerId, multiaddrs },
  })),
  {
    name: 'a request for a verdict: all payloads are available',
    kind: 'verdict-request',
    value: { taskId: 0n, round: 1, unavailable: [], rejected: [], novelty: { x: 0n, y: 0n } },
  },
  {
    name: 'a request for a verdict: two trainers and a validator are left out',
    kind: 'verdict-request',
    value: { taskId: 300n, round: 70000, unavailable: [0, 15], rejected: [2], novelty: { x: 1n, y: 2n } },
  },
  {
    name: 'a verdict with losses',
    kind: 'verdict-response',
    value: { validator, lossBefore: 2_302_585n, lossAfter: 2n ** 63n - 1n, signature },
  },
  { name: 'a verdict refused', kind: 'verdict-response', value: { refused: 'not in the settle phase of this round' } },
  {
    name: 'a request to look again',
    kind: 'available-request',
    value: { taskId: 24n, round: 3, trainer: 7 },
  },
  { name: 'a payload was found after all', kind: 'available-response', value: { validator, signature } },
  { name: 'a look refused', kind: 'available-response', value: { refused: 'there is no open case' } },
  { name: 'a request for what a round has left', kind: 'summary-request', value: { taskId: 24n, round: 4096 } },
  {
    name: 'what a round has left: its aggregate, and a matrix of two rows with the largest entries',
    kind: 'summary-response',
    value: {
      aggregate: new Uint8Array(32).fill(0xa5),
      gram: [
        [2n ** 62n - 1n, -(2n ** 62n) + 1n],
        [-(2n ** 62n) + 1n, 3n],
      ],
    },
  },
  {
    name: 'nothing went into the round, and the matrix is not here',
    kind: 'summary-response',
    value: { aggregate: null, gram: null },
  },
  {
    name: 'a round not followed',
    kind: 'summary-response',
    value: { refused: 'this node has not followed the round to its end' },
  },
  {
    name: 'a request for the key of a sealed payload',
    kind: 'file-key-request',
    value: { taskId: 24n, digest: new Uint8Array(32).fill(0x5a) },
  },
  { name: 'a key', kind: 'file-key-response', value: { key: new Uint8Array(16).fill(1) } },
  { name: 'a key refused', kind: 'file-key-response', value: { refused: 'this node has not opened the payload' } },
];

/** Bytes that every decoder of that kind refuses (`E_MESSAGE_MALFORMED`). */
const REFUSED: { name: string; kind: Kind; hex: string }[] = [
  { name: 'nothing', kind: 'gossip', hex: '' },
  { name: 'an empty map', kind: 'gossip', hex: 'a0' },
  { name: 'a map of indefinite length', kind: 'available-request', hex: 'bf667461736b496418186a726f756e64036774726169' },
  {
    name: 'a matrix of no possible size',
    kind: 'summary-response',
    hex: 'a2646772616d41006961676772656761' + '7465f6',
  },
  // {"round": 3, "taskId": 24, "trainer": 7} with "round" twice
  {
    name: 'a key twice',
    kind: 'available-request',
    hex: 'a465726f756e640365726f756e6403667461736b49641818677472' + '61696e657207',
  },
  // 24 written in three bytes
  {
    name: 'an integer longer than needed',
    kind: 'available-request',
    hex: 'a365726f756e6403667461736b4964190018677472' + '61696e657207',
  },
  {
    name: 'a key too many',
    kind: 'available-request',
    hex: 'a46178f465726f756e6403667461736b49641818677472' + '61696e657207',
  },
  {
    name: 'a trainer out of range',
    kind: 'available-request',
    hex: 'a365726f756e6403667461736b49641818677472' + '61696e65721840',
  },
  {
    name: 'a round that is no integer',
    kind: 'available-request',
    hex: 'a365726f756e64f94300667461736b49641818677472' + '61696e657207',
  },
  {
    name: 'bytes after the message',
    kind: 'available-request',
    hex: 'a365726f756e6403667461736b49641818677472' + '61696e65720700',
  },
  {
    name: 'a tag',
    kind: 'available-request',
    hex: 'c1a365726f756e6403667461736b49641818677472' + '61696e657207',
  },
];

/** Every kind of payload. */
export const PAYLOADS: { name: string; value: Payload }[] = [
  {
    name: 'an update with the extreme entries',
    value: {
      kind: 'update',
      taskId: 1n,
      round: 1,
      author: validator,
      dimension: 5,
      vector: Int16Array.of(0, 1, -1, 32767, -32767),
    },
  },
  {
    name: 'a reference of a large task id',
    value: {
      kind: 'reference',
      taskId: 2n ** 64n - 1n,
      round: 4096,
      author: '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266',
      dimension: 3,
      vector: Int16Array.of(256, -256, 12345),
    },
  },
];

/** The file's bytes: byte i is i^2 mod 251. */
export const fileBytes = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => (i * i) % 251);

/** What validators sign, with a key that everybody knows. */
async function signatureVectors(): Promise<Json> {
  const wallet = new Wallet(`0x${'42'.repeat(32)}`);
  const domain = voteDomain(31337, contract);
  const [digest, salt] = [`0x${'ab'.repeat(32)}`, `0x${'cd'.repeat(32)}`] as [Hex, Hex];
  const [first, third, opened] = [1n, 3n, 5n].map((k) => ({ commitment: mulG1(G1_GENERATOR, k), digest })) as [
    VectorCommitment,
    VectorCommitment,
    VectorCommitment,
  ];
  const commitments = commitmentsOf({
    updates: [first, null, third],
    references: [{ validator, index: 2, seal: salt, opened }],
  });
  const verdict = {
    taskId: 300n,
    round: 7,
    commitments,
    unavailable: bitmapOf([0, 15]),
    rejected: bitmapOf([2]),
    novelty: noveltyHash(G1_GENERATOR),
    lossBefore: 2_302_585n,
    lossAfter: 1_151_292n,
  };
  const available = { taskId: 300n, round: 7, commitments, trainer: 15 };
  const signed = async (types: typeof VERDICT_TYPES, value: Record<string, unknown>) => ({
    value: toJson(value),
    digest: TypedDataEncoder.hash(domain, types, value),
    signature: await wallet.signTypedData(domain, types, value),
  });
  const commitment = { x: 1n, y: 2n };
  return {
    key: wallet.privateKey,
    signer: wallet.address,
    domain: toJson(domain),
    commitments: {
      updates: toJson({ 0: first.commitment, 2: third.commitment }),
      references: toJson({ 2: opened.commitment }),
      hash: commitments,
    },
    verdict: await signed(VERDICT_TYPES, verdict),
    available: await signed(AVAILABLE_TYPES, available),
    seal: {
      value: toJson({ taskId: 300n, round: 7, validator, commitment, digest, salt }),
      seal: sealOf(300n, 7, validator, { commitment, digest }, salt),
    },
    rule: { name: TERMS.rule, id: ruleId(TERMS.rule) },
  };
}

/** All vectors, by file. */
export async function protocolVectors(): Promise<Record<string, Json>> {
  const files = [0, 1, 100, 1048576, 1048577, 2500000];
  const terms = encodeTerms(TERMS);
  return {
    'names.json': {
      topics: {
        tasks: topicOf('tasks', 31337, '0x5FbDB2315678afecb367f032d93F642f64180aa3'),
        presence: topicOf('presence', 31337, '0x5FbDB2315678afecb367f032d93F642f64180aa3'),
      },
      protocols: {
        verdict: VOTE_PROTOCOL,
        available: AVAILABLE_PROTOCOL,
        summary: SUMMARY_PROTOCOL,
        fileKey: FILE_KEY_PROTOCOL,
      },
      limits: { gossipBytes: MAX_GOSSIP_BYTES, messageBytes: MAX_MESSAGE_BYTES },
    },
    'messages.json': {
      accepted: MESSAGES.map(({ name, kind, value }) => ({
        name,
        kind,
        value: toJson(value),
        bytes: toHex(encodeMessage(value)),
      })),
      refused: REFUSED.map(({ name, kind, hex }) => ({ name, kind, bytes: `0x${hex}` })),
    },
    'payloads.json': PAYLOADS.map(({ name, value }) => {
      const bytes = encodePayload(value);
      return { name, value: toJson(value), bytes: toHex(bytes), sha256: sha256Hex(bytes) };
    }),
    'terms.json': { value: toJson(TERMS), canonical: new TextDecoder().decode(terms), digest: sha256Hex(terms) },
    'signatures.json': await signatureVectors(),
    'files.json': await Promise.all(files.map(async (size) => ({ size, cid: await cidOfBytes(fileBytes(size)) }))),
  };
}
