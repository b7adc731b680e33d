import { Signature } from 'ethers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileSources } from '../world/chain.ts';
import { Play } from '../world/play.ts';
import { signAvailable, signClaim, signVerdict, type Vote } from '../world/round.ts';
import { startWorld, type World } from '../world/world.ts';

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const OTHER = '0x00000000000000000000000000000000000000aa';

/** The same signature in its other form, s replaced by n - s. */
function malleated(signature: string): string {
  const { r, s, v } = Signature.from(signature);
  const other = (ORDER - BigInt(s)).toString(16).padStart(64, '0');
  return `${r}${other}${v === 27 ? '1c' : '1b'}`;
}

/** An account that signs whatever it is asked, and tries to claim while it is asked. */
const SIGNER = `// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;
contract Signer {
    address private immutable _tasks;
    address private immutable _token;
    constructor(address tasks, address token) { _tasks = tasks; _token = token; }
    function isValidSignature(bytes32, bytes calldata signature) external returns (bytes4) {
        if (signature.length != 0) {
            uint256[] memory none = new uint256[](0);
            (bool ok,) = _tasks.call(abi.encodeWithSignature("claim(address,uint256[])", _token, none));
            require(ok, "claim refused");
        }
        return 0x1626ba7e;
    }
}`;

describe('signatures', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(8);
  });
  afterAll(() => world?.close());

  const verdict = async (play: Play, changes: object = {}) => ({
    taskId: play.id,
    round: 1,
    commitments: await play.commitments(1),
    unavailable: 0,
    rejected: 0,
    lossBefore: 20,
    lossAfter: 10,
    ...changes,
  });
  const refusedWith = async (play: Play, votes: Vote[]): Promise<string | null> => {
    const sent = await play.settlement({ votes });
    return world.tasks.refusal(await play.candidate(), 'settle', play.id, await play.number(), sent);
  };

  it('a verdict is worth nothing in another round, task, chain or contract', async () => {
    const play = await Play.start(world, { params: { rounds: 2 } });
    await play.toSettle();
    const wallet = play.wallet(play.validators[0]!);
    const sign = async (message: object, domain: object = {}): Promise<Vote> =>
      signVerdict(world, wallet, await verdict(play, message), domain);
    expect(await refusedWith(play, [await sign({ round: 2 })])).toBe('InvalidVotes');
    expect(await refusedWith(play, [await sign({ taskId: play.id + 1n })])).toBe('InvalidVotes');
    expect(await refusedWith(play, [await sign({}, { chainId: 1 })])).toBe('InvalidVotes');
    expect(await refusedWith(play, [await sign({}, { verifyingContract: OTHER })])).toBe('InvalidVotes');
    expect(await refusedWith(play, [await sign({}, { version: '2' })])).toBe('InvalidVotes');
    const good = await sign({});
    expect(await refusedWith(play, [good])).toBeNull();
    await play.settle(undefined, { votes: [good] });
    // And what settled round 1 does not settle round 2.
    await play.toSettle();
    expect(await refusedWith(play, [good])).toBe('InvalidVotes');
  });

  it('a verdict says nothing else than what was signed, and counts for no other signer', async () => {
    const play = await Play.start(world, { validators: [1, 5] });
    await play.toSettle();
    const [first, second] = play.validators as [string, string];
    const vote = await signVerdict(world, play.wallet(first), await verdict(play));
    const other = await signVerdict(world, play.wallet(second), await verdict(play));
    expect(await refusedWith(play, [vote, { ...other, lossAfter: 9 }])).toBe('InvalidVotes');
    expect(await refusedWith(play, [vote, { ...vote, validator: other.validator }])).toBe('InvalidVotes');
    expect(await refusedWith(play, [vote, vote])).toBe('InvalidVotes');
    expect(await refusedWith(play, [vote])).toBe('NotEnoughVotes');
    expect(await refusedWith(play, [vote, other])).toBeNull();
  });

  it('a signature in its second form or cut short is refused, and cannot count as a second vote', async () => {
    const play = await Play.start(world, { validators: [1, 5] });
    await play.toSettle();
    const [first, second] = play.validators as [string, string];
    const vote = await signVerdict(world, play.wallet(first), await verdict(play));
    const other = await signVerdict(world, play.wallet(second), await verdict(play));
    const changed = (signature: string): Vote => ({ ...other, signature });
    expect(await refusedWith(play, [vote, changed(malleated(other.signature))])).toBe('InvalidVotes');
    expect(await refusedWith(play, [vote, changed(Signature.from(other.signature).compactSerialized)])).toBe(
      'InvalidVotes',
    );
    expect(await refusedWith(play, [vote, changed('0x')])).toBe('InvalidVotes');
    expect(await refusedWith(play, [vote, { ...vote, signature: malleated(vote.signature) }])).toBe(
      'InvalidVotes',
    );
  });

  it('a word that a payload is available is worth nothing in another case, chain or contract', async () => {
    const play = await Play.start(world, { trainers: [2, 3], params: { rounds: 2 } });
    await play.toSettle();
    await play.settle(undefined, { unavailable: 3 });
    const wallet = play.wallet(play.validators[0]!);
    const message = { taskId: play.id, round: 1, commitments: await play.commitments(1), trainer: 0 };
    const contest = async (vote: Promise<object>): Promise<string | null> =>
      world.tasks.refusal(play.owner, 'contest', play.id, 1, 0, [await vote]);
    expect(await contest(signAvailable(world, wallet, { ...message, trainer: 1 }))).toBe('InvalidVotes');
    expect(await contest(signAvailable(world, wallet, { ...message, round: 2 }))).toBe('InvalidVotes');
    expect(await contest(signAvailable(world, wallet, { ...message, taskId: 1n + play.id }))).toBe(
      'InvalidVotes',
    );
    expect(await contest(signAvailable(world, wallet, message, { chainId: 1 }))).toBe('InvalidVotes');
    expect(await contest(signAvailable(world, wallet, message, { verifyingContract: OTHER }))).toBe(
      'InvalidVotes',
    );
    // A verdict is no word of availability either, though it is signed by the same validator.
    const { validator, signature } = await signVerdict(world, wallet, await verdict(play));
    expect(await contest(Promise.resolve({ validator, signature }))).toBe('InvalidVotes');
    expect(await contest(signAvailable(world, wallet, message))).toBeNull();
  });

  it('a signed claim pays once, to whom it names, on this chain and contract, and in time', async () => {
    const play = await Play.start(world, { params: { rounds: 1 } });
    await play.playRound();
    const account = play.trainers[0]!;
    const owed = await play.claimable(account);
    expect(owed).toBeGreaterThan(0n);
    const deadline = (await world.chain.now()) + 1000;
    const message = { account, token: play.token.address, taskIds: [play.id], to: OTHER, nonce: 0, deadline };
    const wallet = play.wallet(account);
    const thief = world.chain.accounts[7]!;
    const claim = (signature: string, to = OTHER, until = deadline): unknown[] => [
      account,
      play.token.address,
      [play.id],
      to,
      until,
      signature,
    ];
    const refusal = (args: unknown[]) => world.tasks.refusal(thief, 'claimBySignature', ...args);
    const good = await signClaim(world, wallet, message);
    const invalid = 'InvalidSignature';
    expect(await refusal(claim(good, thief))).toBe(invalid);
    expect(await refusal(claim(malleated(good)))).toBe(invalid);
    expect(await refusal(claim(good, OTHER, deadline + 1))).toBe(invalid);
    expect(await refusal(claim(await signClaim(world, wallet, { ...message, nonce: 1 })))).toBe(invalid);
    expect(await refusal(claim(await signClaim(world, wallet, message, { chainId: 1 })))).toBe(invalid);
    expect(await refusal(claim(await signClaim(world, wallet, message, { verifyingContract: OTHER })))).toBe(
      invalid,
    );
    expect(await refusal(claim(await signClaim(world, play.wallet(thief), message)))).toBe(invalid);
    const past = (await world.chain.now()) - 1;
    const late = await signClaim(world, wallet, { ...message, deadline: past });
    expect(await refusal(claim(late, OTHER, past))).toBe('SignatureExpired');
    // It pays what it says to whom it says, no matter who sends it.
    await world.tasks.send(thief, 'claimBySignature', ...claim(good));
    expect(await play.balance(OTHER)).toBe(owed);
    expect(await refusal(claim(good))).toBe(invalid);
  });

  it('an account that is a contract and is asked for its signature cannot act while it is asked', async () => {
    const { Signer } = compileSources({ Signer: SIGNER });
    const signer = await world.chain.deployContract(Signer!, [world.tasks.address, world.token.address]);
    const deadline = (await world.chain.now()) + 1000;
    const args = (signature: string) => [signer.address, world.token.address, [], OTHER, deadline, signature];
    // Its signature counts ...
    expect(await world.tasks.refusal(OTHER, 'claimBySignature', ...args('0x'))).toBe('NothingToClaim');
    // ... but the question is asked in a way in which nothing can be changed.
    expect(await world.tasks.refusal(OTHER, 'claimBySignature', ...args('0x01'))).toBe('InvalidSignature');
  });
});
