import { identityRegistry, reputationRegistry, validationRegistry } from '@chorus/contracts';
import { type Contract, Interface, type JsonRpcSigner, type Wallet, ZeroAddress, ZeroHash } from 'ethers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { as, type Evm, events, expectRefusal, read, refusal, send, startEvm } from './evm.ts';

/** The draft of ERC-8004, 2026-08-15 (ERC8004SPEC.md of erc-8004/erc-8004-contracts), written out by hand. */
const DRAFT = {
  identity: [
    'function register() returns (uint256 agentId)',
    'function register(string agentURI) returns (uint256 agentId)',
    'function register(string agentURI, (string metadataKey, bytes metadataValue)[] metadata) returns (uint256 agentId)',
    'function setAgentURI(uint256 agentId, string newURI)',
    'function getMetadata(uint256 agentId, string metadataKey) view returns (bytes)',
    'function setMetadata(uint256 agentId, string metadataKey, bytes metadataValue)',
    'function setAgentWallet(uint256 agentId, address newWallet, uint256 deadline, bytes signature)',
    'function getAgentWallet(uint256 agentId) view returns (address)',
    'function unsetAgentWallet(uint256 agentId)',
    'event Registered(uint256 indexed agentId, string agentURI, address indexed owner)',
    'event URIUpdated(uint256 indexed agentId, string newURI, address indexed updatedBy)',
    'event MetadataSet(uint256 indexed agentId, string indexed indexedMetadataKey, string metadataKey, bytes metadataValue)',
    'function ownerOf(uint256 tokenId) view returns (address)',
    'function tokenURI(uint256 tokenId) view returns (string)',
  ],
  reputation: [
    'function getIdentityRegistry() view returns (address)',
    'function giveFeedback(uint256 agentId, int128 value, uint8 valueDecimals, string tag1, string tag2, string endpoint, string feedbackURI, bytes32 feedbackHash)',
    'function revokeFeedback(uint256 agentId, uint64 feedbackIndex)',
    'function appendResponse(uint256 agentId, address clientAddress, uint64 feedbackIndex, string responseURI, bytes32 responseHash)',
    'function getSummary(uint256 agentId, address[] clientAddresses, string tag1, string tag2) view returns (uint64 count, int128 summaryValue, uint8 summaryValueDecimals)',
    'function readFeedback(uint256 agentId, address clientAddress, uint64 feedbackIndex) view returns (int128 value, uint8 valueDecimals, string tag1, string tag2, bool isRevoked)',
    'function readAllFeedback(uint256 agentId, address[] clientAddresses, string tag1, string tag2, bool includeRevoked) view returns (address[] clients, uint64[] feedbackIndexes, int128[] values, uint8[] valueDecimals, string[] tag1s, string[] tag2s, bool[] revokedStatuses)',
    'function getResponseCount(uint256 agentId, address clientAddress, uint64 feedbackIndex, address[] responders) view returns (uint64 count)',
    'function getClients(uint256 agentId) view returns (address[])',
    'function getLastIndex(uint256 agentId, address clientAddress) view returns (uint64)',
    'event NewFeedback(uint256 indexed agentId, address indexed clientAddress, uint64 feedbackIndex, int128 value, uint8 valueDecimals, string indexed indexedTag1, string tag1, string tag2, string endpoint, string feedbackURI, bytes32 feedbackHash)',
    'event FeedbackRevoked(uint256 indexed agentId, address indexed clientAddress, uint64 indexed feedbackIndex)',
    'event ResponseAppended(uint256 indexed agentId, address indexed clientAddress, uint64 feedbackIndex, address indexed responder, string responseURI, bytes32 responseHash)',
  ],
  validation: [
    'function getIdentityRegistry() view returns (address)',
    'function validationRequest(address validatorAddress, uint256 agentId, string requestURI, bytes32 requestHash)',
    'function validationResponse(bytes32 requestHash, uint8 response, string responseURI, bytes32 responseHash, string tag)',
    'function getValidationStatus(bytes32 requestHash) view returns (address validatorAddress, uint256 agentId, uint8 response, bytes32 responseHash, string tag, uint256 lastUpdate)',
    'function getSummary(uint256 agentId, address[] validatorAddresses, string tag) view returns (uint64 count, uint8 averageResponse)',
    'function getAgentValidations(uint256 agentId) view returns (bytes32[] requestHashes)',
    'function getValidatorRequests(address validatorAddress) view returns (bytes32[] requestHashes)',
    'event ValidationRequest(address indexed validatorAddress, uint256 indexed agentId, string requestURI, bytes32 indexed requestHash)',
    'event ValidationResponse(address indexed validatorAddress, uint256 indexed agentId, bytes32 indexed requestHash, uint8 response, string responseURI, bytes32 responseHash, string tag)',
  ],
};

