// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IContributionVerifier} from "./IContributionVerifier.sol";
import {IParameters} from "./IParameters.sol";
import {IStakeManager} from "./IStakeManager.sol";
import {G1Point} from "../libraries/Bn254.sol";

/// @title Tasks, their rounds and the money behind them
/// @notice A requester escrows a budget and appoints validators; registered identities join and have stake locked;
/// each round moves through commit, reference and settle, and ends with one settlement that credits rewards, or
/// void. A phase ends with the last action it waits for, or by `advance` once its deadline has passed.
/// A member that lets the others wait is slashed, by what the task fixed at its creation.
/// All amounts are in the smallest unit of the task's token, all times in unix seconds.
interface ITaskManager {
    enum TaskStatus {
        None,
        Joining,
        Running,
        Ended
    }

    enum Offence {
        TrainerAbsent,
        ValidatorAbsent,
        AggregatorAbsent,
        Unavailable,
        FalseVerdict,
        RejectedReference
    }

    enum Phase {
        None,
        Commit,
        Reference,
        Settle,
        Settled,
        Void
    }

    /// @notice What the requester fixes when it creates a task.
    struct TaskParams {
        IERC20 token;
        /// Escrowed at creation: what the task can pay, fees included. 1 to 2^127 - 1, with all that is added later.
        uint256 budget;
        /// 1 to 4096.
        uint256 rounds;
        /// 1 <= minTrainers <= maxTrainers <= 16.
        uint256 minTrainers;
        uint256 maxTrainers;
        /// Aggregation candidates needed before the task can start, 1 to 16.
        uint256 minAggregators;
        /// Locked of each member's identity in the stake contract until the task has ended. Below 2^96.
        uint256 stake;
        /// Opened references a round needs, 1 to the number of validators.
        uint256 minValidators;
        /// Hundredths of a percent of each round's budget; both together at most 5000.
        uint256 aggregatorFeeBps;
        uint256 validatorFeeBps;
        /// Each at least `IParameters.minPhaseSeconds` and below 2^32.
        uint256 joinSeconds;
        uint256 commitSeconds;
        uint256 referenceSeconds;
        /// Window of each aggregation candidate in turn.
        uint256 settleSeconds;
        /// Trainable parameters d, 1 to 2^22.
        uint256 dimension;
        /// Name of the aggregation rule, keccak256 of e.g. "reference-projection"; its verifier is looked up at creation.
        bytes32 rule;
        /// sha2-256 of the canonical terms.
        bytes32 termsDigest;
        /// Root of a Merkle tree of addresses that may join as trainer or aggregator (leaves as in OpenZeppelin's
        /// StandardMerkleTree of ["address"]); zero: anyone.
        bytes32 allowRoot;
        /// Least reputation (see `IRoundAttestor.reputation`) of a trainer's or aggregator's identity; 0: anyone.
        uint256 minReputation;
        /// Rewards of a round are released in equal parts over this many following rounds, 0 (at once) to 16.
        uint256 vestingRounds;
        /// Hundredths of a percent of the trainers' pool that a round releases whose median signed validation loss
        /// did not fall; 10000: the loss does not matter.
        uint256 stagnationBps;
        /// A trainer whose share of a round is below this part, in hundredths of a percent, of the equal share of those
        /// that take part is not paid in it; what it would have got stays in the budget. At most 5000.
        uint256 minShareBps;
        /// Hundredths of a percent of what is slashed by a verdict: to who reported it, at most 1000, and burned, at
        /// least 5000; the rest to this task's budget. What absence costs is burned, all of it: these terms, their
        /// author and the reporter gain nothing by it.
        uint256 slashReporterBps;
        uint256 slashBurnBps;
        /// 1 to 15 different accounts: the reference, and so the score, rests on them.
        address[] validators;
    }

    /// @notice A task as it stands, everything in one call.
    struct TaskView {
        TaskParams params;
        address owner;
        /// keccak256(abi.encode(owner, params)).
        bytes32 agreement;
        TaskStatus status;
        uint256 remaining;
        /// The current round from 1; 0 while joining.
        uint256 round;
        uint256 joinDeadline;
        /// In the order of their index.
        address[] trainers;
        address[] aggregators;
        /// Appointed validators that have joined, in the order of their appointment: those a majority is counted of,
        /// also where some have departed since.
        address[] activeValidators;
        /// Sum of the aggregate commitments of all settled rounds.
        G1Point totalCommitment;
        /// The block that created the task.
        uint256 createdBlock;
        /// What the task took over from governance when it was created.
        IContributionVerifier verifier;
        uint256 protocolFeeBps;
        uint256 contestSeconds;
        IParameters.Slashing slashing;
        /// Protocol fees not yet collected.
        uint256 protocolFees;
        /// Contests that may still be opened or resolved.
        uint256 openCases;
        /// Members that have left or were dropped, and take no part in the current round: bitmaps of trainers, of
        /// appointed validators, of aggregators.
        uint256 departedTrainers;
        uint256 departedValidators;
        uint256 departedAggregators;
    }

