// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IAgentTills} from "../interfaces/IAgentTills.sol";
import {IAgenticCommerce} from "../interfaces/IAgenticCommerce.sol";
import {IIdentityRegistry} from "../interfaces/IIdentityRegistry.sol";
import {IOptimisticEvaluator} from "../interfaces/IOptimisticEvaluator.sol";
import {IParameters} from "../interfaces/IParameters.sol";
import {IStakeManager} from "../interfaces/IStakeManager.sol";
import {TokenFlow} from "../tasks/TokenFlow.sol";
import {OptimisticEvaluator} from "./OptimisticEvaluator.sol";

/// @title Jobs with their budget in escrow
/// @notice This contract has no owner and cannot be changed. A budget leaves it to the provider, less the fee, or to the
/// client.
/// @dev For every token the balance is at least the budgets of the jobs that are funded or submitted, and what is owed, as
/// long as the token keeps balances. An account that cannot be paid does not stop a job: its money is kept for it.
contract AgenticCommerce is IAgenticCommerce, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    struct JobState {
        address client;
        uint64 expiredAt;
        JobStatus status;
        uint16 feeBps;
        address provider;
        uint64 fundedAt;
        bool paysTill;
        address evaluator;
        uint64 submittedAt;
        IERC20 token;
        uint128 budget;
        address payout;
        bytes32 deliverable;
        string description;
    }

    uint256 private constant BPS = 10_000;
    uint256 private constant MAX_TERM_SECONDS = 365 days;
    uint256 private constant MAX_DESCRIPTION_BYTES = 1024;
    bytes32 private constant TILLS = keccak256("AgentTills");

    IParameters private immutable _parameters;
    /// @inheritdoc IAgenticCommerce
    IERC20 public immutable paymentToken;
    /// @inheritdoc IAgenticCommerce
    IOptimisticEvaluator public immutable optimisticEvaluator;

    /// @inheritdoc IAgenticCommerce
    uint256 public jobCount;
    mapping(uint256 jobId => JobState) private _jobs;
    /// @inheritdoc IAgenticCommerce
    mapping(IERC20 token => mapping(address account => uint256)) public owed;

    /// @param terms of the optimistic evaluator; its stake token is the token of `createJob` as well
    constructor(
        IParameters parameters,
        IIdentityRegistry identities,
        IStakeManager stakes,
        IOptimisticEvaluator.Terms memory terms
    ) {
        _parameters = parameters;
        paymentToken = terms.stakeToken;
        optimisticEvaluator = new OptimisticEvaluator(identities, stakes, terms);
    }

    /// @inheritdoc IAgenticCommerce
    function createJob(address provider, address evaluator, uint256 expiredAt, string calldata description, address hook)
        external
        returns (uint256)
    {
        return createJobIn(paymentToken, provider, evaluator, expiredAt, description, hook);
    }

    /// @inheritdoc IAgenticCommerce
    function setProvider(uint256 jobId, address provider, bytes calldata) external {
        JobState storage job = _in(jobId, JobStatus.Open);
        if (msg.sender != job.client) revert NotParty();
        if (job.provider != address(0)) revert ProviderExists();
        if (provider == address(0)) revert ProviderMissing();
        job.provider = provider;
        emit ProviderSet(jobId, provider);
    }

    /// @inheritdoc IAgenticCommerce
    function setBudget(uint256 jobId, uint256 amount, bytes calldata) external {
        JobState storage job = _in(jobId, JobStatus.Open);
        if (msg.sender != job.client && msg.sender != job.provider) revert NotParty();
        if (amount > type(uint128).max) revert JobOutOfBounds("budget");
        job.budget = uint128(amount);
        emit BudgetSet(jobId, amount);
    }

    /// @inheritdoc IAgenticCommerce
    function fund(uint256 jobId, uint256 expectedBudget, bytes calldata) external nonReentrant {
        JobState storage job = _in(jobId, JobStatus.Open);
        if (msg.sender != job.client) revert NotParty();
        if (job.provider == address(0)) revert ProviderMissing();
        uint256 budget = job.budget;
        if (budget == 0 || budget != expectedBudget) revert BudgetChanged(budget);
        // There would be no time left to submit in.
        uint256 latest = _latestSubmission(job);
        if (block.timestamp >= job.expiredAt || block.timestamp > latest) revert SubmittedTooLate(latest);
        job.status = JobStatus.Funded;
        job.fundedAt = uint64(block.timestamp);
        emit JobFunded(jobId, msg.sender, budget);
        TokenFlow.pull(job.token, budget);
    }

    /// @inheritdoc IAgenticCommerce
    function submit(uint256 jobId, bytes32 deliverable, bytes calldata) external nonReentrant {
        JobState storage job = _in(jobId, JobStatus.Funded);
        if (msg.sender != job.provider) revert NotParty();
        uint256 latest = _latestSubmission(job);
        if (block.timestamp > latest) revert SubmittedTooLate(latest);
        job.status = JobStatus.Submitted;
        job.submittedAt = uint64(block.timestamp);
        job.deliverable = deliverable;
        emit JobSubmitted(jobId, msg.sender, deliverable);
    }

    /// @inheritdoc IAgenticCommerce
    function complete(uint256 jobId, bytes32 reason, bytes calldata) external nonReentrant {
        JobState storage job = _in(jobId, JobStatus.Submitted);
        if (msg.sender != job.evaluator) revert NotParty();
        job.status = JobStatus.Completed;
        uint256 fee = (uint256(job.budget) * _feeBpsOf(job)) / BPS;
        uint256 paid = job.budget - fee;
        owed[job.token][_parameters.treasury()] += fee;
        emit JobCompleted(jobId, msg.sender, reason);
        emit PaymentReleased(jobId, job.provider, paid);
        _pay(job.token, _payoutOf(job), paid);
    }

    /// @inheritdoc IAgenticCommerce
    function reject(uint256 jobId, bytes32 reason, bytes calldata) external nonReentrant {
        JobState storage job = _known(jobId);
        JobStatus status = job.status;
        if (status > JobStatus.Submitted) revert WrongJobStatus(status);
        if (msg.sender != (status == JobStatus.Open ? job.client : job.evaluator)) revert NotParty();
        job.status = JobStatus.Rejected;
        emit JobRejected(jobId, msg.sender, reason);
        if (status != JobStatus.Open) _refund(jobId, job);
    }

    /// @inheritdoc IAgenticCommerce
    function claimRefund(uint256 jobId) external nonReentrant {
        JobState storage job = _known(jobId);
        JobStatus status = job.status;
        if (status != JobStatus.Funded && status != JobStatus.Submitted) revert WrongJobStatus(status);
        if (block.timestamp < job.expiredAt) revert JobNotExpired(job.expiredAt);
        job.status = JobStatus.Expired;
        emit JobExpired(jobId);
        _refund(jobId, job);
    }

    /// @inheritdoc IAgenticCommerce
    function setPayout(uint256 jobId, address payout) external {
        if (payout == address(0) || payout == address(this)) revert JobOutOfBounds("payout");
        _setPayout(jobId, payout, false);
        emit PayoutSet(jobId, payout, false, 0);
    }

    /// @inheritdoc IAgenticCommerce
    function setPayoutTill(uint256 jobId, uint256 agentId) external {
        address tills = _parameters.contractOf(TILLS);
        if (tills == address(0)) revert NoTillContract();
        address till = IAgentTills(tills).tillOf(agentId);
        _setPayout(jobId, till, true);
        emit PayoutSet(jobId, till, true, agentId);
    }

    /// @inheritdoc IAgenticCommerce
    function withdraw(IERC20 token, address account) external nonReentrant returns (uint256 amount) {
        amount = owed[token][account];
        if (amount == 0) revert NothingKept();
        owed[token][account] = 0;
        emit PaymentWithdrawn(token, account, amount);
        token.safeTransfer(account, amount);
    }

    /// @inheritdoc IAgenticCommerce
    function getJob(uint256 jobId) external view returns (Job memory) {
        JobState storage job = _known(jobId);
        return Job({
            client: job.client,
            provider: job.provider,
            evaluator: job.evaluator,
            hook: address(0),
            token: job.token,
            budget: job.budget,
            expiredAt: job.expiredAt,
            status: job.status,
            feeBps: _feeBpsOf(job),
            fundedAt: job.fundedAt,
            submittedAt: job.submittedAt,
            deliverable: job.deliverable,
            payout: _payoutOf(job),
            description: job.description
        });
    }

    /// @inheritdoc IAgenticCommerce
    function createJobIn(
        IERC20 token,
        address provider,
        address evaluator,
        uint256 expiredAt,
        string calldata description,
        address hook
    ) public returns (uint256 jobId) {
        if (hook != address(0)) revert HooksNotSupported();
        if (address(token).code.length == 0) revert JobOutOfBounds("token");
        if (evaluator == address(0)) revert JobOutOfBounds("evaluator");
        uint256 length = bytes(description).length;
        if (length == 0 || length > MAX_DESCRIPTION_BYTES) revert JobOutOfBounds("description");
        uint256 earliest = evaluator == address(optimisticEvaluator) ? optimisticEvaluator.decisionSeconds() : 1;
        if (expiredAt < block.timestamp + earliest || expiredAt > block.timestamp + MAX_TERM_SECONDS) {
            revert JobOutOfBounds("expiredAt");
        }
        jobId = ++jobCount;
        JobState storage job = _jobs[jobId];
        (job.client, job.provider, job.evaluator, job.token) = (msg.sender, provider, evaluator, token);
        (job.expiredAt, job.feeBps) = (uint64(expiredAt), uint16(_parameters.protocolFeeBps()));
        job.description = description;
        emit JobCreated(jobId, msg.sender, provider, evaluator, expiredAt);
    }

    function _setPayout(uint256 jobId, address payout, bool isTill) private {
        JobState storage job = _known(jobId);
        if (msg.sender != job.provider) revert NotParty();
        if (job.status > JobStatus.Submitted) revert WrongJobStatus(job.status);
        (job.payout, job.paysTill) = (payout, isTill);
    }

    function _refund(uint256 jobId, JobState storage job) private {
        emit Refunded(jobId, job.client, job.budget);
        _pay(job.token, job.client, job.budget);
    }

    /// @dev A caller that gives too little gas for the transfer leaves the money here, where it can be withdrawn.
    function _pay(IERC20 token, address account, uint256 amount) private {
        if (token.trySafeTransfer(account, amount)) return;
        owed[token][account] += amount;
        emit PaymentKept(token, account, amount);
    }

    function _known(uint256 jobId) private view returns (JobState storage job) {
        job = _jobs[jobId];
        if (job.client == address(0)) revert UnknownJob();
    }

    function _in(uint256 jobId, JobStatus status) private view returns (JobState storage job) {
        job = _known(jobId);
        if (job.status != status) revert WrongJobStatus(job.status);
    }

    function _feeBpsOf(JobState storage job) private view returns (uint256) {
        return job.paysTill ? 0 : job.feeBps;
    }

    function _payoutOf(JobState storage job) private view returns (address) {
        return job.payout == address(0) ? job.provider : job.payout;
    }

    function _latestSubmission(JobState storage job) private view returns (uint256) {
        if (job.evaluator != address(optimisticEvaluator)) return job.expiredAt;
        return job.expiredAt - optimisticEvaluator.decisionSeconds();
    }
}
