import { chorusToken } from '@chorus/contracts';
import {
  type Contract,
  type JsonRpcSigner,
  MaxUint256,
  randomBytes,
  Signature,
  type TypedDataField,
  toBeHex,
  type Wallet,
} from 'ethers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { as, type Evm, events, expectRefusal, read, refusal, send, startEvm } from './evm.ts';

const SUPPLY = 10n ** 27n;
const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

const fields = (text: string): TypedDataField[] =>
  text.split(',').map((field) => {
    const [type, name] = field.split(' ');
    return { type: type!, name: name! };
  });
const AUTHORIZATION = fields(
  'address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce',
);
const TYPES = {
  TransferWithAuthorization: AUTHORIZATION,
  ReceiveWithAuthorization: AUTHORIZATION,
  CancelAuthorization: fields('address authorizer,bytes32 nonce'),
  Permit: fields('address owner,address spender,uint256 value,uint256 nonce,uint256 deadline'),
  Delegation: fields('address delegatee,uint256 nonce,uint256 expiry'),
};

describe('the token', () => {
  let evm: Evm;
  let token: Contract;
  let [holder, payee, relay]: JsonRpcSigner[] = [];
  let key: Wallet;

  beforeAll(async () => {
    evm = await startEvm(4);
    [holder, payee, relay] = evm.signers;
    key = evm.wallets[0]!;
    token = await evm.deploy(chorusToken, holder!.address, SUPPLY);
    await evm.save();
  });
  beforeEach(() => evm.restore());
  afterAll(() => evm?.close());

  const domain = (contract = token, chainId = 31337) => ({
    name: 'Chorus',
    version: '1',
    chainId,
    verifyingContract: String(contract.target),
  });
  const sign = async (
    type: keyof typeof TYPES,
    message: Record<string, unknown>,
    over = domain(),
    signer = key,
  ): Promise<[number, string, string]> => {
    const { v, r, s } = Signature.from(await signer.signTypedData(over, { [type]: TYPES[type] }, message));
    return [v, r, s];
  };
  const balance = (account: JsonRpcSigner): Promise<bigint> => read(token, 'balanceOf', account.address);

  it('the token is minted once, to its holder, with 18 decimals', async () => {
    expect(await read(token, 'totalSupply')).toBe(SUPPLY);
    expect(await balance(holder!)).toBe(SUPPLY);
    expect([await read(token, 'name'), await read(token, 'symbol'), await read(token, 'decimals')]).toEqual([
      'Chorus',
      'CHOR',
      18n,
    ]);
    const functions = token.interface.fragments.flatMap((f) => (f.type === 'function' ? [f.format()] : []));
    expect(functions.filter((f) => /mint|owner|pause/i.test(f))).toEqual([]);
    const [, name, version, chainId, contract] = await read(token, 'eip712Domain');
    expect([name, version, chainId, contract]).toEqual(['Chorus', '1', 31337n, token.target]);
  });

  it('the token cannot have a supply whose votes overflow', async () => {
    await expect(evm.deploy(chorusToken, holder!.address, 2n ** 208n)).rejects.toThrow();
  });

  describe('transfers by authorization (EIP-3009)', () => {
    const authorization = async (changes: Record<string, unknown> = {}) => ({
      from: holder!.address,
      to: payee!.address,
      value: 70n,
      validAfter: 0,
      validBefore: (await evm.now()) + 600,
      nonce: toBeHex(BigInt(`0x${Buffer.from(randomBytes(32)).toString('hex')}`), 32),
      ...changes,
    });
    type Authorization = Awaited<ReturnType<typeof authorization>>;
    const args = (a: Authorization, signature: unknown[]): unknown[] => [
      a.from,
      a.to,
      a.value,
      a.validAfter,
      a.validBefore,
      a.nonce,
      ...signature,
    ];
    const TRANSFER = 'transferWithAuthorization';

    it('transfers by authorization (EIP-3009) can be sent by any account, once each, in any order', async () => {
      const [one, two] = [await authorization(), await authorization({ value: 30n })];
      const signatures = [
        await sign('TransferWithAuthorization', one),
        await sign('TransferWithAuthorization', two),
      ];
      const receipt = await send(as(token, relay!), TRANSFER, ...args(two, signatures[1]!));
      expect([...events(receipt, token, 'AuthorizationUsed')[0]]).toEqual([holder!.address, two.nonce]);
      await send(as(token, relay!), TRANSFER, ...args(one, signatures[0]!));
      expect(await balance(payee!)).toBe(100n);
      expect(await read(token, 'authorizationState', holder!.address, one.nonce)).toBe(true);
      await expectRefusal('ERC3009UsedAuthorization', token, TRANSFER, ...args(one, signatures[0]!));
    });

    it('transfers by authorization (EIP-3009) hold between their times', async () => {
      const now = await evm.now();
      for (const times of [{ validAfter: now + 100 }, { validBefore: now }]) {
        const a = await authorization(times);
        const signature = await sign('TransferWithAuthorization', a);
        await expectRefusal('ERC3009InvalidAuthorizationTime', token, TRANSFER, ...args(a, signature));
      }
    });

    it('transfers by authorization to a receiver that must send them itself are refused from others', async () => {
      const a = await authorization();
      const signature = await sign('ReceiveWithAuthorization', a);
      await expectRefusal(
        'ERC20InvalidReceiver',
        as(token, relay!),
        'receiveWithAuthorization',
        ...args(a, signature),
      );
      await expectRefusal('ERC3009InvalidSignature', as(token, payee!), TRANSFER, ...args(a, signature));
      await send(as(token, payee!), 'receiveWithAuthorization', ...args(a, signature));
      expect(await balance(payee!)).toBe(70n);
    });

    it('transfers by authorization (EIP-3009) are cancelled by their signer before they are used', async () => {
      const a = await authorization();
      const cancel = { authorizer: holder!.address, nonce: a.nonce };
      const forged = await sign('CancelAuthorization', cancel, domain(), evm.wallets[1]);
      await expectRefusal(
        'ERC3009InvalidSignature',
        token,
        'cancelAuthorization',
        holder!.address,
        a.nonce,
        ...forged,
      );
      const signature = await sign('CancelAuthorization', cancel);
      const receipt = await send(
        as(token, relay!),
        'cancelAuthorization',
        holder!.address,
        a.nonce,
        ...signature,
      );
      expect([...events(receipt, token, 'AuthorizationCanceled')[0]]).toEqual([holder!.address, a.nonce]);
      const transfer = await sign('TransferWithAuthorization', a);
      await expectRefusal('ERC3009UsedAuthorization', token, TRANSFER, ...args(a, transfer));
      await expectRefusal(
        'ERC3009UsedAuthorization',
        token,
        'cancelAuthorization',
        holder!.address,
        a.nonce,
        ...signature,
      );
    });

    it('transfers by authorization (EIP-3009) are void for another amount, receiver, nonce, token, chain or signer', async () => {
      const a = await authorization();
      const good = await sign('TransferWithAuthorization', a);
      const twin = await evm.deploy(chorusToken, holder!.address, SUPPLY);
      const forgeries: [Authorization, unknown[]][] = [
        [{ ...a, value: 71n }, good],
        [{ ...a, to: relay!.address }, good],
        [{ ...a, nonce: toBeHex(1n, 32) }, good],
        [{ ...a, validBefore: a.validBefore + 1 }, good],
        [a, await sign('TransferWithAuthorization', a, domain(twin))],
        [a, await sign('TransferWithAuthorization', a, domain(token, 1))],
        [a, await sign('TransferWithAuthorization', a, domain(), evm.wallets[1])],
      ];
      for (const [forged, signature] of forgeries) {
        await expectRefusal('ERC3009InvalidSignature', token, TRANSFER, ...args(forged, signature));
      }
      await expectRefusal('ERC3009InvalidSignature', twin, TRANSFER, ...args(a, good));
      expect(await refusal(token, TRANSFER, ...args(a, good))).toBeNull();
    });

    it('transfers by authorization (EIP-3009) are void in the other form of their signature', async () => {
      const a = await authorization();
      const [v, r, s] = await sign('TransferWithAuthorization', a);
      const flipped = [v === 27 ? 28 : 27, r, toBeHex(CURVE_ORDER - BigInt(s), 32)];
      await expectRefusal('ECDSAInvalidSignatureS', token, TRANSFER, ...args(a, flipped));
    });
  });

  it('permits (EIP-2612) hold once, until their deadline, for this token and chain', async () => {
    const deadline = (await evm.now()) + 100;
    const message = { owner: holder!.address, spender: relay!.address, value: 55n, nonce: 0, deadline };
    const call = [holder!.address, relay!.address, 55n, deadline];
    for (const wrong of [domain(token, 56), { ...domain(), version: '2' }]) {
      await expectRefusal(
        'ERC2612InvalidSigner',
        token,
        'permit',
        ...call,
        ...(await sign('Permit', message, wrong)),
      );
    }
    const signature = await sign('Permit', message);
    await send(as(token, relay!), 'permit', ...call, ...signature);
    expect(await read(token, 'allowance', holder!.address, relay!.address)).toBe(55n);
    await expectRefusal('ERC2612InvalidSigner', token, 'permit', ...call, ...signature);
    await evm.passTime(101);
    await expectRefusal('ERC2612ExpiredSignature', token, 'permit', ...call, ...signature);
  });

  it('votes count once delegated, from the next second on, and move with the tokens', async () => {
    expect(await read(token, 'CLOCK_MODE')).toBe('mode=timestamp');
    expect(await read(token, 'clock')).toBe(BigInt(await evm.now()));
    expect(await read(token, 'getVotes', holder!.address)).toBe(0n);
    await send(token, 'delegate', holder!.address);
    expect(await read(token, 'getVotes', holder!.address)).toBe(SUPPLY);
    const before = await evm.now();
    await evm.passTime(10);
    await send(token, 'transfer', payee!.address, 400n);
    expect(await read(token, 'getVotes', holder!.address)).toBe(SUPPLY - 400n);
    expect(await read(token, 'getVotes', payee!.address)).toBe(0n);
    expect(await read(token, 'getPastVotes', holder!.address, before)).toBe(SUPPLY);
    expect(await read(token, 'getPastTotalSupply', before)).toBe(SUPPLY);
    await expectRefusal('ERC5805FutureLookup', token, 'getPastVotes', holder!.address, MaxUint256);
  });

  it('delegation is signed once', async () => {
    const expiry = (await evm.now()) + 100;
    const message = { delegatee: payee!.address, nonce: 0, expiry };
    const signature = await sign('Delegation', message);
    await send(as(token, relay!), 'delegateBySig', payee!.address, 0, expiry, ...signature);
    expect(await read(token, 'getVotes', payee!.address)).toBe(SUPPLY);
    await expectRefusal(
      'InvalidAccountNonce',
      token,
      'delegateBySig',
      payee!.address,
      0,
      expiry,
      ...signature,
    );
    // Permits and delegations count the same nonce, transfers by authorization their own.
    expect(await read(token, 'nonces', holder!.address)).toBe(1n);
  });
});
