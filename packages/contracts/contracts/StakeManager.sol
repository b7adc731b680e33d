// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IParameters} from "./interfaces/IParameters.sol";
import {IStakeManager} from "./interfaces/IStakeManager.sol";

/// @title Stake behind identities
/// @notice This contract has no owner and nothing in it can be changed. Tokens leave it in four ways only: a ticket's
/// value to its owner, a report's reward to its reporter, and a slash's two other parts, burned and to the harmed task.
/// @dev Pools count what was deposited and never read their own balance, so that sending tokens here cannot move
/// a price, and a token that changes balances by itself harms its own pools alone. For every pool:
///   value of the shares that are not unbonding >= locked,
/// so a lock can always be slashed in full. Every division is rounded down, in favour of the pool: the price
/// (tokens + 1) / (shares + VIRTUAL_SHARES) falls by slashing alone.
contract StakeManager is IStakeManager, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;

    struct PoolState {
        uint128 tokens;
        uint128 locked;
        uint224 shares;
        /// Counts how often slashing took the whole pool; shares of an earlier epoch are worth nothing.
        uint32 epoch;
        uint224 unbondingShares;
    }

    struct Lock {
        uint128 amount;
        /// Stays set when it is given back: there is one lock for each task.
        bool taken;
    }

    struct TicketState {
        address owner;
        uint64 maturesAt;
        uint32 epoch;
        IERC20 token;
        uint256 agentId;
        uint256 shares;
    }

    /// @dev Shares without an owner, worth less than one unit: rounding can then not drive up a price. See
    /// OpenZeppelin, ERC-4626, "Defending with a virtual offset".
    uint256 private constant VIRTUAL_SHARES = 10 ** 6;
    uint256 private constant BPS = 10_000;
    address private constant BURN = 0x000000000000000000000000000000000000dEaD;

    IParameters private immutable _parameters;
    IERC721 private immutable _identities;

    uint256 private _ticketCount;
    mapping(IERC20 token => mapping(uint256 agentId => PoolState)) private _pools;
    mapping(IERC20 token => mapping(uint256 agentId => mapping(uint256 epoch => mapping(address owner => uint256))))
        private _shares;
    mapping(IERC20 token => mapping(uint256 agentId => mapping(uint256 taskId => Lock))) private _locks;
    mapping(uint256 ticketId => TicketState) private _tickets;
    /// @inheritdoc IStakeManager
    mapping(IERC20 token => mapping(address reporter => uint256)) public reportRewards;
    /// @inheritdoc IStakeManager
    mapping(bytes32 offence => bool) public wasSlashed;
    /// @inheritdoc IStakeManager
    mapping(uint256 agentId => uint256) public slashCount;

    constructor(IParameters parameters, IERC721 identities) {
        _parameters = parameters;
        _identities = identities;
    }

    modifier onlyTaskManager() {
        if (msg.sender != _parameters.taskManager()) revert OnlyTaskManager();
        _;
    }

    /// @inheritdoc IStakeManager
    function deposit(IERC20 token, uint256 agentId, uint256 amount) external nonReentrant returns (uint256 shares) {
        return _deposit(token, agentId, amount);
    }

    /// @inheritdoc IStakeManager
    function depositWithPermit(
        IERC20 token,
        uint256 agentId,
        uint256 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external nonReentrant returns (uint256 shares) {
        // Anyone who saw the permit may have used it already: what counts is the allowance.
        try IERC20Permit(address(token)).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        return _deposit(token, agentId, amount);
    }

    /// @inheritdoc IStakeManager
    function requestUnbond(IERC20 token, uint256 agentId, uint256 shares)
        external
        nonReentrant
        returns (uint256 ticketId)
    {
        PoolState storage p = _pools[token][agentId];
        if (shares == 0) revert ZeroAmount();
        mapping(address owner => uint256) storage owned = _shares[token][agentId][p.epoch];
        if (owned[msg.sender] < shares) revert NotYourShares();
        uint256 bonded = p.shares - p.unbondingShares;
        if (_value(p, bonded - shares) < p.locked) revert StakeTooSmall(_free(p), _value(p, shares));
        owned[msg.sender] -= shares;
        p.unbondingShares += uint224(shares);
        ticketId = ++_ticketCount;
        uint256 maturesAt = block.timestamp + _parameters.unbondSeconds();
        _tickets[ticketId] = TicketState(msg.sender, uint64(maturesAt), p.epoch, token, agentId, shares);
        emit UnbondRequested(ticketId, token, agentId, msg.sender, shares, maturesAt);
    }

    /// @inheritdoc IStakeManager
    function withdraw(uint256 ticketId) external nonReentrant returns (uint256 amount) {
        TicketState memory t = _tickets[ticketId];
        if (t.owner != msg.sender) revert NotYourShares();
        if (block.timestamp < t.maturesAt) revert NotMature(t.maturesAt);
        delete _tickets[ticketId];
        PoolState storage p = _pools[t.token][t.agentId];
        if (t.epoch == p.epoch) {
            amount = _value(p, t.shares);
            p.tokens -= uint128(amount);
            p.shares -= uint224(t.shares);
            p.unbondingShares -= uint224(t.shares);
        }
        emit Withdrawn(ticketId, msg.sender, amount);
        if (amount != 0) t.token.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IStakeManager
    function claimReports(IERC20 token) external nonReentrant returns (uint256 amount) {
        amount = reportRewards[token][msg.sender];
        if (amount == 0) revert NothingToClaim();
        reportRewards[token][msg.sender] = 0;
        emit ReportsClaimed(token, msg.sender, amount);
        token.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IStakeManager
    function lock(IERC20 token, uint256 agentId, uint256 taskId, uint256 amount) external nonReentrant onlyTaskManager {
        Lock storage held = _locks[token][agentId][taskId];
        if (held.taken) revert AlreadyLocked();
        PoolState storage p = _pools[token][agentId];
        uint256 free = _free(p);
        if (free < amount) revert StakeTooSmall(free, amount);
        // At most the pool's tokens, which are below 2^128.
        held.amount = uint128(amount);
        held.taken = true;
        p.locked += uint128(amount);
        emit Locked(token, agentId, taskId, amount);
    }

    /// @inheritdoc IStakeManager
    function unlock(IERC20 token, uint256 agentId, uint256 taskId) external nonReentrant onlyTaskManager {
        Lock storage held = _locks[token][agentId][taskId];
        uint128 amount = held.amount;
        held.amount = 0;
        _pools[token][agentId].locked -= amount;
        emit Unlocked(token, agentId, taskId, amount);
    }

    /// @inheritdoc IStakeManager
    function slash(
        IERC20 token,
        uint256 agentId,
        uint256 taskId,
        bytes32 offence,
        uint256 amount,
        SlashSplit calldata split
    ) external nonReentrant onlyTaskManager returns (uint256 toHarmed) {
        if (wasSlashed[offence]) revert AlreadySlashed();
        wasSlashed[offence] = true;
        slashCount[agentId]++;
        amount = _take(token, agentId, taskId, amount);
        uint256 toReporter = amount * split.reporterBps / BPS;
        uint256 burned = amount * split.burnBps / BPS;
        toHarmed = amount - toReporter - burned;
        reportRewards[token][split.reporter] += toReporter;
        emit Slashed(token, agentId, taskId, offence, amount, toReporter, burned, toHarmed);
        // A token that refuses the burn address must not stop a task: what it refuses stays here, without an owner.
        if (burned != 0 && !token.trySafeTransfer(BURN, burned)) reportRewards[token][BURN] += burned;
        if (toHarmed != 0) token.safeTransfer(split.harmed, toHarmed);
    }

    /// @inheritdoc IStakeManager
    function pool(IERC20 token, uint256 agentId) external view returns (Pool memory) {
        PoolState storage p = _pools[token][agentId];
        return Pool(p.tokens, p.shares, p.unbondingShares, p.locked);
    }

    /// @inheritdoc IStakeManager
    function freeStake(IERC20 token, uint256 agentId) external view returns (uint256) {
        return _free(_pools[token][agentId]);
    }

    /// @inheritdoc IStakeManager
    function lockOf(IERC20 token, uint256 agentId, uint256 taskId) external view returns (uint256) {
        return _locks[token][agentId][taskId].amount;
    }

    /// @inheritdoc IStakeManager
    function sharesOf(IERC20 token, uint256 agentId, address owner) external view returns (uint256) {
        return _shares[token][agentId][_pools[token][agentId].epoch][owner];
    }

    /// @inheritdoc IStakeManager
    function ticket(uint256 ticketId) external view returns (Ticket memory) {
        TicketState storage t = _tickets[ticketId];
        uint256 shares = t.epoch == _pools[t.token][t.agentId].epoch ? t.shares : 0;
        return Ticket(t.owner, t.token, t.agentId, shares, t.maturesAt);
    }

    function _deposit(IERC20 token, uint256 agentId, uint256 amount) private returns (uint256 shares) {
        if (amount == 0) revert ZeroAmount();
        try _identities.ownerOf(agentId) {}
        catch {
            revert UnknownIdentity();
        }
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        if (token.balanceOf(address(this)) != before + amount) revert InexactTransfer();
        PoolState storage p = _pools[token][agentId];
        shares = Math.mulDiv(amount, p.shares + VIRTUAL_SHARES, uint256(p.tokens) + 1);
        if (shares == 0) revert ZeroAmount();
        p.tokens = (p.tokens + amount).toUint128();
        p.shares = (p.shares + shares).toUint224();
        _shares[token][agentId][p.epoch][msg.sender] += shares;
        emit Deposited(token, agentId, msg.sender, amount, shares);
    }

    /// @dev Take up to `amount` of a lock, and so of its pool.
    function _take(IERC20 token, uint256 agentId, uint256 taskId, uint256 amount) private returns (uint256) {
        Lock storage held = _locks[token][agentId][taskId];
        PoolState storage p = _pools[token][agentId];
        uint128 taken = uint128(Math.min(amount, held.amount));
        if (taken == 0) return 0;
        held.amount -= taken;
        p.locked -= taken;
        p.tokens -= taken;
        if (p.tokens == 0) {
            // Nothing is left for the shares; kept, they would only make those of later deposits absurdly many.
            p.shares = 0;
            p.unbondingShares = 0;
            p.epoch++;
        }
        return taken;
    }

    /// @dev What `shares` stand for: less than tokens + 1, so all shares together never more than the pool.
    function _value(PoolState storage p, uint256 shares) private view returns (uint256) {
        return Math.mulDiv(shares, uint256(p.tokens) + 1, p.shares + VIRTUAL_SHARES);
    }

    function _free(PoolState storage p) private view returns (uint256) {
        return _value(p, p.shares - p.unbondingShares) - p.locked;
    }
}