    /// @notice A member of a task.
    struct MemberView {
        /// Bits: 1 trainer, 2 validator, 4 aggregator; 0: not a member.
        uint256 roles;
        uint256 agentId;
        /// Index among the trainers, the appointed validators, the aggregators.
        uint256 trainer;
        uint256 validator;
        uint256 aggregator;
        bool released;
        /// The last round it takes part in, where it leaves or was dropped; otherwise 0.
        uint256 lastRound;
        /// What its absences have cost it so far, in hundredths of a percent of the task's stake.
        uint256 absenceBps;
        /// As a trainer: rewards credited so far, of these claimed, of these not yet released by vesting.
        uint256 earned;
        uint256 claimed;
        uint256 vesting;
    }

    /// @notice What was paid in a settled round; kept for the last 16 rounds of a task.
    struct RoundRecord {
        uint256 round;
        /// The trainers' pool that the shares divide.
        uint256 pool;
        /// Bitmap of the trainers that took part.
        uint256 included;
        /// As paid: 0 for a trainer below the task's minimum.
        uint256[3] shares;
    }

    /// @notice A trainer found unavailable.
    struct CaseView {
        /// Until when it may be contested; 0: no case.
        uint256 deadline;
        /// Bitmap of the validators (by appointment) that signed so.
        uint256 accusers;
        bool resolved;
        /// Bitmap of the validators that signed that the payload is available: none, or a strict majority.
        uint256 available;
    }

    /// @notice A KZG commitment and the sha2-256 digest in the payload's CID; all zero if one does not exist.
    struct VectorCommitment {
        G1Point commitment;
        bytes32 digest;
    }

    struct ReferenceView {
        address validator;
        bytes32 seal;
        VectorCommitment opened;
    }

    /// @notice The task's current (or last) round, everything in one call.
    struct RoundView {
        uint256 number;
        Phase phase;
        uint256 deadline;
        uint256 settleStart;
        /// Index of the aggregator whose window comes first, of those that have not departed; 0 before the settle phase.
        uint256 drawnAggregator;
        /// One entry per trainer.
        VectorCommitment[] updates;
        /// One entry per active validator.
        ReferenceView[] references;
        /// Verdicts were asked for, and which validators (by appointment) have posted theirs.
        bool verdictsRequested;
        uint256 verdictsPosted;
        /// What each of them is credited for it; 0 where none were asked for.
        uint256 verdictFee;
    }

    /// @notice A validator's EIP-712 signature, domain `Chorus`, version `1`, of
    /// `Verdict(uint256 taskId,uint32 round,bytes32 commitments,uint256 unavailable,uint256 rejected,bytes32 novelty,`
    /// `uint64 lossBefore,uint64 lossAfter)`: the payloads of the trainers in `unavailable` cannot be fetched or
    /// do not open their commitments, those of all others can and do; likewise the references of the validators in
    /// `rejected` (by appointment), which are also rejected where their norm exceeds the bound of the protocol; and the validation loss it measured of the
    /// model before and after this round, in millionths. `commitments` is keccak256(abi.encode(updates, references)) of
    /// those the round has: `G1Point[16]` by trainer, `G1Point[15]` by appointment, (0, 0) if one does not exist.
    /// `novelty` is keccak256(abi.encode(G1Point)) of the commitment to what is new in the references that count, computed
    /// from public data alone; of (0, 0) for rules without novelty.
    struct Vote {
        address validator;
        uint64 lossBefore;
        uint64 lossAfter;
        bytes signature;
    }

    /// @notice A validator's EIP-712 signature of
    /// `Available(uint256 taskId,uint32 round,bytes32 commitments,uint256 trainer)`: of the round with these
    /// commitments, the payload of this trainer (index from 0) is available and opens its commitment.
    struct AvailableVote {
        address validator;
        bytes signature;
    }

