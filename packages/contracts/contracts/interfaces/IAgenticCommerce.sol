// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IOptimisticEvaluator} from "./IOptimisticEvaluator.sol";

/// @title ERC-8183 Agentic Commerce (draft of March 2026): jobs with their budget in escrow
/// @notice A client escrows a budget, a provider submits what it made, an evaluator completes the job or rejects it. The
/// functions, events and states of the text, and where the text leaves something open:
/// - The token is chosen for each job (`createJobIn`); `createJob` takes the deployment's.
/// - There are no hooks: a job that names one is refused, so that none relies on a policy that would not run.
///   `optParams` are for hooks alone, and ignored.
/// - There is no forwarder (ERC-2771): it would be one party that could act for all.
/// - The fee is the protocol's as of the job's creation, taken when the job completes, and only then.
/// - The provider may state where it is paid. To an agent's till the budget goes whole: the till takes the fee.
/// - Anyone may claim the refund of an expired job, which goes to the client, also after the work was submitted. A job of
///   the optimistic evaluator therefore takes no submission so late that the evaluator could not decide before.
/// Amounts are in the token's smallest unit, times in unix seconds. Jobs are counted from 1.
interface IAgenticCommerce {
    enum JobStatus {
        Open,
        Funded,
        Submitted,
        Completed,
        Rejected,
        Expired
    }

    struct Job {
        address client;
        /// Zero until it is set.
        address provider;
        address evaluator;
        /// Always zero.
        address hook;
        IERC20 token;
        uint256 budget;
        uint256 expiredAt;
        JobStatus status;
        /// Of the budget, in hundredths of a percent; 0 for a payment to a till, which takes the fee itself.
        uint256 feeBps;
        /// 0 until then.
        uint256 fundedAt;
        uint256 submittedAt;
        bytes32 deliverable;
        /// Where the provider is paid.
        address payout;
        string description;
    }

    event JobCreated(uint256 indexed jobId, address indexed client, address indexed provider, address evaluator, uint256 expiredAt);
    event ProviderSet(uint256 indexed jobId, address indexed provider);
    event BudgetSet(uint256 indexed jobId, uint256 amount);
    event JobFunded(uint256 indexed jobId, address indexed client, uint256 amount);
    event JobSubmitted(uint256 indexed jobId, address indexed provider, bytes32 deliverable);
    event JobCompleted(uint256 indexed jobId, address indexed evaluator, bytes32 reason);
    event JobRejected(uint256 indexed jobId, address indexed rejector, bytes32 reason);
    event JobExpired(uint256 indexed jobId);
    event PaymentReleased(uint256 indexed jobId, address indexed provider, uint256 amount);
    event Refunded(uint256 indexed jobId, address indexed client, uint256 amount);
    /// @notice Not in the text: where the provider is paid. @param agentId of the till, if `isTill`
    event PayoutSet(uint256 indexed jobId, address payout, bool isTill, uint256 agentId);
    /// @notice Not in the text: the account refused its tokens, which wait for `withdraw`.
    event PaymentKept(IERC20 indexed token, address indexed account, uint256 amount);
    /// @notice Not in the text.
    event PaymentWithdrawn(IERC20 indexed token, address indexed account, uint256 amount);

    error UnknownJob();
    error WrongJobStatus(JobStatus status);
    /// @notice The caller is not the party of the job that may do this.
    error NotParty();
    error JobOutOfBounds(string parameter);
    error HooksNotSupported();
    error ProviderExists();
    error ProviderMissing();
    /// @notice The budget is not, or no longer, what the client agreed to.
    error BudgetChanged(uint256 budget);
    /// @notice The evaluator needs the time from then to the job's end to decide.
    error SubmittedTooLate(uint256 latest);
    error JobNotExpired(uint256 expiredAt);
    error NothingKept();
    error NoTillContract();

    /// @notice In the deployment's token; see `createJobIn`.
    function createJob(address provider, address evaluator, uint256 expiredAt, string calldata description, address hook)
        external
        returns (uint256 jobId);
    /// @param provider zero: the client sets it before it funds the job
    /// @param expiredAt in the future, within 365 days; for the optimistic evaluator at least `decisionSeconds` ahead
    /// @param description 1 to 1024 bytes
    /// @param hook zero
    function createJobIn(
        IERC20 token,
        address provider,
        address evaluator,
        uint256 expiredAt,
        string calldata description,
        address hook
    ) external returns (uint256 jobId);
    /// @notice Client alone, once, if the job was created without a provider.
    function setProvider(uint256 jobId, address provider, bytes calldata optParams) external;
    /// @notice Client or provider, while the job is open. @param amount below 2^128
    function setBudget(uint256 jobId, uint256 amount, bytes calldata optParams) external;
    /// @notice Client alone: pays the budget into escrow. @param expectedBudget what the client agrees to
    function fund(uint256 jobId, uint256 expectedBudget, bytes calldata optParams) external;
    /// @notice Provider alone. @param deliverable reference to what was made; of Chorus nodes the SHA-256 of a
    /// manifest that names the file
    function submit(uint256 jobId, bytes32 deliverable, bytes calldata optParams) external;
    /// @notice Evaluator alone, once the work was submitted.
    function complete(uint256 jobId, bytes32 reason, bytes calldata optParams) external;
    /// @notice The client while the job is open, later the evaluator.
    function reject(uint256 jobId, bytes32 reason, bytes calldata optParams) external;
    /// @notice Anyone, from `expiredAt` on, of a job that is funded or submitted.
    function claimRefund(uint256 jobId) external;

    /// @notice Provider alone, before the job has ended.
    function setPayout(uint256 jobId, address payout) external;
    /// @notice As `setPayout`, to the till of an agent.
    function setPayoutTill(uint256 jobId, uint256 agentId) external;
    /// @notice Pay an account what it is owed here: fees, and payments that could not be made. Anyone may.
    function withdraw(IERC20 token, address account) external returns (uint256 amount);

    function owed(IERC20 token, address account) external view returns (uint256);
    function getJob(uint256 jobId) external view returns (Job memory);
    function jobCount() external view returns (uint256);
    /// @notice The token of `createJob`.
    function paymentToken() external view returns (IERC20);
    function optimisticEvaluator() external view returns (IOptimisticEvaluator);
}
