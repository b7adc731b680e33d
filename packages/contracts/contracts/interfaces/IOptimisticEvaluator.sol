// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title Evaluator of jobs that takes a deliverable as good unless its client disputes it
/// @notice A submission can be disputed by the client for `windowSeconds`, with a bond; then anyone has the job
/// completed. Every further step has `stepSeconds`, and silence in it has a consequence:
///   1. The provider defends what it submitted with a bond of the same size; if not, the job is rejected.
///   2. A jury is drawn of the validators' seats; if not, the dispute is undecided.
///   3. Jurors commit to their votes; 4. they reveal them. A juror that does not loses its seat, if the bond is in the
///   stake token and at least a hundredth of `seatStake`: a vote on less may bring less than its gas.
///   5. The decision is carried out; if it is not, the job has expired and the client may have the refund.
/// The loser's bond is paid, in half to the jurors that voted as was decided, the rest to the winner. With as many votes
/// to reject as to complete the deliverable stands. Undecided (fewer than three eligible seats, no draw, less than a
/// majority of the jury revealed): the deliverable stands and both bonds go back.
/// A seat is an identity with at least `seatStake` of `stakeToken` behind it that is not unbonding, and one vote: more
/// stake weighs more as more seats. A jury is drawn of the seats taken before the job was funded, less those of its
/// parties, and a vote counts if the stake is still there. Stake is not slashed for a vote.
/// Amounts are in the token's smallest unit, times in unix seconds.
interface IOptimisticEvaluator {
    enum Outcome {
        None,
        /// The deliverable stands: the job completes.
        Stands,
        /// The dispute is upheld: the job is rejected.
        Upheld,
        /// The deliverable stands, and the bonds went back.
        Undecided
    }

    enum Vote {
        None,
        Complete,
        Reject
    }

    struct Terms {
        /// 3 seconds to 30 days.
        uint256 windowSeconds;
        /// 3 seconds to 7 days.
        uint256 stepSeconds;
        IERC20 stakeToken;
        /// At least 1.
        uint256 seatStake;
    }

    struct Dispute {
        /// Each party's, 0 if there is no dispute.
        uint256 bond;
        uint256 disputedAt;
        /// 0 until then, as the next.
        uint256 defendedAt;
        uint256 drawnAt;
        /// The block whose hash draws the jury.
        uint256 drawBlock;
        Outcome outcome;
        /// SHA-256 of what the client and the provider say, or zero.
        bytes32 grounds;
        bytes32 answer;
    }

    struct Juror {
        uint256 agentId;
        /// Zero until a vote was revealed.
        address voter;
        Vote vote;
        /// Zero until the juror has committed.
        bytes32 commitment;
    }

    event SeatTaken(uint256 indexed agentId);
    event SeatLost(uint256 indexed agentId);
    event Disputed(uint256 indexed jobId, address indexed client, uint256 bond, bytes32 grounds);
    event Defended(uint256 indexed jobId, address indexed provider, bytes32 answer);
    event DrawPostponed(uint256 indexed jobId, uint256 drawBlock);
    event JuryDrawn(uint256 indexed jobId, uint256[] agentIds);
    event VoteCommitted(uint256 indexed jobId, uint256 indexed agentId);
    event VoteRevealed(uint256 indexed jobId, uint256 indexed agentId, Vote vote);
    event Decided(uint256 indexed jobId, Outcome outcome, uint256 toComplete, uint256 toReject);
    event BondPaid(uint256 indexed jobId, IERC20 indexed token, address indexed account, uint256 amount);
    event BondWithdrawn(IERC20 indexed token, address indexed account, uint256 amount);

    error TermsOutOfBounds(string parameter);
    /// @notice The caller neither owns the identity nor is its wallet.
    error NotYourIdentity();
    error SeatExists();
    error NoSeat();
    /// @notice Stake behind the identity that is not unbonding.
    error SeatStakeTooSmall(uint256 stake, uint256 needed);
    /// @notice The seat has its stake: only who may act for its identity gives it up.
    error SeatHasStake();
    /// @notice The job has another evaluator, or waits for no decision of this one.
    error NotInReview();
    error NotJobParty();
    error DisputeExists();
    error NoDispute();
    error DisputeDecided();
    error StepOver(uint256 deadline);
    error StepNotOver(uint256 deadline);
    error JuryNotDrawn();
    error JuryExists();
    error NotAJuror();
    error AlreadyVoted();
    error WrongVote();
    error NoBondToWithdraw();

    /// @notice Take a seat for an identity that the caller owns or is the wallet of. Two other seats are checked, in
    /// turn, and lost if the stake behind them is too small.
    function takeSeat(uint256 agentId) external;
    /// @notice Give a seat up; anyone may, if the stake behind it is too small. While a dispute awaits its draw the seat
    /// keeps its place in the list, in no jury; anyone may call again later to clear it.
    function leaveSeat(uint256 agentId) external;

    /// @notice Client alone: have a submitted job completed at once.
    function accept(uint256 jobId) external;
    /// @notice Provider alone: have a funded or submitted job rejected, unless it has defended it.
    function giveUp(uint256 jobId) external;
    /// @notice Client alone, within `windowSeconds` of the submission: pays a bond.
    function dispute(uint256 jobId, bytes32 grounds) external;
    /// @notice Provider alone, within `stepSeconds` of the dispute: pays a bond.
    function defend(uint256 jobId, bytes32 answer) external;
    /// @notice Anyone, from the block after the defence, within `stepSeconds`. After 256 blocks the hash is gone, and a
    /// call chooses its own block instead.
    function draw(uint256 jobId) external;
    /// @notice Within `stepSeconds` of the draw. @param commitment see `commitmentOf`
    function commit(uint256 jobId, uint256 agentId, bytes32 commitment) external;
    /// @notice Once all jurors have committed, or `stepSeconds` after the draw, for `stepSeconds` longer.
    /// @param vote `Complete` or `Reject`
    function reveal(uint256 jobId, uint256 agentId, Vote vote, bytes32 salt) external;
    /// @notice Decide a dispute whose steps are over, and divide the bonds. Anyone may.
    function decide(uint256 jobId) external;
    /// @notice Complete or reject a job whose window, or dispute, is over. Anyone may.
    function settle(uint256 jobId) external;
    /// @notice Pay an account what it is owed of bonds. Anyone may.
    function withdraw(IERC20 token, address account) external returns (uint256 amount);

    function terms() external view returns (Terms memory);
    /// @notice Longest time from a submission to the end of the last step.
    function decisionSeconds() external view returns (uint256);
    /// @notice Each party's: a tenth of the budget, rounded up.
    function bondOf(uint256 jobId) external view returns (uint256);
    function disputeOf(uint256 jobId) external view returns (Dispute memory, Juror[] memory jury);
    function commitmentOf(uint256 jobId, uint256 agentId, Vote vote, bytes32 salt) external view returns (bytes32);
    function owed(IERC20 token, address account) external view returns (uint256);
    /// @notice Seats, and those given up that are not cleared yet; so has `seats`.
    function seatCount() external view returns (uint256);
    function seats(uint256 first, uint256 count) external view returns (uint256[] memory agentIds);
    /// @return 0 if the identity has no seat
    function seatTakenAt(uint256 agentId) external view returns (uint256);
}
