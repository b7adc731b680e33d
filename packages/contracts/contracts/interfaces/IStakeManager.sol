// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title Stake behind identities
/// @notice Anyone deposits any token behind an identity of the registry (their own, or another's: delegation) and
/// receives shares of that identity's pool of that token. A task locks part of a pool while the identity is its
/// member; slashing takes from the pool, and so from all its shares, also those that are unbonding. What is not
/// locked can be unbonded, and withdrawn after a delay longer than every challenge window.
/// Amounts are in the token's smallest unit, times in unix seconds.
interface IStakeManager {
    struct Pool {
        /// What the shares stand for, below 2^128.
        uint256 tokens;
        uint256 shares;
        /// Of `shares`, those that are unbonding.
        uint256 unbondingShares;
        /// Of `tokens`, what tasks have locked.
        uint256 locked;
    }

    struct Ticket {
        address owner;
        IERC20 token;
        uint256 agentId;
        uint256 shares;
        uint256 maturesAt;
    }

    /// @notice Where slashed tokens go.
    struct SlashSplit {
        address reporter;
        uint256 reporterBps;
        uint256 burnBps;
        /// Receives the rest: the harmed task's contract.
        address harmed;
    }

    event Deposited(IERC20 indexed token, uint256 indexed agentId, address indexed owner, uint256 amount, uint256 shares);
    event UnbondRequested(uint256 indexed ticketId, IERC20 indexed token, uint256 indexed agentId, address owner, uint256 shares, uint256 maturesAt);
    event Withdrawn(uint256 indexed ticketId, address indexed owner, uint256 amount);
    event ReportsClaimed(IERC20 indexed token, address indexed reporter, uint256 amount);
    event Locked(IERC20 indexed token, uint256 indexed agentId, uint256 indexed taskId, uint256 amount);
    event Unlocked(IERC20 indexed token, uint256 indexed agentId, uint256 indexed taskId, uint256 amount);
    event Slashed(
        IERC20 indexed token,
        uint256 indexed agentId,
        uint256 indexed taskId,
        bytes32 offence,
        uint256 amount,
        uint256 toReporter,
        uint256 burned,
        uint256 toHarmed
    );

    error OnlyTaskManager();
    error UnknownIdentity();
    error ZeroAmount();
    /// @notice The token did not deliver the exact amount (it takes a fee on transfers).
    error InexactTransfer();
    error StakeTooSmall(uint256 free, uint256 needed);
    error AlreadyLocked();
    error NotYourShares();
    error NotMature(uint256 maturesAt);
    error AlreadySlashed();
    error NothingToClaim();

    /// @return shares of the pool, owned by the caller
    function deposit(IERC20 token, uint256 agentId, uint256 amount) external returns (uint256 shares);
    /// @notice As `deposit`, with the approval signed (EIP-2612).
    function depositWithPermit(IERC20 token, uint256 agentId, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        returns (uint256 shares);
    function requestUnbond(IERC20 token, uint256 agentId, uint256 shares) external returns (uint256 ticketId);
    /// @notice Pay a matured ticket out to its owner, for what its shares are worth now.
    function withdraw(uint256 ticketId) external returns (uint256 amount);
    /// @notice Pay out what the caller earned by reporting offences.
    function claimReports(IERC20 token) external returns (uint256 amount);

    /// @notice Task contract alone: hold `amount` of the pool's free tokens for a task. Once for each (token, agent, task).
    function lock(IERC20 token, uint256 agentId, uint256 taskId, uint256 amount) external;
    /// @notice Task contract alone: give back what is left of that lock.
    function unlock(IERC20 token, uint256 agentId, uint256 taskId) external;
    /// @notice Task contract alone: take up to `amount` of that lock, at most once for each offence.
    /// @return toHarmed what was sent to `split.harmed`
    function slash(IERC20 token, uint256 agentId, uint256 taskId, bytes32 offence, uint256 amount, SlashSplit calldata split)
        external
        returns (uint256 toHarmed);

    function pool(IERC20 token, uint256 agentId) external view returns (Pool memory);
    /// @notice What a task could lock of the pool now.
    function freeStake(IERC20 token, uint256 agentId) external view returns (uint256);
    function lockOf(IERC20 token, uint256 agentId, uint256 taskId) external view returns (uint256);
    function sharesOf(IERC20 token, uint256 agentId, address owner) external view returns (uint256);
    function ticket(uint256 ticketId) external view returns (Ticket memory);
    function reportRewards(IERC20 token, address reporter) external view returns (uint256);
    function wasSlashed(bytes32 offence) external view returns (bool);
    /// @notice How many offences this identity was slashed for, in any token.
    function slashCount(uint256 agentId) external view returns (uint256);
}
