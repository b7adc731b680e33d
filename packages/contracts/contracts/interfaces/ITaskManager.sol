// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IContributionVerifier} from "./IContributionVerifier.sol";
import {G1Point} from "../libraries/Bn254.sol";

/// @title Tasks, their rounds and the money behind them
/// @notice A requester escrows a budget and appoints validators; members join with a stake; each round moves
/// through commit, reference and settle, and ends with one settlement that credits rewards, or void.
/// A phase ends with the last action it waits for, or by `advance` once its deadline has passed.
/// All amounts are in the smallest unit of the task's token, all times in unix seconds.
interface ITaskManager {
    enum TaskStatus {
        None,
        Joining,
        Running,
        Ended
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
        /// Escrowed at creation: what the task can ever pay, fees included. 1 to 2^128 - 1.
        uint256 budget;
        /// 1 to 4096.
        uint256 rounds;
        /// 1 <= minTrainers <= maxTrainers <= 16.
        uint256 minTrainers;
        uint256 maxTrainers;
        /// Aggregation candidates needed before the task can start, 1 to 16.
        uint256 minAggregators;
        /// Deposited by each member, returned when the task has ended. Below 2^128.
        uint256 stake;
        /// Hundredths of a percent of each round's budget; both together at most 5000.
        uint256 aggregatorFeeBps;
        uint256 validatorFeeBps;
        /// Each 1 to 2^32 - 1.
        uint256 joinSeconds;
        uint256 commitSeconds;
        uint256 referenceSeconds;
        /// Window of each aggregation candidate in turn.
        uint256 settleSeconds;
        /// Trainable parameters d, 1 to 2^22.
        uint256 dimension;
        /// sha2-256 of the canonical terms.
        bytes32 termsDigest;
        /// 1 to 15 different accounts: the reference, and so the score, rests on them.
        address[] validators;
    }

    /// @notice A task as it stands, everything in one call.
    struct TaskView {
        TaskParams params;
        address owner;
        TaskStatus status;
        uint256 remaining;
        /// The current round from 1; 0 while joining.
        uint256 round;
        uint256 joinDeadline;
        /// In the order of their index.
        address[] trainers;
        address[] aggregators;
        /// Appointed validators that have joined, in the order of their appointment.
        address[] activeValidators;
        /// Sum of the aggregate commitments of all settled rounds.
        G1Point totalCommitment;
        /// The block that created the task.
        uint256 createdBlock;
    }

    /// @notice A KZG commitment and the sha2-256 digest in the payload's CID; all zero where there is none.
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
        uint256 drawnAggregator;
        /// One entry per trainer.
        VectorCommitment[] updates;
        /// One entry per active validator.
        ReferenceView[] references;
    }

    /// @notice A validator's EIP-712 signature of
    /// `Unavailable(uint256 taskId,uint32 round,uint256 bitmap)`, domain `Chorus`, version `1`: the payloads of these
    /// trainers cannot be had or do not open their commitments, those of all others can and do.
    struct Vote {
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
        /// Votes of a strict majority of the active validators for exactly that bitmap, also where it is zero.
        Vote[] votes;
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
    event Joined(uint256 indexed taskId, address indexed member, uint256 roles, bytes peerId);
    event PhaseChanged(uint256 indexed taskId, uint256 indexed round, Phase phase, uint256 deadline);
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
    /// @param rewards one per trainer, credited to it
    /// @param validatorFee in total, over the validators that opened a reference
    event RoundSettled(
        uint256 indexed taskId,
        uint256 indexed round,
        address indexed aggregator,
        uint256[2] weights,
        uint256[3] shares,
        uint256[] rewards,
        uint256 unavailable,
        G1Point aggregate,
        uint256 protocolFee,
        uint256 aggregatorFee,
        uint256 validatorFee
    );
    event RoundVoided(uint256 indexed taskId, uint256 indexed round);
    event TaskEnded(uint256 indexed taskId);
    event StakeWithdrawn(uint256 indexed taskId, address indexed member, uint256 amount);
    event Refunded(uint256 indexed taskId, address indexed owner, uint256 amount);
    event Claimed(address indexed token, address indexed account, uint256 amount);

    error UnknownTask();
    /// @param parameter its name in `TaskParams`
    error ParameterOutOfBounds(string parameter);
    error InvalidTreasury();
    error InvalidVerifier();
    /// @notice The token did not deliver the exact amount (it takes a fee on transfers).
    error InexactTransfer();
    error TaskNotJoining();
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
    error WeightsExceedOne();
    error SharesExceedOne();
    /// @notice A trainer that takes no part in the round was given a weight or a share.
    error AbsentTrainerRewarded(uint256 trainer);
    error UnavailableNotCommitted();
    error InvalidVotes();
    error NotEnoughVotes();
    error NothingToClaim();
    error AlreadyWithdrawn();

    /// @notice Escrow `params.budget` from the caller, who becomes the owner, and open joining.
    /// @return taskId counted from 1
    function createTask(TaskParams calldata params) external returns (uint256 taskId);

    /// @notice Deposit the task's stake and take roles in it. Round 1 starts with the join that completes the task.
    /// @param roles bits: 1 trainer, 2 validator, 4 aggregator; trainer and validator exclude each other
    /// @param peerId 1 to 128 bytes
    function join(uint256 taskId, uint256 roles, bytes calldata peerId) external;

    /// @notice Commit the caller's update of the current round. Final: a commitment is never replaced.
    /// @param commitment a finite point of BN254 G1
    function commitUpdate(uint256 taskId, uint256 round, G1Point calldata commitment, bytes32 digest) external;

    /// @notice Seal the caller's reference before any update is published.
    /// @param seal keccak256(abi.encode(taskId, round, validator, x, y, digest, salt))
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
    function settle(uint256 taskId, uint256 round, Settlement calldata settlement) external;

    /// @notice End joining or the current phase once its deadline has passed. Anyone may.
    function advance(uint256 taskId) external;

    /// @notice Pay out the caller's rewards and fees in `token`.
    function claim(IERC20 token) external returns (uint256 amount);

    /// @notice Return the caller's stake once the task has ended.
    function withdrawStake(uint256 taskId) external returns (uint256 amount);

    /// @notice Return what an ended task did not pay to its owner. Anyone may.
    function refund(uint256 taskId) external returns (uint256 amount);

    function claimable(IERC20 token, address account) external view returns (uint256);

    function treasury() external view returns (address);

    /// @notice The contract that checks the proof of every settlement. It cannot be replaced.
    function verifier() external view returns (IContributionVerifier);

    function getTask(uint256 taskId) external view returns (TaskView memory);

    function getRound(uint256 taskId) external view returns (RoundView memory);

    /// @notice The block in which `round` ended (0: in which joining ended), 0 while it has not. Past rounds are
    /// read from the events between two such blocks.
    function endBlock(uint256 taskId, uint256 round) external view returns (uint256);
}