    /// @notice What ends a round. Bit i and entry i belong to trainer i (from 0).
    struct Settlement {
        /// 17-bit weights, 14 to a word, lowest first; in sum at most 2^16.
        uint256[2] weights;
        /// 33-bit shares, 7 to a word, lowest first; in sum at most 2^32.
        uint256[3] shares;
        /// Bitmap of committed trainers whose payload a majority of validators found unavailable.
        uint256 unavailable;
        /// Bitmap of opened references (by appointment) that a majority rejected; at least one must remain.
        uint256 rejected;
        /// Votes of a strict majority of the active validators for exactly these bitmaps, also where both are zero, and
        /// this novelty.
        Vote[] votes;
        /// The commitment to what is new in the references that count, as the votes sign it; (0, 0) for rules without.
        G1Point novelty;
        /// C_A, the commitment to the weighted sum of the updates.
        G1Point aggregate;
        /// That all of this follows from the committed vectors by the rule.
        IContributionVerifier.ContributionProof proof;
    }

    event TaskCreated(
        uint256 indexed taskId, address indexed owner, address indexed token, bytes32 termsDigest, uint256 budget
    );
    /// @param roles bits: 1 trainer, 2 validator, 4 aggregator
    /// @param peerId where the member is found on the peer-to-peer network; kept in this event only
    event Joined(
        uint256 indexed taskId, address indexed member, uint256 indexed agentId, uint256 roles, bytes peerId
    );
    event ToppedUp(uint256 indexed taskId, address indexed payer, uint256 amount);
    event Cancelled(uint256 indexed taskId);
    event PhaseChanged(uint256 indexed taskId, uint256 indexed round, Phase phase, uint256 deadline);
    /// @notice The settle phase begins. Drawn from the block that ended the commit phase and the salts of all opened
    /// references, so that no one who acts in a round knows the draw before the last of them is opened.
    /// @param candidate index of the aggregator whose window comes first
    event AggregatorDrawn(uint256 indexed taskId, uint256 indexed round, uint256 candidate);
    event UpdateCommitted(
        uint256 indexed taskId, uint256 indexed round, address indexed trainer, G1Point commitment, bytes32 digest
    );
    event ReferenceSealed(
        uint256 indexed taskId, uint256 indexed round, address indexed validator, bytes32 seal
    );
    event ReferenceOpened(
        uint256 indexed taskId, uint256 indexed round, address indexed validator, G1Point commitment, bytes32 digest
    );
    /// @param shares as proven, also those below the task's minimum, which are not paid
    /// @param rewards one per trainer, credited to it
    /// @param validatorFee in total, over the validators whose reference was opened and not rejected
    /// @param budget what the round could spend; `pool` the part of it that the shares divide
    /// @param lossBefore lower medians of the losses in the votes, in millionths
    event RoundSettled(
        uint256 indexed taskId,
        uint256 indexed round,
        address indexed aggregator,
        uint256[2] weights,
        uint256[3] shares,
        uint256[] rewards,
        uint256 unavailable,
        uint256 rejected,
        G1Point aggregate,
        uint256 protocolFee,
        uint256 aggregatorFee,
        uint256 validatorFee,
        uint256 lossBefore,
        uint256 lossAfter,
        uint256 budget,
        uint256 pool
    );
    event RoundVoided(uint256 indexed taskId, uint256 indexed round);
    event TaskEnded(uint256 indexed taskId);
    /// @notice The member takes part until the end of `round`, and no more. Its stake can be released after it.
    /// @param dropped it was absent too often; otherwise it asked to leave
    event MemberLeaving(uint256 indexed taskId, uint256 indexed round, address indexed member, bool dropped);
    event StakeReleased(uint256 indexed taskId, address indexed member);
    event Refunded(uint256 indexed taskId, address indexed owner, uint256 amount);
    event Claimed(address indexed token, address indexed account, address indexed to, uint256 amount);
    event FeesCollected(uint256 indexed taskId, address indexed treasury, uint256 amount);
    /// @param offence keccak256(abi.encode(taskId, round, member, kind)); `kind` as in `Offence`
    event MemberSlashed(
        uint256 indexed taskId,
        uint256 indexed round,
        address indexed member,
        Offence kind,
        bytes32 offence,
        address reporter,
        uint256 toTask
    );
    /// @notice A candidate says that the validators do not sign; they are to post their verdicts here.
    /// @param fee what each validator is credited that posts its verdict, paid by the candidate
    event VerdictsRequested(uint256 indexed taskId, uint256 indexed round, address indexed aggregator, uint256 fee);
    event VerdictPosted(
        uint256 indexed taskId,
        uint256 indexed round,
        address indexed validator,
        uint256 unavailable,
        uint256 rejected,
        G1Point novelty,
        Vote vote
    );
    event CaseOpened(uint256 indexed taskId, uint256 indexed round, address indexed trainer, uint256 accusers, uint256 deadline);
    /// @notice The trainer published its payload in this transaction's calldata.
    event PayloadPublished(uint256 indexed taskId, uint256 indexed round, address indexed trainer);
    /// @notice A majority says that the payload is available. Accusers that are not in `available` have until the (new)
    /// deadline to say so as well; then they are slashed.
    event CaseContested(
        uint256 indexed taskId, uint256 indexed round, address indexed trainer, uint256 available, uint256 deadline
    );
    event CaseResolved(uint256 indexed taskId, uint256 indexed round, address indexed trainer, bool available);

