// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IAgentUnits} from "./IAgentUnits.sol";
import {IModelRoyalties} from "./IModelRoyalties.sol";

/// @title Where agents are paid, and how a payment is divided
/// @notice Every identity has a till: an address that takes any token, also before there is code at it. Anyone may
/// collect a till; what is in it is divided by the agent's terms: the protocol's fee first, then of the rest the parts of
/// those who trained its models, of the holders of its units, of the tools it uses, and what is left to the agent itself.
/// What another agent's till passed on to it as a tool is divided with it, without a second fee.
/// Whether an agent really uses the models and tools that its terms name, no contract can know: the terms are what its
/// owner commits to in public.
/// Amounts are in the token's smallest unit, times in unix seconds.
interface IAgentTills {
    /// @notice A part of each payment, in hundredths of a percent of what the protocol's fee leaves: at least 1.
    struct Share {
        /// Of a task, or of an agent.
        uint64 id;
        uint16 bps;
    }

    /// @notice All parts together at most 10000; what is left is the agent's.
    struct Terms {
        uint16 holdersBps;
        /// Tasks, to the trainers of which this goes: at most 4, ascending by id.
        Share[] models;
        /// Agents, to the tills of which this goes: at most 8, ascending by id, never the agent itself.
        Share[] tools;
    }

    event TermsProposed(uint256 indexed agentId, Terms terms, uint256 effectiveAt);
    event TermsSet(uint256 indexed agentId, Terms terms);
    /// @param paid what was in the till, and `passed` what tills that this agent is a tool of passed on to it
    /// @param creator the account that `rest` is owed to
    event Collected(
        uint256 indexed agentId,
        IERC20 indexed token,
        uint256 paid,
        uint256 passed,
        uint256 protocolFee,
        uint256 trainers,
        uint256 holders,
        uint256 tools,
        address creator,
        uint256 rest
    );
    event Withdrawn(IERC20 indexed token, address indexed account, uint256 amount);

    /// @notice The caller neither owns the identity nor is approved for it.
    error NotAuthorized();
    /// @notice Too many entries, not ascending, a part of nothing, or more than everything.
    error InvalidTerms();
    /// @notice Less for the holders of units than was promised to them.
    error BelowPromise(uint256 promisedBps);
    error NothingProposed();
    error TermsNotDue(uint256 effectiveAt);
    error NothingToWithdraw();

    /// @notice Set an agent's terms: owner or operator of the identity alone. The first terms count at once, all later
    /// ones 7 days after they were proposed, when somebody calls `applyTerms`; a new proposal replaces the last.
    /// Each task must have paid a trainer by now; its royalties are opened (see `IModelRoyalties`).
    function setTerms(uint256 agentId, Terms calldata terms) external;
    function applyTerms(uint256 agentId) external;
    /// @notice Divide what is in the till: by anyone, at any time. Everything is kept for its owner to pull, so that no
    /// receiver can stop the others' parts.
    /// @return amount what was divided; 0 if the till is empty
    function collect(uint256 agentId, IERC20 token) external returns (uint256 amount);
    /// @notice Pay out what an account is owed, to itself: by anyone.
    function withdraw(IERC20 token, address account) external returns (uint256 amount);

    /// @notice The till's address, which depends on this contract and the identity's number alone.
    function tillOf(uint256 agentId) external view returns (address);
    /// @notice What a call of `collect` would divide now.
    function collectable(uint256 agentId, IERC20 token) external view returns (uint256);
    function termsOf(uint256 agentId) external view returns (Terms memory);
    /// @notice Terms that wait for their time; `effectiveAt` is 0 if nothing is proposed.
    function proposedTerms(uint256 agentId) external view returns (Terms memory terms, uint256 effectiveAt);
    /// @notice What was divided and is not paid out yet, of agents and of the treasury.
    function owed(IERC20 token, address account) external view returns (uint256);
    function units() external view returns (IAgentUnits);
    function royalties() external view returns (IModelRoyalties);
}
