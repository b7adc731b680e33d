// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC721Metadata} from "@openzeppelin/contracts/token/ERC721/extensions/IERC721Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IAgentTills} from "../interfaces/IAgentTills.sol";
import {IAgentUnits} from "../interfaces/IAgentUnits.sol";
import {IIdentityRegistry} from "../interfaces/IIdentityRegistry.sol";
import {IParameters} from "../interfaces/IParameters.sol";
import {UnitPrices} from "./UnitPrices.sol";

/// @title Units of agents
/// @notice This contract has no owner; no launch can be paused, minted beyond its formula, or changed.
/// @dev Everything is counted, nothing is read from balances. For every agent
///   reserve = sum of the prices of the units out,
///   sum of the revenue due <= revenue distributed - revenue claimed,
/// and the balance in a token is at least the reserves, revenues and fees in it, as long as the token keeps balances.
contract AgentUnits is IAgentUnits, ERC1155, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    struct Agent {
        IERC20 token;
        uint96 base;
        address creator;
        uint96 slope;
        uint32 cap;
        uint32 supply;
        uint16 holdersBps;
        uint32 creatorUnits;
        uint32 vestingSeconds;
        uint64 launchedAt;
        string description;
        /// Revenue of one unit since launch, in 2^-64 of the smallest unit of the token.
        uint256 revenuePerUnit;
        /// What division by the units out left so far, in the same fraction.
        uint256 remainder;
    }

    struct Holder {
        /// `revenuePerUnit` when the holder's revenue was last counted.
        uint256 counted;
        uint256 due;
    }

    uint256 private constant BPS = 10_000;
    uint256 private constant MAX_CAP = 2 ** 24;
    uint256 private constant MAX_VESTING_SECONDS = 4 * 365 days;
    uint256 private constant MAX_DESCRIPTION_BYTES = 280;
    uint256 private constant FRACTION_BITS = 64;

    IAgentTills private immutable _tills;
    IParameters private immutable _parameters;
    IIdentityRegistry private immutable _identities;

    mapping(uint256 agentId => Agent) private _agents;
    mapping(uint256 agentId => mapping(address holder => Holder)) private _holders;
    /// @inheritdoc IAgentUnits
    mapping(IERC20 token => uint256) public fees;

    /// @dev Made by the tills, which alone may distribute.
    constructor(IParameters parameters, IIdentityRegistry identities) ERC1155("") {
        _tills = IAgentTills(msg.sender);
        _parameters = parameters;
        _identities = identities;
    }

    modifier onlyLaunched(uint256 agentId) {
        if (_agents[agentId].creator == address(0)) revert NotLaunched();
        _;
    }

    /// @inheritdoc IAgentUnits
    function launch(uint256 agentId, Launch calldata terms) external nonReentrant {
        if (!_identities.isAuthorizedOrOwner(msg.sender, agentId)) revert NotAuthorized();
        Agent storage agent = _agents[agentId];
        if (agent.creator != address(0)) revert AlreadyLaunched();
        _check(agentId, terms);
        (agent.token, agent.base, agent.slope, agent.cap) = (terms.token, terms.base, terms.slope, terms.cap);
        (agent.creator, agent.holdersBps, agent.description) = (msg.sender, terms.holdersBps, terms.description);
        (agent.creatorUnits, agent.vestingSeconds) = (terms.creatorUnits, terms.vestingSeconds);
        agent.launchedAt = uint64(block.timestamp);
        emit Launched(agentId, msg.sender, terms);
        if (terms.creatorUnits != 0) _buy(agentId, agent, terms.creatorUnits, type(uint256).max);
    }

    /// @inheritdoc IAgentUnits
    function buy(uint256 agentId, uint256 amount, uint256 maxCost)
        external
        nonReentrant
        onlyLaunched(agentId)
        returns (uint256)
    {
        Agent storage agent = _agents[agentId];
        // What is in the till is of those who hold units now: a buyer gets no part of it.
        _tills.collect(agentId, agent.token);
        return _buy(agentId, agent, amount, maxCost);
    }

    /// @inheritdoc IAgentUnits
    function sell(uint256 agentId, uint256 amount, uint256 minProceeds)
        external
        nonReentrant
        onlyLaunched(agentId)
        returns (uint256 received)
    {
        Agent storage agent = _agents[agentId];
        // A seller gets its part of what is in the till, if that can be divided: the way out is open even if it cannot.
        try _tills.collect(agentId, agent.token) {} catch {}
        (uint256 proceeds, uint256 fee) = _quoteSell(agent, amount);
        received = proceeds - fee;
        if (received < minProceeds) revert PriceMoved(received);
        _burn(msg.sender, agentId, amount);
        agent.supply -= uint32(amount);
        fees[agent.token] += fee;
        emit Sold(agentId, msg.sender, amount, proceeds, fee);
        agent.token.safeTransfer(msg.sender, received);
    }

    /// @inheritdoc IAgentUnits
    function claim(uint256[] calldata agentIds, address to) external nonReentrant {
        if (to == address(0) || to == address(this)) revert InvalidReceiver();
        bool any = false;
        for (uint256 i = 0; i < agentIds.length; i++) {
            uint256 agentId = agentIds[i];
            _count(agentId, msg.sender);
            uint256 due = _holders[agentId][msg.sender].due;
            if (due == 0) continue;
            any = true;
            _holders[agentId][msg.sender].due = 0;
            emit RevenueClaimed(agentId, msg.sender, to, due);
            _agents[agentId].token.safeTransfer(to, due);
        }
        if (!any) revert NothingToClaim();
    }

    /// @inheritdoc IAgentUnits
    function collectFees(IERC20 token) external nonReentrant returns (uint256 amount) {
        amount = fees[token];
        if (amount == 0) revert NothingToClaim();
        fees[token] = 0;
        address treasury = _parameters.treasury();
        emit FeesCollected(token, treasury, amount);
        token.safeTransfer(treasury, amount);
    }

    /// @inheritdoc IAgentUnits
    /// @dev Not guarded: `buy` and `sell` have the tills call it. It writes nothing that these have read before.
    function distribute(uint256 agentId, IERC20 token, uint256 amount) external {
        if (msg.sender != address(_tills)) revert OnlyTills();
        Agent storage agent = _agents[agentId];
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 arrived = token.balanceOf(address(this)) - before;
        uint256 fraction = (arrived << FRACTION_BITS) + agent.remainder;
        agent.revenuePerUnit += fraction / agent.supply;
        agent.remainder = fraction % agent.supply;
        emit RevenueDistributed(agentId, arrived, agent.supply);
    }

    /// @inheritdoc IAgentUnits
    function launchOf(uint256 agentId)
        external
        view
        returns (Launch memory terms, address creator, uint256 launchedAt)
    {
        Agent storage agent = _agents[agentId];
        (terms.token, terms.base, terms.slope, terms.cap) = (agent.token, agent.base, agent.slope, agent.cap);
        (terms.holdersBps, terms.creatorUnits) = (agent.holdersBps, agent.creatorUnits);
        (terms.vestingSeconds, terms.description) = (agent.vestingSeconds, agent.description);
        return (terms, agent.creator, agent.launchedAt);
    }

    /// @inheritdoc IAgentUnits
    function promisedBps(uint256 agentId) external view returns (uint256) {
        return _agents[agentId].holdersBps;
    }

    /// @inheritdoc IAgentUnits
    function sharesRevenue(uint256 agentId, IERC20 token) external view returns (bool) {
        Agent storage agent = _agents[agentId];
        return agent.supply != 0 && address(agent.token) == address(token);
    }

    /// @inheritdoc IAgentUnits
    function supply(uint256 agentId) external view returns (uint256) {
        return _agents[agentId].supply;
    }

    /// @inheritdoc IAgentUnits
    function reserve(uint256 agentId) external view returns (uint256) {
        Agent storage agent = _agents[agentId];
        return UnitPrices.cost(agent.base, agent.slope, 0, agent.supply);
    }

    /// @inheritdoc IAgentUnits
    function quoteBuy(uint256 agentId, uint256 amount)
        external
        view
        onlyLaunched(agentId)
        returns (uint256 cost, uint256 fee)
    {
        return _quoteBuy(_agents[agentId], amount);
    }

    /// @inheritdoc IAgentUnits
    function quoteSell(uint256 agentId, uint256 amount)
        external
        view
        onlyLaunched(agentId)
        returns (uint256 proceeds, uint256 fee)
    {
        return _quoteSell(_agents[agentId], amount);
    }

    /// @inheritdoc IAgentUnits
    function revenueOf(uint256 agentId, address holder) external view returns (uint256) {
        Holder storage state = _holders[agentId][holder];
        return state.due + _uncounted(agentId, holder);
    }

    /// @notice The registration file of the agent.
    function uri(uint256 agentId) public view override returns (string memory) {
        return IERC721Metadata(address(_identities)).tokenURI(agentId);
    }

    /// @inheritdoc IAgentUnits
    function lockedUnits(uint256 agentId) public view returns (uint256) {
        Agent storage agent = _agents[agentId];
        uint256 age = block.timestamp - agent.launchedAt;
        if (agent.vestingSeconds <= age) return 0;
        return Math.ceilDiv(uint256(agent.creatorUnits) * (agent.vestingSeconds - age), agent.vestingSeconds);
    }

    /// @dev Revenue follows the units that were held when it came; a creator keeps what is not free yet.
    function _update(address from, address to, uint256[] memory ids, uint256[] memory values) internal override {
        for (uint256 i = 0; i < ids.length; i++) {
            if (from != address(0)) _count(ids[i], from);
            if (to != address(0)) _count(ids[i], to);
        }
        super._update(from, to, ids, values);
        for (uint256 i = 0; i < ids.length; i++) {
            if (from != _agents[ids[i]].creator) continue;
            uint256 locked = lockedUnits(ids[i]);
            if (from != address(0) && balanceOf(from, ids[i]) < locked) revert UnitsVesting(locked);
        }
    }

    function _buy(uint256 agentId, Agent storage agent, uint256 amount, uint256 maxCost)
        private
        returns (uint256 paid)
    {
        (uint256 cost, uint256 fee) = _quoteBuy(agent, amount);
        paid = cost + fee;
        if (paid > maxCost) revert PriceMoved(paid);
        // First, so that revenue which a hook of the token brings meanwhile is divided by the units that are out.
        uint256 before = agent.token.balanceOf(address(this));
        agent.token.safeTransferFrom(msg.sender, address(this), paid);
        if (agent.token.balanceOf(address(this)) != before + paid) revert InexactTransfer();
        agent.supply += uint32(amount);
        fees[agent.token] += fee;
        emit Bought(agentId, msg.sender, amount, cost, fee);
        // Last, since a receiving contract is called.
        _mint(msg.sender, agentId, amount, "");
    }

    function _count(uint256 agentId, address holder) private {
        Holder storage state = _holders[agentId][holder];
        uint256 revenue = _uncounted(agentId, holder);
        if (revenue != 0) state.due += revenue;
        state.counted = _agents[agentId].revenuePerUnit;
    }

    function _uncounted(uint256 agentId, address holder) private view returns (uint256) {
        uint256 since = _agents[agentId].revenuePerUnit - _holders[agentId][holder].counted;
        return (since * balanceOf(holder, agentId)) >> FRACTION_BITS;
    }

    function _quoteBuy(Agent storage agent, uint256 amount) private view returns (uint256 cost, uint256 fee) {
        if (amount == 0) revert ZeroAmount();
        uint256 available = agent.cap - agent.supply;
        if (amount > available) revert AboveCap(available);
        cost = UnitPrices.cost(agent.base, agent.slope, agent.supply, amount);
        fee = _feeOf(cost);
    }

    function _quoteSell(Agent storage agent, uint256 amount) private view returns (uint256 proceeds, uint256 fee) {
        if (amount == 0) revert ZeroAmount();
        if (amount > agent.supply) revert AboveCap(agent.supply);
        proceeds = UnitPrices.cost(agent.base, agent.slope, agent.supply - amount, amount);
        fee = _feeOf(proceeds);
    }

    function _feeOf(uint256 amount) private view returns (uint256) {
        return (amount * _parameters.protocolFeeBps()) / BPS;
    }

    function _check(uint256 agentId, Launch calldata terms) private view {
        if (address(terms.token).code.length == 0) revert LaunchOutOfBounds("token");
        if (terms.base == 0) revert LaunchOutOfBounds("base");
        if (terms.cap == 0 || terms.cap > MAX_CAP) revert LaunchOutOfBounds("cap");
        if (UnitPrices.cost(terms.base, terms.slope, 0, terms.cap) > uint256(type(uint128).max) / 2) {
            revert LaunchOutOfBounds("slope");
        }
        if (terms.creatorUnits > terms.cap) revert LaunchOutOfBounds("creatorUnits");
        if (terms.vestingSeconds > MAX_VESTING_SECONDS) revert LaunchOutOfBounds("vestingSeconds");
        uint256 length = bytes(terms.description).length;
        if (length == 0 || length > MAX_DESCRIPTION_BYTES) revert LaunchOutOfBounds("description");
        if (terms.holdersBps > _tills.termsOf(agentId).holdersBps) revert LaunchOutOfBounds("holdersBps");
    }
}