    error UnknownTask();
    /// @param parameter its name in `TaskParams`
    error ParameterOutOfBounds(string parameter);
    /// @notice There is no verifier for this rule and number of trainers.
    error NoVerifier();
    /// @notice The token did not deliver the exact amount (it takes a fee on transfers).
    error InexactTransfer();
    error TaskNotJoining();
    /// @notice The task of this number is not the one that was agreed to.
    error OtherTask();
    error TaskNotEnded();
    error DeadlinePassed();
    error DeadlineNotPassed();
    error TaskFull();
    error InvalidRoles();
    error InvalidPeerId();
    error TrainerCannotValidate();
    error ValidatorNotAppointed();
    error AlreadyJoined();
    error NotAMember();
    error WrongRound();
    error WrongPhase();
    error AlreadyCommitted();
    error AlreadySealed();
    error AlreadyOpened();
    error EmptySeal();
    error NotSealed();
    error WrongOpening();
    error InvalidCommitment();
    error NotYourTurn();
    /// @notice The novelty is no point of the curve; or not (0, 0), although the task's rule has none.
    error InvalidNovelty();
    error WeightsExceedOne();
    error SharesExceedOne();
    /// @notice A trainer that takes no part in the round was given a weight or a share.
    error AbsentTrainerRewarded(uint256 trainer);
    error UnavailableNotCommitted();
    error InvalidVotes();
    error NotEnoughVotes();
    error RejectedNotOpened();
    /// @notice Every reference was rejected: there is nothing to score against.
    error NoReferenceLeft();
    error NothingToClaim();
    error AlreadyReleased();
    error AlreadyLeaving();
    /// @notice The member has left the task or was dropped from it.
    error MemberDeparted();
    error NotOwner();
    error NotIdentity();
    error IdentityAlreadyJoined();
    error ReputationTooLow(uint256 reputation);
    error NotAllowed();
    error AlreadyRequested();
    error AlreadyPosted();
    error NoCase();
    error CaseClosed();
    error CaseOpen();
    error SignatureExpired();
    error InvalidSignature();

    /// @notice Escrow `params.budget` from the caller, who becomes the owner, and open joining.
    /// @return taskId counted from 1
    function createTask(TaskParams calldata params) external returns (uint256 taskId);

    /// @notice Add to the escrow of a task that has not ended; spread over its remaining rounds. Anyone may.
    function topUp(uint256 taskId, uint256 amount) external;

    /// @notice End a task that has not started. Owner alone.
    function cancel(uint256 taskId) external;

    /// @notice Lock the task's stake behind an identity that the caller owns or is the wallet of, and take roles.
    /// Round 1 starts with the join that completes the task.
    /// @param agreement the task's, as the caller has checked it: if the chain was reorganised since, another task
    /// may have the same number
    /// @param roles bits: 1 trainer, 2 validator, 4 aggregator; trainer and validator exclude each other
    /// @param peerId 1 to 128 bytes
    /// @param allowProof Merkle proof of the caller under `allowRoot`; empty if the task has none
    function join(
        uint256 taskId,
        bytes32 agreement,
        uint256 agentId,
        uint256 roles,
        bytes calldata peerId,
        bytes32[] calldata allowProof
    ) external;

    /// @notice Commit the caller's update of the current round. Final: a commitment is never replaced.
    /// @param commitment a finite point of BN254 G1
    function commitUpdate(uint256 taskId, uint256 round, G1Point calldata commitment, bytes32 digest) external;

    /// @notice Seal the caller's reference before any update is published.
    /// @param seal keccak256(abi.encode(taskId, round, validator, x, y, digest, salt)); the salt, which no one else may
    /// know before, also draws the aggregator
    function sealReference(uint256 taskId, uint256 round, bytes32 seal) external;

    /// @notice Open the caller's sealed reference.
    function openReference(
        uint256 taskId,
        uint256 round,
        G1Point calldata commitment,
        bytes32 digest,
        bytes32 salt
    ) external;

