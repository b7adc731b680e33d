// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IAgenticCommerce} from "../interfaces/IAgenticCommerce.sol";
import {IIdentityRegistry} from "../interfaces/IIdentityRegistry.sol";
import {IOptimisticEvaluator} from "../interfaces/IOptimisticEvaluator.sol";
import {IStakeManager} from "../interfaces/IStakeManager.sol";
import {TokenFlow} from "../tasks/TokenFlow.sol";
import {Seats} from "./Seats.sol";

/// @title Evaluator of jobs: the deliverable stands unless a dispute is upheld
/// @notice This contract has no owner and cannot be changed. Bonds leave it to the parties of their job and to its jurors.
/// @dev A dispute is decided, and its bonds divided, apart from the job: a job that cannot be paid out, or was refunded
/// meanwhile, takes nothing from jurors. For every token the balance is at least the bonds of disputes that are
/// undecided, and what is owed.
contract OptimisticEvaluator is Seats, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    struct DisputeState {
        uint128 bond;
        uint64 disputedAt;
        uint64 defendedAt;
        uint64 drawnAt;
        uint64 drawBlock;
        /// Length of the list of seats when it was defended.
        uint64 slots;
        Outcome outcome;
        bytes32 grounds;
        bytes32 answer;
    }

    uint256 private constant BPS = 10_000;
    uint256 private constant BOND_BPS = 1000;
    uint256 private constant VOTERS_BPS = 5000;
    uint256 private constant DUTY_DIVISOR = 100;
    uint256 private constant LEAST_SECONDS = 3;
    uint256 private constant MOST_WINDOW_SECONDS = 30 days;
    uint256 private constant MOST_STEP_SECONDS = 7 days;
    uint256 private constant STEPS = 5;

    IAgenticCommerce private immutable _commerce;
    uint256 private immutable _window;
    uint256 private immutable _step;

    mapping(uint256 jobId => DisputeState) private _disputes;
    mapping(uint256 jobId => Juror[]) private _juries;
    /// @inheritdoc IOptimisticEvaluator
    mapping(IERC20 token => mapping(address account => uint256)) public owed;

    /// @dev Made by the contract whose jobs it evaluates.
    constructor(IIdentityRegistry identities, IStakeManager stakes, Terms memory terms_)
        Seats(identities, stakes, terms_.stakeToken, terms_.seatStake)
    {
        if (terms_.windowSeconds < LEAST_SECONDS || terms_.windowSeconds > MOST_WINDOW_SECONDS) {
            revert TermsOutOfBounds("windowSeconds");
        }
        if (terms_.stepSeconds < LEAST_SECONDS || terms_.stepSeconds > MOST_STEP_SECONDS) {
            revert TermsOutOfBounds("stepSeconds");
        }
        _commerce = IAgenticCommerce(msg.sender);
        _window = terms_.windowSeconds;
        _step = terms_.stepSeconds;
    }

    /// @inheritdoc IOptimisticEvaluator
    function accept(uint256 jobId) external {
        IAgenticCommerce.Job memory job = _jobIn(jobId, IAgenticCommerce.JobStatus.Submitted);
        if (msg.sender != job.client) revert NotJobParty();
        if (_disputes[jobId].disputedAt != 0) revert DisputeExists();
        _commerce.complete(jobId, bytes32(0), "");
    }

    /// @inheritdoc IOptimisticEvaluator
    function giveUp(uint256 jobId) external {
        IAgenticCommerce.Job memory job = _commerce.getJob(jobId);
        if (msg.sender != job.provider) revert NotJobParty();
        DisputeState storage d = _disputes[jobId];
        if (d.defendedAt != 0) revert DisputeExists();
        if (d.disputedAt != 0 && d.outcome == Outcome.None) _concede(jobId, d, job);
        _commerce.reject(jobId, d.grounds, "");
    }

    /// @inheritdoc IOptimisticEvaluator
    function dispute(uint256 jobId, bytes32 grounds) external nonReentrant {
        IAgenticCommerce.Job memory job = _jobIn(jobId, IAgenticCommerce.JobStatus.Submitted);
        if (msg.sender != job.client) revert NotJobParty();
        DisputeState storage d = _disputes[jobId];
        if (d.disputedAt != 0) revert DisputeExists();
        _requireBefore(job.submittedAt + _window);
        uint256 bond = _bondFor(job.budget);
        (d.bond, d.disputedAt, d.grounds) = (uint128(bond), uint64(block.timestamp), grounds);
        emit Disputed(jobId, msg.sender, bond, grounds);
        TokenFlow.pull(job.token, bond);
    }

    /// @inheritdoc IOptimisticEvaluator
    function defend(uint256 jobId, bytes32 answer) external nonReentrant {
        DisputeState storage d = _undecided(jobId);
        IAgenticCommerce.Job memory job = _commerce.getJob(jobId);
        if (msg.sender != job.provider) revert NotJobParty();
        if (d.defendedAt != 0) revert DisputeExists();
        _requireBefore(d.disputedAt + _step);
        // This block's hash is known to no transaction in it.
        (d.defendedAt, d.drawBlock, d.answer) = (uint64(block.timestamp), uint64(block.number), answer);
        d.slots = uint64(seatCount());
        _awaited++;
        emit Defended(jobId, msg.sender, answer);
        TokenFlow.pull(job.token, d.bond);
    }

    /// @inheritdoc IOptimisticEvaluator
    function draw(uint256 jobId) external {
        DisputeState storage d = _undecided(jobId);
        if (d.defendedAt == 0) revert NoDispute();
        if (d.drawnAt != 0) revert JuryExists();
        _requireBefore(d.defendedAt + _step);
        if (block.number <= d.drawBlock) revert StepNotOver(d.drawBlock);
        bytes32 hash = blockhash(d.drawBlock);
        if (hash == 0) {
            d.drawBlock = uint64(block.number);
            emit DrawPostponed(jobId, block.number);
            return;
        }
        d.drawnAt = uint64(block.timestamp);
        _awaited--;
        IAgenticCommerce.Job memory job = _commerce.getJob(jobId);
        uint256[] memory jury = _drawJury(keccak256(abi.encode(hash, jobId)), d.slots, job);
        for (uint256 i = 0; i < jury.length; i++) _juries[jobId].push(Juror(jury[i], address(0), Vote.None, 0));
        emit JuryDrawn(jobId, jury);
        if (jury.length == 0) _giveBonds(jobId, d, job);
    }

    /// @inheritdoc IOptimisticEvaluator
    function commit(uint256 jobId, uint256 agentId, bytes32 commitment) external {
        DisputeState storage d = _withJury(jobId);
        Juror storage juror = _jurorOf(jobId, agentId);
        _requireBefore(d.drawnAt + _step);
        if (juror.commitment != 0) revert AlreadyVoted();
        if (commitment == 0) revert WrongVote();
        juror.commitment = commitment;
        emit VoteCommitted(jobId, agentId);
    }

    /// @inheritdoc IOptimisticEvaluator
    function reveal(uint256 jobId, uint256 agentId, Vote vote, bytes32 salt) external {
        DisputeState storage d = _withJury(jobId);
        Juror storage juror = _jurorOf(jobId, agentId);
        if (block.timestamp < d.drawnAt + _step && !_allCommitted(jobId)) revert StepNotOver(d.drawnAt + _step);
        _requireBefore(d.drawnAt + 2 * _step);
        if (juror.vote != Vote.None) revert AlreadyVoted();
        if (vote == Vote.None || juror.commitment != commitmentOf(jobId, agentId, vote, salt)) revert WrongVote();
        _requireStake(agentId);
        (juror.vote, juror.voter) = (vote, msg.sender);
        emit VoteRevealed(jobId, agentId, vote);
    }

    /// @inheritdoc IOptimisticEvaluator
    function settle(uint256 jobId) external {
        IAgenticCommerce.Job memory job = _jobIn(jobId, IAgenticCommerce.JobStatus.Submitted);
        DisputeState storage d = _disputes[jobId];
        if (d.disputedAt == 0) {
            _requireOver(job.submittedAt + _window);
        } else if (d.outcome == Outcome.None) {
            decide(jobId);
        }
        if (d.outcome == Outcome.Upheld) _commerce.reject(jobId, d.grounds, "");
        else _commerce.complete(jobId, d.answer, "");
    }

    /// @inheritdoc IOptimisticEvaluator
    function withdraw(IERC20 token, address account) external nonReentrant returns (uint256 amount) {
        amount = owed[token][account];
        if (amount == 0) revert NoBondToWithdraw();
        owed[token][account] = 0;
        emit BondWithdrawn(token, account, amount);
        token.safeTransfer(account, amount);
    }

    /// @inheritdoc IOptimisticEvaluator
    function terms() external view returns (Terms memory) {
        return Terms(_window, _step, _stakeToken, _seatStake);
    }

    /// @inheritdoc IOptimisticEvaluator
    function decisionSeconds() external view returns (uint256) {
        return _window + STEPS * _step;
    }

    /// @inheritdoc IOptimisticEvaluator
    function bondOf(uint256 jobId) external view returns (uint256) {
        return _bondFor(_commerce.getJob(jobId).budget);
    }

    /// @inheritdoc IOptimisticEvaluator
    function disputeOf(uint256 jobId) external view returns (Dispute memory, Juror[] memory) {
        DisputeState storage d = _disputes[jobId];
        Dispute memory seen =
            Dispute(d.bond, d.disputedAt, d.defendedAt, d.drawnAt, d.drawBlock, d.outcome, d.grounds, d.answer);
        return (seen, _juries[jobId]);
    }

    /// @inheritdoc IOptimisticEvaluator
    function decide(uint256 jobId) public {
        DisputeState storage d = _undecided(jobId);
        IAgenticCommerce.Job memory job = _commerce.getJob(jobId);
        if (d.defendedAt == 0) {
            _requireOver(d.disputedAt + _step);
            _concede(jobId, d, job);
        } else if (d.drawnAt == 0) {
            _requireOver(d.defendedAt + _step);
            _awaited--;
            _giveBonds(jobId, d, job);
        } else {
            _count(jobId, d, job);
        }
    }

    /// @inheritdoc IOptimisticEvaluator
    function commitmentOf(uint256 jobId, uint256 agentId, Vote vote, bytes32 salt) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), jobId, agentId, vote, salt));
    }

    /// @dev The deliverable was not defended.
    function _concede(uint256 jobId, DisputeState storage d, IAgenticCommerce.Job memory job) private {
        d.outcome = Outcome.Upheld;
        emit Decided(jobId, Outcome.Upheld, 0, 0);
        _credit(jobId, job.token, job.client, d.bond);
    }

    /// @dev There was no decision.
    function _giveBonds(uint256 jobId, DisputeState storage d, IAgenticCommerce.Job memory job) private {
        d.outcome = Outcome.Undecided;
        emit Decided(jobId, Outcome.Undecided, 0, 0);
        _credit(jobId, job.token, job.client, d.bond);
        _credit(jobId, job.token, job.provider, d.bond);
    }

    function _count(uint256 jobId, DisputeState storage d, IAgenticCommerce.Job memory job) private {
        Juror[] storage jury = _juries[jobId];
        uint256 toComplete = 0;
        uint256 toReject = 0;
        for (uint256 i = 0; i < jury.length; i++) {
            if (jury[i].vote == Vote.Complete) toComplete++;
            else if (jury[i].vote == Vote.Reject) toReject++;
        }
        uint256 revealed = toComplete + toReject;
        if (revealed < jury.length) {
            _requireOver(d.drawnAt + 2 * _step);
            if (_isDuty(job.token, d.bond)) _vacateSilent(jury);
        }
        if (revealed <= jury.length / 2) {
            _giveBonds(jobId, d, job);
            return;
        }
        bool stands = toComplete >= toReject;
        d.outcome = stands ? Outcome.Stands : Outcome.Upheld;
        emit Decided(jobId, d.outcome, toComplete, toReject);
        uint256 each = (d.bond * VOTERS_BPS) / BPS / (stands ? toComplete : toReject);
        uint256 rest = 2 * uint256(d.bond);
        for (uint256 i = 0; i < jury.length; i++) {
            if (jury[i].vote != (stands ? Vote.Complete : Vote.Reject)) continue;
            rest -= each;
            _credit(jobId, job.token, jury[i].voter, each);
        }
        _credit(jobId, job.token, stands ? job.provider : job.client, rest);
    }

    function _vacateSilent(Juror[] storage jury) private {
        for (uint256 i = 0; i < jury.length; i++) if (jury[i].vote == Vote.None) _vacate(jury[i].agentId);
    }

    function _credit(uint256 jobId, IERC20 token, address account, uint256 amount) private {
        if (amount == 0) return;
        owed[token][account] += amount;
        emit BondPaid(jobId, token, account, amount);
    }

    function _jobIn(uint256 jobId, IAgenticCommerce.JobStatus status)
        private
        view
        returns (IAgenticCommerce.Job memory job)
    {
        job = _commerce.getJob(jobId);
        if (job.evaluator != address(this) || job.status != status) revert NotInReview();
    }

    function _undecided(uint256 jobId) private view returns (DisputeState storage d) {
        d = _disputes[jobId];
        if (d.disputedAt == 0) revert NoDispute();
        if (d.outcome != Outcome.None) revert DisputeDecided();
    }

    function _withJury(uint256 jobId) private view returns (DisputeState storage d) {
        d = _undecided(jobId);
        if (d.drawnAt == 0) revert JuryNotDrawn();
    }

    /// @dev The caller may act for it.
    function _jurorOf(uint256 jobId, uint256 agentId) private view returns (Juror storage) {
        Juror[] storage jury = _juries[jobId];
        for (uint256 i = 0; i < jury.length; i++) {
            if (jury[i].agentId != agentId) continue;
            if (!_mayAct(msg.sender, agentId)) revert NotYourIdentity();
            return jury[i];
        }
        revert NotAJuror();
    }

    /// @dev Disputes over nothing, or in a token of the parties' own, must not cost jurors their seats.
    function _isDuty(IERC20 token, uint256 bond) private view returns (bool) {
        return address(token) == address(_stakeToken) && bond >= _seatStake / DUTY_DIVISOR;
    }

    function _allCommitted(uint256 jobId) private view returns (bool) {
        Juror[] storage jury = _juries[jobId];
        for (uint256 i = 0; i < jury.length; i++) if (jury[i].commitment == 0) return false;
        return true;
    }

    function _requireBefore(uint256 deadline) private view {
        if (block.timestamp >= deadline) revert StepOver(deadline);
    }

    function _requireOver(uint256 deadline) private view {
        if (block.timestamp < deadline) revert StepNotOver(deadline);
    }

    function _bondFor(uint256 budget) private pure returns (uint256) {
        return Math.ceilDiv(budget * BOND_BPS, BPS);
    }
}
