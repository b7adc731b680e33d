import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type ReceiptPayload, readAnswerReceipt, readReceipt, signReceipt } from './receipt.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const other = generateKeyPairSync('ed25519');
const DID = 'did:key:z6MkSeller';
const keys = new Map([
  [DID, publicKey],
  ['did:key:z6MkOther', createPublicKey(other.privateKey)],
]);
const keyOf = (did: string) => {
  const key = keys.get(did);
  if (!key) throw new Error('no such key');
  return key;
};

const receipt: ReceiptPayload = {
  version: 1,
  network: 'eip155:31337',
  resourceUrl: 'https://agents.example/agents/guide/',
  payer: `0x${'aa'.repeat(20)}`,
  issuedAt: 1_700_000_000,
  transaction: `0x${'bb'.repeat(32)}`,
  payee: `0x${'cc'.repeat(20)}`,
  asset: `0x${'dd'.repeat(20)}`,
  amount: '20000000000000000',
  nonce: `0x${'ee'.repeat(32)}`,
  agent: 'guide',
  input: `sha256:${'1'.repeat(64)}`,
  output: `sha256:${'2'.repeat(64)}`,
};
const jws = signReceipt(receipt, { did: DID, privateKey });
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const [head, , signature] = jws.split('.') as [string, string, string];

describe('a receipt', () => {
  it('says what was signed, and by whom', () => {
    expect(readReceipt(jws, keyOf)).toEqual({ receipt, did: DID });
  });

  it.each(Object.keys(receipt))('with another %s is refused', (field) => {
    const value = receipt[field];
    const altered = {
      ...receipt,
      [field]: typeof value === 'number' ? value + 1 : `${String(value).slice(0, -1)}3`,
    };
    expect(() => readReceipt(`${head}.${encode(altered)}.${signature}`, keyOf)).toThrow(
      expect.objectContaining({ code: 'E_PAYMENT_RECEIPT' }),
    );
  });

  it('that one key signed in the name of another is refused', () => {
    const forged = signReceipt(receipt, { did: DID, privateKey: other.privateKey });
    expect(() => readReceipt(forged, keyOf)).toThrow(/altered, or signed with another key/);
    const renamed = `${encode({ alg: 'EdDSA', kid: 'did:key:z6MkOther#x', typ: 'JWS' })}.${jws.split('.')[1]}.${signature}`;
    expect(() => readReceipt(renamed, keyOf)).toThrow(/altered, or signed with another key/);
  });

  it.each([
    ['no JWS', 'x'],
    ['no signature', `${head}.${jws.split('.')[1]}.`],
    ['the algorithm none', `${encode({ alg: 'none', kid: `${DID}#x` })}.${jws.split('.')[1]}.`],
    [
      'HMAC with the public key',
      `${encode({ alg: 'HS256', kid: `${DID}#x` })}.${jws.split('.')[1]}.${signature}`,
    ],
    ['an unknown key', signReceipt(receipt, { did: 'did:key:z6MkNone', privateKey })],
    ['an amount that is no integer', signReceipt({ ...receipt, amount: '0.02' }, { did: DID, privateKey })],
    ['too long', signReceipt({ ...receipt, more: 'x'.repeat(9_000) }, { did: DID, privateKey })],
  ])('%s is refused', (_, text) => {
    expect(() => readReceipt(text, keyOf)).toThrow(expect.objectContaining({ code: 'E_PAYMENT_RECEIPT' }));
  });
});

describe('a receipt of an answer of a language model', () => {
  const serving = {
    transcript: `sha256:${'3'.repeat(64)}`,
    base: `sha256:${'4'.repeat(64)}`,
    adapter: null,
    weights: 'int8',
  };
  const free = { version: 1 as const, issuedAt: 1_700_000_000, agent: 'guide', serving };
  const signed = (payload: object) => signReceipt(payload as ReceiptPayload, { did: DID, privateKey });

  it('names the model and the transcript, also in the receipt of its payment', () => {
    expect(readAnswerReceipt(signed(free), keyOf)).toEqual({ receipt: free, did: DID });
    const paid = signed({ ...receipt, serving });
    expect(readAnswerReceipt(paid, keyOf).receipt.serving).toEqual(serving);
    expect(readReceipt(paid, keyOf).receipt).toEqual({ ...receipt, serving });
  });

  it.each<[string, object]>([
    ['no model', { ...receipt }],
    ['a transcript that is not a digest', { ...free, serving: { ...serving, transcript: 'mine' } }],
    ['a field that is not known', { ...free, serving: { ...serving, more: 1 } }],
  ])('with %s is refused', (_, payload) => {
    expect(() => readAnswerReceipt(signed(payload), keyOf)).toThrow(
      expect.objectContaining({ code: 'E_PAYMENT_RECEIPT' }),
    );
  });

  it('is no receipt of a payment if nothing was paid', () => {
    expect(() => readReceipt(signed(free), keyOf)).toThrow(
      expect.objectContaining({ code: 'E_PAYMENT_RECEIPT' }),
    );
  });
});
