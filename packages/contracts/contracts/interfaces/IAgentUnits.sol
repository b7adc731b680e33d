// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERC1155} from "@openzeppelin/contracts/token/ERC1155/IERC1155.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title Units of agents: a part of what an agent earns, bought and sold at a price that a formula gives
/// @notice ERC-1155, the id is the identity's number. The owner of an identity launches its units once, under terms that
/// never change: unit k, counted from 0, costs its buyer `base + slope * k` while k are out, and that is
/// what the last one out brings its seller. What the units out cost is the reserve of this agent, and nothing else
/// takes from it. The protocol's fee is on top of a purchase, and off a sale. Payments to the agent in the units' token
/// give `holdersBps` of each to the units out, in equal parts; in another token they give nothing.
/// Amounts are in the token's smallest unit, times in unix seconds.
interface IAgentUnits is IERC1155 {
    struct Launch {
        IERC20 token;
        /// Price of the first unit: 1 to 2^96 - 1.
        uint96 base;
        /// By which each unit costs more than the one before: below 2^96.
        uint96 slope;
        /// Most units at a time: 1 to 2^24. All of them cost less than 2^127.
        uint32 cap;
        /// Of what the protocol's fee leaves of each payment, in hundredths of a percent: at most what the agent's terms
        /// say at launch, which then cannot go below it.
        uint16 holdersBps;
        /// Units that the creator buys at launch, at the price that anyone would pay: at most `cap`.
        uint32 creatorUnits;
        /// Over which these become free to be sold or given away, evenly: at most 4 years.
        uint32 vestingSeconds;
        /// A description for buyers, 1 to 280 bytes.
        string description;
    }

    event Launched(uint256 indexed agentId, address indexed creator, Launch launch);
    event Bought(uint256 indexed agentId, address indexed buyer, uint256 amount, uint256 cost, uint256 fee);
    event Sold(uint256 indexed agentId, address indexed seller, uint256 amount, uint256 proceeds, uint256 fee);
    event RevenueDistributed(uint256 indexed agentId, uint256 amount, uint256 supply);
    event RevenueClaimed(uint256 indexed agentId, address indexed holder, address to, uint256 amount);
    event FeesCollected(IERC20 indexed token, address indexed treasury, uint256 amount);

    error OnlyTills();
    /// @notice The caller neither owns the identity nor is approved for it.
    error NotAuthorized();
    error AlreadyLaunched();
    error NotLaunched();
    error LaunchOutOfBounds(string parameter);
    error ZeroAmount();
    error AboveCap(uint256 available);
    /// @notice The price has moved: the purchase costs more, or the sale brings less, than the caller agreed to.
    error PriceMoved(uint256 price);
    /// @notice The token did not deliver the exact amount (it takes a fee on transfers).
    error InexactTransfer();
    /// @notice That number of the creator's units is not free yet.
    error UnitsVesting(uint256 locked);
    error NothingToClaim();
    error InvalidReceiver();

    /// @notice Owner or operator of the identity alone, once.
    function launch(uint256 agentId, Launch calldata terms) external;
    /// @param maxCost most that the caller pays, fee included
    /// @return paid with the fee
    function buy(uint256 agentId, uint256 amount, uint256 maxCost) external returns (uint256 paid);
    /// @param minProceeds least that the caller gets, fee taken off
    /// @return received without the fee
    function sell(uint256 agentId, uint256 amount, uint256 minProceeds) external returns (uint256 received);
    /// @notice Pay out the caller's revenue of these agents, each in the token of its units.
    function claim(uint256[] calldata agentIds, address to) external;
    /// @notice Pay the fees to the treasury of the day: by anyone.
    function collectFees(IERC20 token) external returns (uint256 amount);
    /// @notice Tills alone: take `amount` from the caller for the units out.
    function distribute(uint256 agentId, IERC20 token, uint256 amount) external;

    /// @notice The terms of an agent's units; the token is zero if none were launched.
    function launchOf(uint256 agentId) external view returns (Launch memory terms, address creator, uint256 launchedAt);
    /// @notice Part of each payment that the units were promised; 0 if none were launched.
    function promisedBps(uint256 agentId) external view returns (uint256);
    /// @notice Whether a payment in `token` has a part for units: they are of this token, and some are out.
    function sharesRevenue(uint256 agentId, IERC20 token) external view returns (bool);
    function supply(uint256 agentId) external view returns (uint256);
    /// @notice What the units out cost, all together.
    function reserve(uint256 agentId) external view returns (uint256);
    /// @return cost without the fee
    /// @return fee on top
    function quoteBuy(uint256 agentId, uint256 amount) external view returns (uint256 cost, uint256 fee);
    /// @return proceeds without the fee
    /// @return fee taken off
    function quoteSell(uint256 agentId, uint256 amount) external view returns (uint256 proceeds, uint256 fee);
    /// @notice Of the creator's units, those that are not free yet.
    function lockedUnits(uint256 agentId) external view returns (uint256);
    /// @notice Revenue that `holder` could claim now.
    function revenueOf(uint256 agentId, address holder) external view returns (uint256);
    function fees(IERC20 token) external view returns (uint256);
}