    /// @notice End the current round: check the settlement, credit everyone, start the next round or end the task.
    /// The proof is bound to the caller: no one else can send it. Candidates whose windows passed are slashed, unless
    /// verdicts were requested and no majority has posted the same ones, so that they could not have settled.
    function settle(uint256 taskId, uint256 round, Settlement calldata settlement) external;

    /// @notice As the candidate whose window it is, in its second half: ask the validators to post their verdicts on
    /// chain, once in a round. They have until the middle of the phase's last window. It costs half of the fee that
    /// settling this round pays, in equal parts for all validators, taken from the caller (by allowance): who posts is
    /// credited its part, and the parts of those who do not are credited back when the round ends.
    function requestVerdicts(uint256 taskId, uint256 round) external;

    /// @notice Post a validator's signed verdict after it was asked for. Anyone may relay it.
    function postVerdict(
        uint256 taskId,
        uint256 round,
        uint256 unavailable,
        uint256 rejected,
        G1Point calldata novelty,
        Vote calldata vote
    ) external;

    /// @notice End joining or the current phase once its deadline has passed, and slash the absent members. Anyone
    /// may.
    function advance(uint256 taskId) external;

    /// @notice As a trainer found unavailable: publish the payload in calldata, so that every validator has it.
    function publishPayload(uint256 taskId, uint256 round, bytes calldata payload) external;

    /// @notice Win a case with `Available` votes of a strict majority of the active validators, before its deadline. It is
    /// closed at once where all accusers are among them. Otherwise its deadline moves by another contest window, once,
    /// in which votes are added, in any number: accusers that are missing after it are slashed by `resolveCase`. Anyone
    /// may.
    function contest(uint256 taskId, uint256 round, uint256 trainer, AvailableVote[] calldata votes) external;

    /// @notice Close a case after its deadline. If no one won it, the trainer is slashed; else the accusers that did
    /// not join the majority. Anyone may.
    function resolveCase(uint256 taskId, uint256 round, uint256 trainer) external;

    /// @notice Pay out the caller's fees in `token` and its released rewards of these tasks, which must pay in `token`.
    function claim(IERC20 token, uint256[] calldata taskIds) external returns (uint256 amount);

    /// @notice As `claim`, to another address.
    function claimTo(IERC20 token, uint256[] calldata taskIds, address to) external returns (uint256 amount);

    /// @notice As `claimTo`, signed by `account` (EIP-712, ECDSA or ERC-1271):
    /// `Claim(address account,address token,uint256[] taskIds,address to,uint256 nonce,uint256 deadline)`.
    function claimBySignature(
        address account,
        IERC20 token,
        uint256[] calldata taskIds,
        address to,
        uint256 deadline,
        bytes calldata signature
    ) external returns (uint256 amount);

    /// @notice Pay a task's protocol fees to the treasury. Anyone may.
    function collectFees(uint256 taskId) external returns (uint256 amount);

    /// @notice As a member of a running task: take part until the current round ends, with all duties, and no more.
    /// What was earned stays, and goes on vesting. Where less than `minTrainers`, less than `minValidators` or half of
    /// the validators that joined, or no aggregator is left then, the task ends with that round.
    function leaveTask(uint256 taskId) external;

    /// @notice Unlock a member's stake once the task has ended or the member has departed, and no case can touch it.
    /// Anyone may.
    function releaseStake(uint256 taskId, address member) external;

    /// @notice Return what an ended task did not pay to its owner. Anyone may.
    function refund(uint256 taskId) external returns (uint256 amount);

    /// @notice What `claim` would pay to `account` now.
    function claimable(IERC20 token, address account, uint256[] calldata taskIds) external view returns (uint256);

    /// @notice The nonce that the account's next `claimBySignature` must carry.
    function nonces(address account) external view returns (uint256);

    function parameters() external view returns (IParameters);

    function stakes() external view returns (IStakeManager);

    function getMember(uint256 taskId, address account) external view returns (MemberView memory);

    /// @notice The record of a settled round; zero where it was not settled or is older than 16 rounds.
    function getRecord(uint256 taskId, uint256 round) external view returns (RoundRecord memory);

    function getCase(uint256 taskId, uint256 round, uint256 trainer) external view returns (CaseView memory);

    function getTask(uint256 taskId) external view returns (TaskView memory);

    function getRound(uint256 taskId) external view returns (RoundView memory);

    /// @notice The block in which `round` ended (0: in which joining ended), 0 while it has not. Past rounds are
    /// read from the events between two such blocks.
    function endBlock(uint256 taskId, uint256 round) external view returns (uint256);
}