/** A wallet that accepts the signatures of one key (ERC-1271), and receives identities. */
const SMART_WALLET = `// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
contract SmartWallet {
    address public immutable key;
    constructor(address key_) { key = key_; }
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        return ECDSA.recover(hash, signature) == key ? this.isValidSignature.selector : bytes4(0);
    }
}`;

/** Registers, and registers once more while it is handed the first identity. */
const REENTRANT_OWNER = `// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;
interface Registry { function register() external returns (uint256); }
contract ReentrantOwner {
    uint256[] public ids;
    bool private again;
    function go(Registry registry) external { ids.push(registry.register()); }
    function onERC721Received(address, address, uint256, bytes calldata) external returns (bytes4) {
        if (!again) { again = true; ids.push(Registry(msg.sender).register()); }
        return this.onERC721Received.selector;
    }
}`;

const text = (value: string): string => `0x${Buffer.from(value).toString('hex')}`;
const HASH = (n: number): string => `0x${n.toString(16).padStart(64, '0')}`;

describe('the ERC-8004 registries', () => {
  let evm: Evm;
  let identities: Contract;
  let reputations: Contract;
  let validations: Contract;
  /** Owns identity 0; operates it; a client; another; a validator. */
  let [owner, operator, client, other, validator]: JsonRpcSigner[] = [];
  let walletKey: Wallet;

  beforeAll(async () => {
    evm = await startEvm(6);
    [owner, operator, client, other, validator] = evm.signers;
    walletKey = evm.wallets[5]!;
    identities = await evm.deploy(identityRegistry);
    reputations = await evm.deploy(reputationRegistry, identities.target);
    validations = await evm.deploy(validationRegistry, identities.target);
    await send(identities, 'register(string)', 'ipfs://ada');
    await evm.save();
  });
  beforeEach(() => evm.restore());
  afterAll(() => evm?.close());

  it('the ERC-8004 registries have every function and event of the draft, to the name and type', () => {
    for (const [artifact, draft] of [
      [identityRegistry, DRAFT.identity],
      [reputationRegistry, DRAFT.reputation],
      [validationRegistry, DRAFT.validation],
    ] as const) {
      const ours = new Interface([...artifact.abi] as never).fragments.map((f) => f.format('full'));
      const expected = new Interface(draft).fragments.map((f) => f.format('full'));
      // Names of unnamed results of ERC-721 and of the draft are free.
      const plain = (f: string): string => f.replace(/ returns .*/, '');
      for (const fragment of expected) expect(ours.map(plain)).toContain(plain(fragment));
    }
    const tuples = (artifact: { abi: readonly object[] }, name: string): string[] =>
      new Interface([...artifact.abi] as never).getFunction(name)!.outputs.map((o) => `${o.type} ${o.name}`);
    for (const [artifact, draft, name] of [
      [reputationRegistry, DRAFT.reputation, 'readAllFeedback'],
      [reputationRegistry, DRAFT.reputation, 'readFeedback'],
      [reputationRegistry, DRAFT.reputation, 'getSummary'],
      [validationRegistry, DRAFT.validation, 'getValidationStatus'],
      [validationRegistry, DRAFT.validation, 'getSummary'],
    ] as const) {
      const expected = new Interface(draft).getFunction(name)!.outputs.map((o) => `${o.type} ${o.name}`);
      expect(tuples(artifact, name), name).toEqual(expected);
    }
  });

  describe('identity', () => {
    const DOMAIN = (contract: Contract, chainId = 31337) => ({
      name: 'ERC8004IdentityRegistry',
      version: '1',
      chainId,
      verifyingContract: String(contract.target),
    });
    const TYPES = {
      AgentWalletSet: [
        { name: 'agentId', type: 'uint256' },
        { name: 'newWallet', type: 'address' },
        { name: 'owner', type: 'address' },
        { name: 'deadline', type: 'uint256' },
      ],
    };
    const consent = async (changes: Record<string, unknown> = {}, domain = DOMAIN(identities)) => {
      const deadline = (await evm.now()) + 200;
      const message = {
        agentId: 0,
        newWallet: walletKey.address,
        owner: owner!.address,
        deadline,
        ...changes,
      };
      return { deadline, signature: await walletKey.signTypedData(domain, TYPES, message) };
    };
    const wallet = (agentId = 0): Promise<string> => read(identities, 'getAgentWallet', agentId);

    it('identities count from 0, and belong to the account that registered them', async () => {
      expect(await read(identities, 'ownerOf', 0)).toBe(owner!.address);
      const receipt = await send(as(identities, client!), 'register()');
      expect([...events(receipt, identities, 'Registered')[0]]).toEqual([1n, '', client!.address]);
      expect(await read(identities, 'tokenURI', 0)).toBe('ipfs://ada');
      expect(await read(identities, 'tokenURI', 1)).toBe('');
      expect(await wallet(1)).toBe(client!.address);
      expect(await read(identities, 'getMetadata', 1, 'agentWallet')).toBe(client!.address.toLowerCase());
      expect([await read(identities, 'name'), await read(identities, 'symbol')]).toEqual([
        'AgentIdentity',
        'AGENT',
      ]);
    });

    it('an identity takes metadata at registration and after, but not under the wallet’s key', async () => {
      const register = 'register(string,(string,bytes)[])';
      const entries = [
        ['peer', text('12D3')],
        ['role', text('trainer')],
      ];
      const receipt = await send(as(identities, client!), register, 'ipfs://c', entries);
      expect(await read(identities, 'getMetadata', 1, 'role')).toBe(text('trainer'));
      const keys = events(receipt, identities, 'MetadataSet').map((e) => e.metadataKey);
      expect(keys).toEqual(['agentWallet', 'peer', 'role']);
      const forged = [['agentWallet', other!.address]];
      await expectRefusal('ReservedKey', as(identities, client!), register, '', forged);
      await expectRefusal('ReservedKey', identities, 'setMetadata', 0, 'agentWallet', other!.address);
      await send(identities, 'setMetadata', 0, 'role', text('x'));
      await send(identities, 'setMetadata', 0, 'role', '0x');
      expect(await read(identities, 'getMetadata', 0, 'role')).toBe('0x');
    });

    it('only its owner and approved accounts can change an identity', async () => {
      const changes: [string, unknown[]][] = [
        ['setAgentURI', [0, 'ipfs://x']],
        ['setMetadata', [0, 'k', '0x01']],
        ['unsetAgentWallet', [0]],
      ];
      for (const [name, args] of changes) {
        await expectRefusal('NotAuthorized', as(identities, operator!), name, ...args);
        await expectRefusal('ERC721NonexistentToken', identities, name, 7, ...args.slice(1));
      }
      const { deadline, signature } = await consent();
      const set = [0, walletKey.address, deadline, signature];
      await expectRefusal('NotAuthorized', as(identities, operator!), 'setAgentWallet', ...set);
      expect(await read(identities, 'isAuthorizedOrOwner', operator!.address, 0)).toBe(false);
      await send(identities, 'approve', operator!.address, 0);
      expect(await read(identities, 'isAuthorizedOrOwner', operator!.address, 0)).toBe(true);
      for (const [name, args] of changes) await send(as(identities, operator!), name, ...args);
      await send(identities, 'approve', ZeroAddress, 0);
      await send(identities, 'setApprovalForAll', operator!.address, true);
      const receipt = await send(as(identities, operator!), 'setAgentURI', 0, 'ipfs://y');
      expect([...events(receipt, identities, 'URIUpdated')[0]]).toEqual([0n, 'ipfs://y', operator!.address]);
      await send(as(identities, operator!), 'setAgentWallet', ...set);
      expect(await wallet()).toBe(walletKey.address);
      await expectRefusal('ERC721NonexistentToken', identities, 'isAuthorizedOrOwner', owner!.address, 7);
      await expectRefusal('ERC721NonexistentToken', identities, 'getAgentWallet', 7);
    });

    it('an identity takes a wallet with its signature, and clears it', async () => {
      const { deadline, signature } = await consent();
      const receipt = await send(identities, 'setAgentWallet', 0, walletKey.address, deadline, signature);
      expect(events(receipt, identities, 'MetadataSet')[0].metadataValue).toBe(
        walletKey.address.toLowerCase(),
      );
      expect(await wallet()).toBe(walletKey.address);
      await send(identities, 'unsetAgentWallet', 0);
      expect(await wallet()).toBe(ZeroAddress);
      expect(await read(identities, 'getMetadata', 0, 'agentWallet')).toBe('0x');
    });

    it('an identity refuses a wallet without its consent to exactly this', async () => {
      const set = async (
        args: { deadline: number; signature: string },
        newWallet = walletKey.address,
        agentId = 0,
      ) => refusal(identities, 'setAgentWallet', agentId, newWallet, args.deadline, args.signature);
      expect(await set(await consent())).toBeNull();
      expect(await set(await consent(), ZeroAddress)).toBe('InvalidWallet');
      expect(await set(await consent(), other!.address)).toBe('InvalidSignature');
      expect(await set(await consent({ agentId: 1 }))).toBe('InvalidSignature');
      expect(await set(await consent({ owner: other!.address }))).toBe('InvalidSignature');
      const now = await evm.now();
      expect(await set(await consent({ deadline: now + 250 }))).toBe('InvalidSignature');
      const expired = await consent({ deadline: now - 1 });
      expect(await set({ ...expired, deadline: now - 1 })).toBe('SignatureExpired');
      const far = await consent({ deadline: now + 400 });
      expect(await set({ ...far, deadline: now + 400 })).toBe('DeadlineTooFar');
      expect(await set({ ...(await consent()), signature: '0x' })).toBe('InvalidSignature');
    });

    it('an identity refuses a consent given to another registry or on another chain', async () => {
      const twin = await evm.deploy(identityRegistry);
      for (const domain of [DOMAIN(twin), DOMAIN(identities, 1)]) {
        const { deadline, signature } = await consent({}, domain);
        await expectRefusal(
          'InvalidSignature',
          identities,
          'setAgentWallet',
          0,
          walletKey.address,
          deadline,
          signature,
        );
      }
    });

    it('an identity refuses the other form of a signature, with s above half the order', async () => {
      const { deadline, signature } = await consent();
      const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
      const s = order - BigInt(`0x${signature.slice(66, 130)}`);
      const v = signature.slice(130) === '1b' ? '1c' : '1b';
      const flipped = `${signature.slice(0, 66)}${s.toString(16).padStart(64, '0')}${v}`;
      await expectRefusal(
        'InvalidSignature',
        identities,
        'setAgentWallet',
        0,
        walletKey.address,
        deadline,
        flipped,
      );
    });

    it('an identity takes a contract as wallet with its ERC-1271 signature', async () => {
      const smart = await evm.deploySource('SmartWallet', SMART_WALLET, walletKey.address);
      const good = await consent({ newWallet: smart.target });
      await send(identities, 'setAgentWallet', 0, smart.target, good.deadline, good.signature);
      expect(await wallet()).toBe(smart.target);
      const bad = await consent({ newWallet: smart.target, agentId: 9 });
      await expectRefusal(
        'InvalidSignature',
        identities,
        'setAgentWallet',
        0,
        smart.target,
        bad.deadline,
        bad.signature,
      );
    });

    it('an identity loses its wallet when it changes hands, so that the last owner’s consent is void too', async () => {
      const { deadline, signature } = await consent();
      await send(identities, 'transferFrom', owner!.address, other!.address, 0);
      expect(await wallet()).toBe(ZeroAddress);
      const replay = [0, walletKey.address, deadline, signature];
      await expectRefusal('InvalidSignature', as(identities, other!), 'setAgentWallet', ...replay);
    });

    it('a contract that registers while it receives gets two identities, and no more than that', async () => {
      const reentrant = await evm.deploySource('ReentrantOwner', REENTRANT_OWNER);
      await send(reentrant, 'go', identities.target);
      expect([await read(identities, 'ownerOf', 1), await read(identities, 'ownerOf', 2)]).toEqual([
        reentrant.target,
        reentrant.target,
      ]);
      expect(await read(identities, 'balanceOf', reentrant.target)).toBe(2n);
    });
  });

  describe('reputation', () => {
    const give = (from: JsonRpcSigner, value: bigint, decimals = 0, tag1 = 'a', tag2 = 'b', agentId = 0) =>
      send(
        as(reputations, from),
        'giveFeedback',
        agentId,
        value,
        decimals,
        tag1,
        tag2,
        'https://e',
        'ipfs://f',
        HASH(7),
      );

    it('the reputation registry keeps feedback under a 1-based index for each client', async () => {
      expect(await read(reputations, 'getIdentityRegistry')).toBe(identities.target);
      const receipt = await give(client!, -5n, 1);
      expect(events(receipt, reputations, 'NewFeedback')[0].toArray().slice(0, 5)).toEqual([
        0n,
        client!.address,
        1n,
        -5n,
        1n,
      ]);
      await give(client!, 7n);
      await give(other!, 1n);
      expect(await read(reputations, 'getLastIndex', 0, client!.address)).toBe(2n);
      expect(await read(reputations, 'getLastIndex', 0, owner!.address)).toBe(0n);
      expect([...(await read(reputations, 'getClients', 0))]).toEqual([client!.address, other!.address]);
      expect([...(await read(reputations, 'readFeedback', 0, client!.address, 1))]).toEqual([
        -5n,
        1n,
        'a',
        'b',
        false,
      ]);
      await expectRefusal('NoSuchFeedback', reputations, 'readFeedback', 0, client!.address, 0);
      await expectRefusal('NoSuchFeedback', reputations, 'readFeedback', 0, client!.address, 3);
    });

    it('feedback from the owner or operators of the identity, or on identities that do not exist, is refused', async () => {
      const args = [0, 1n, 0, '', '', '', '', ZeroHash];
      await expectRefusal('SelfFeedback', reputations, 'giveFeedback', ...args);
      await send(identities, 'approve', operator!.address, 0);
      await expectRefusal('SelfFeedback', as(reputations, operator!), 'giveFeedback', ...args);
      await send(identities, 'setApprovalForAll', client!.address, true);
      await expectRefusal('SelfFeedback', as(reputations, client!), 'giveFeedback', ...args);
      await expectRefusal('ERC721NonexistentToken', reputations, 'giveFeedback', 3, ...args.slice(1));
    });

    it('the reputation registry bounds values and decimals', async () => {
      const limit = 10n ** 38n;
      for (const [value, decimals] of [
        [limit + 1n, 0],
        [-limit - 1n, 0],
        [1n, 19],
      ] as const) {
        const args = [0, value, decimals, '', '', '', '', ZeroHash];
        await expectRefusal('ValueOutOfBounds', as(reputations, client!), 'giveFeedback', ...args);
      }
      await give(client!, limit, 18);
      await give(client!, -limit, 0);
    });

    it('the reputation summary covers the named clients, by tag, without revoked feedback', async () => {
      await give(client!, 90n, 0, 'x', 'y');
      await give(client!, 955n, 1, 'x', 'z');
      await give(client!, 10n, 0, 'w', 'y');
      await give(other!, 100n, 0, 'x', 'y');
      const summary = async (clients: JsonRpcSigner[], tag1 = '', tag2 = '') => [
        ...(await read(
          reputations,
          'getSummary',
          0,
          clients.map((c) => c.address),
          tag1,
          tag2,
        )),
      ];
      // (90 + 95.5 + 10 + 100) / 4 in the decimals of most.
      expect(await summary([client!, other!])).toEqual([4n, 73n, 0n]);
      expect(await summary([client!], 'x')).toEqual([2n, 92n, 0n]);
      expect(await summary([client!], 'x', 'z')).toEqual([1n, 955n, 1n]);
      expect(await summary([client!], 'nothing')).toEqual([0n, 0n, 0n]);
      await send(as(reputations, client!), 'revokeFeedback', 0, 3);
      expect(await summary([client!, other!])).toEqual([3n, 95n, 0n]);
      await expectRefusal('NoClients', reputations, 'getSummary', 0, [], '', '');
    });

    it('a summary that fits no int128 is refused, not cut', async () => {
      await give(client!, 10n ** 38n, 0);
      await give(client!, 1n, 18);
      await give(client!, 1n, 18);
      const args = [0, [client!.address], '', ''];
      await expectRefusal('SafeCastOverflowedIntDowncast', reputations, 'getSummary', ...args);
    });

    it('the reputation registry lists feedback of all or some clients, with or without revoked feedback', async () => {
      await give(client!, 1n, 0, 'x', 'y');
      await give(client!, 2n, 2, 'x', 'z');
      await give(other!, 3n, 0, 'x', 'y');
      await send(as(reputations, client!), 'revokeFeedback', 0, 1);
      const all = async (...args: unknown[]) =>
        (await read(reputations, 'readAllFeedback', 0, ...args)).toArray().map((list: string[]) => [...list]);
      expect(await all([], '', '', true)).toEqual([
        [client!.address, client!.address, other!.address],
        [1n, 2n, 1n],
        [1n, 2n, 3n],
        [0n, 2n, 0n],
        ['x', 'x', 'x'],
        ['y', 'z', 'y'],
        [true, false, false],
      ]);
      expect((await all([], '', '', false))[2]).toEqual([2n, 3n]);
      expect((await all([other!.address], '', '', false))[2]).toEqual([3n]);
      expect((await all([], 'x', 'z', false))[2]).toEqual([2n]);
      expect((await all([], 'none', '', true))[2]).toEqual([]);
    });

    it('feedback is revoked once, by its author', async () => {
      await give(client!, 1n);
      await expectRefusal('NoSuchFeedback', as(reputations, other!), 'revokeFeedback', 0, 1);
      await expectRefusal('NoSuchFeedback', as(reputations, client!), 'revokeFeedback', 0, 0);
      await expectRefusal('NoSuchFeedback', as(reputations, client!), 'revokeFeedback', 0, 2);
      const receipt = await send(as(reputations, client!), 'revokeFeedback', 0, 1);
      expect([...events(receipt, reputations, 'FeedbackRevoked')[0]]).toEqual([0n, client!.address, 1n]);
      await expectRefusal('AlreadyRevoked', as(reputations, client!), 'revokeFeedback', 0, 1);
    });

    it('anyone responds to feedback, and responses are counted by who gave them', async () => {
      await give(client!, 1n);
      await give(client!, 2n);
      await give(other!, 3n);
      const respond = (from: JsonRpcSigner, to: JsonRpcSigner, index: number) =>
        send(as(reputations, from), 'appendResponse', 0, to.address, index, 'ipfs://r', HASH(1));
      const receipt = await respond(owner!, client!, 1);
      expect([...events(receipt, reputations, 'ResponseAppended')[0]]).toEqual([
        0n,
        client!.address,
        1n,
        owner!.address,
        'ipfs://r',
        HASH(1),
      ]);
      await respond(owner!, client!, 1);
      await respond(validator!, client!, 2);
      await respond(validator!, other!, 1);
      const count = (of: string, index: number, from: JsonRpcSigner[] = []) =>
        read(
          reputations,
          'getResponseCount',
          0,
          of,
          index,
          from.map((s) => s.address),
        );
      expect(await count(ZeroAddress, 0)).toBe(4n);
      expect(await count(ZeroAddress, 9, [validator!])).toBe(2n);
      expect(await count(client!.address, 0)).toBe(3n);
      expect(await count(client!.address, 1)).toBe(2n);
      expect(await count(client!.address, 1, [validator!])).toBe(0n);
      expect(await count(client!.address, 0, [owner!, validator!])).toBe(3n);
      await expectRefusal('EmptyURI', reputations, 'appendResponse', 0, client!.address, 1, '', ZeroHash);
      await expectRefusal(
        'NoSuchFeedback',
        reputations,
        'appendResponse',
        0,
        client!.address,
        3,
        'x',
        ZeroHash,
      );
    });
  });

  describe('validation', () => {
    const request = (hash = HASH(1), from = owner!, agentId = 0) =>
      send(as(validations, from), 'validationRequest', validator!.address, agentId, 'ipfs://q', hash);
    const respond = (hash: string, response: number, tag = 'round') =>
      send(as(validations, validator!), 'validationResponse', hash, response, 'ipfs://a', HASH(9), tag);

    it('a validation is asked for by an identity and answered by the validator, as often as it likes', async () => {
      expect(await read(validations, 'getIdentityRegistry')).toBe(identities.target);
      const asked = await request();
      expect([...events(asked, validations, 'ValidationRequest')[0]]).toEqual([
        validator!.address,
        0n,
        'ipfs://q',
        HASH(1),
      ]);
      const before = await read(validations, 'getValidationStatus', HASH(1));
      expect([...before].slice(0, 5)).toEqual([validator!.address, 0n, 0n, ZeroHash, '']);
      await respond(HASH(1), 40, 'soft');
      const receipt = await respond(HASH(1), 100, 'hard');
      expect([...events(receipt, validations, 'ValidationResponse')[0]]).toEqual([
        validator!.address,
        0n,
        HASH(1),
        100n,
        'ipfs://a',
        HASH(9),
        'hard',
      ]);
      expect([...(await read(validations, 'getValidationStatus', HASH(1)))]).toEqual([
        validator!.address,
        0n,
        100n,
        HASH(9),
        'hard',
        BigInt(await evm.now()),
      ]);
    });

    it('the validation registry refuses strangers, unknown requests, responses over 100 and no validator', async () => {
      await expectRefusal(
        'NotAuthorized',
        as(validations, client!),
        'validationRequest',
        validator!.address,
        0,
        '',
        HASH(1),
      );
      await expectRefusal(
        'ERC721NonexistentToken',
        validations,
        'validationRequest',
        validator!.address,
        4,
        '',
        HASH(1),
      );
      await expectRefusal('InvalidValidator', validations, 'validationRequest', ZeroAddress, 0, '', HASH(1));
      await request();
      const answer = [HASH(1), 1, '', ZeroHash, ''];
      await expectRefusal('NotValidator', validations, 'validationResponse', ...answer);
      await expectRefusal(
        'UnknownRequest',
        as(validations, validator!),
        'validationResponse',
        HASH(2),
        1,
        '',
        ZeroHash,
        '',
      );
      await expectRefusal(
        'ResponseOutOfBounds',
        as(validations, validator!),
        'validationResponse',
        HASH(1),
        101,
        '',
        ZeroHash,
        '',
      );
      await expectRefusal('UnknownRequest', validations, 'getValidationStatus', HASH(2));
    });

    it('a request cannot be replaced, by its identity or another', async () => {
      await request();
      await send(as(identities, client!), 'register()');
      await expectRefusal('RequestExists', validations, 'validationRequest', other!.address, 0, '', HASH(1));
      await expectRefusal(
        'RequestExists',
        as(validations, client!),
        'validationRequest',
        validator!.address,
        1,
        '',
        HASH(1),
      );
      expect((await read(validations, 'getValidationStatus', HASH(1))).agentId).toBe(0n);
    });

    it('the validation summary by validator and tag counts only answered requests', async () => {
      for (const n of [1, 2, 3]) await request(HASH(n));
      await send(validations, 'validationRequest', other!.address, 0, '', HASH(4));
      await respond(HASH(1), 100);
      await respond(HASH(2), 51);
      await send(as(validations, other!), 'validationResponse', HASH(4), 0, '', ZeroHash, 'other');
      const summary = async (of: JsonRpcSigner[], tag = '') => [
        ...(await read(
          validations,
          'getSummary',
          0,
          of.map((s) => s.address),
          tag,
        )),
      ];
      expect(await summary([])).toEqual([3n, 50n]);
      expect(await summary([validator!])).toEqual([2n, 75n]);
      expect(await summary([validator!, other!], 'other')).toEqual([1n, 0n]);
      expect(await summary([client!])).toEqual([0n, 0n]);
      expect([...(await read(validations, 'getAgentValidations', 0))]).toEqual([1, 2, 3, 4].map(HASH));
      expect([...(await read(validations, 'getValidatorRequests', other!.address))]).toEqual([HASH(4)]);
    });
  });
});
