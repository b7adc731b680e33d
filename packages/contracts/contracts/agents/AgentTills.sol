// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IAgentTills} from "../interfaces/IAgentTills.sol";
import {IAgentUnits} from "../interfaces/IAgentUnits.sol";
import {IIdentityRegistry} from "../interfaces/IIdentityRegistry.sol";
import {IModelRoyalties} from "../interfaces/IModelRoyalties.sol";
import {IParameters} from "../interfaces/IParameters.sol";
import {AgentTill} from "./AgentTill.sol";
import {AgentUnits} from "./AgentUnits.sol";

/// @title Where agents are paid, and how a payment is divided
/// @notice This contract has no owner and cannot be changed. Tokens leave it to the royalties and the units of
/// this deployment, and to whom they are owed.
/// @dev Tokens that tills gave are counted as they arrive, and everything that is owed is kept by token: one that misbehaves
/// harms its own receivers alone.
contract AgentTills is IAgentTills, Multicall, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    uint256 private constant BPS = 10_000;
    uint256 private constant MAX_MODELS = 4;
    uint256 private constant MAX_TOOLS = 8;
    uint256 private constant NOTICE = 7 days;

    IParameters private immutable _parameters;
    IIdentityRegistry private immutable _identities;
    address private immutable _till;
    /// @inheritdoc IAgentTills
    IAgentUnits public immutable units;
    /// @inheritdoc IAgentTills
    IModelRoyalties public immutable royalties;

    mapping(uint256 agentId => Terms) private _terms;
    mapping(uint256 agentId => bool) private _hasTerms;
    mapping(uint256 agentId => Terms) private _proposed;
    mapping(uint256 agentId => uint256) private _effectiveAt;
    /// @inheritdoc IAgentTills
    mapping(IERC20 token => mapping(address account => uint256)) public owed;
    /// @dev What other agents' tills passed on to an agent as their tool. It is here, and divided with the agent's till.
    mapping(uint256 agentId => mapping(IERC20 token => uint256)) private _passed;

    constructor(IParameters parameters, IIdentityRegistry identities, IModelRoyalties royalties_) {
        _parameters = parameters;
        _identities = identities;
        royalties = royalties_;
        _till = address(new AgentTill());
        units = new AgentUnits(parameters, identities);
    }

    /// @inheritdoc IAgentTills
    function setTerms(uint256 agentId, Terms calldata terms) external {
        if (!_identities.isAuthorizedOrOwner(msg.sender, agentId)) revert NotAuthorized();
        _check(agentId, terms);
        for (uint256 i = 0; i < terms.models.length; i++) royalties.open(terms.models[i].id);
        if (_hasTerms[agentId]) {
            uint256 effectiveAt = block.timestamp + NOTICE;
            _proposed[agentId] = terms;
            _effectiveAt[agentId] = effectiveAt;
            emit TermsProposed(agentId, terms, effectiveAt);
        } else {
            _hasTerms[agentId] = true;
            _terms[agentId] = terms;
            emit TermsSet(agentId, terms);
        }
    }

    /// @inheritdoc IAgentTills
    function applyTerms(uint256 agentId) external {
        uint256 effectiveAt = _effectiveAt[agentId];
        if (effectiveAt == 0) revert NothingProposed();
        if (block.timestamp < effectiveAt) revert TermsNotDue(effectiveAt);
        Terms memory terms = _proposed[agentId];
        // Units may have been launched since.
        _keepPromise(agentId, terms.holdersBps);
        delete _proposed[agentId];
        delete _effectiveAt[agentId];
        _terms[agentId] = terms;
        emit TermsSet(agentId, terms);
    }

    /// @inheritdoc IAgentTills
    function collect(uint256 agentId, IERC20 token) external nonReentrant returns (uint256 amount) {
        address till = tillOf(agentId);
        if (till.code.length == 0) Clones.cloneDeterministic(_till, bytes32(agentId));
        uint256 passed = _passed[agentId][token];
        _passed[agentId][token] = 0;
        uint256 before = token.balanceOf(address(this));
        AgentTill(till).sweep(token);
        uint256 paid = token.balanceOf(address(this)) - before;
        amount = paid + passed;
        if (amount != 0) _divide(agentId, token, paid, passed);
    }

    /// @inheritdoc IAgentTills
    function withdraw(IERC20 token, address account) external nonReentrant returns (uint256 amount) {
        amount = owed[token][account];
        if (amount == 0) revert NothingToWithdraw();
        owed[token][account] = 0;
        emit Withdrawn(token, account, amount);
        token.safeTransfer(account, amount);
    }

    /// @inheritdoc IAgentTills
    function collectable(uint256 agentId, IERC20 token) external view returns (uint256) {
        return token.balanceOf(tillOf(agentId)) + _passed[agentId][token];
    }

    /// @inheritdoc IAgentTills
    function termsOf(uint256 agentId) external view returns (Terms memory) {
        return _terms[agentId];
    }

    /// @inheritdoc IAgentTills
    function proposedTerms(uint256 agentId) external view returns (Terms memory, uint256) {
        return (_proposed[agentId], _effectiveAt[agentId]);
    }

    /// @inheritdoc IAgentTills
    function tillOf(uint256 agentId) public view returns (address) {
        return Clones.predictDeterministicAddress(_till, bytes32(agentId));
    }

    function _divide(uint256 agentId, IERC20 token, uint256 paid, uint256 passed) private {
        Terms storage terms = _terms[agentId];
        // What was passed on has paid the fee.
        uint256 fee = (paid * _parameters.protocolFeeBps()) / BPS;
        owed[token][_parameters.treasury()] += fee;
        uint256 net = paid - fee + passed;
        uint256 toTrainers = _payTrainers(terms.models, token, net);
        uint256 toHolders = _payHolders(agentId, token, (net * terms.holdersBps) / BPS);
        uint256 toTools = _payTools(terms.tools, token, net);
        uint256 rest = net - toTrainers - toHolders - toTools;
        address creator = _identities.getAgentWallet(agentId);
        // An identity that has changed hands has no wallet until its owner sets one.
        if (creator == address(0)) creator = _identities.ownerOf(agentId);
        owed[token][creator] += rest;
        emit Collected(agentId, token, paid, passed, fee, toTrainers, toHolders, toTools, creator, rest);
    }

    function _payTrainers(Share[] storage models, IERC20 token, uint256 net) private returns (uint256 sum) {
        for (uint256 i = 0; i < models.length; i++) {
            uint256 part = (net * models[i].bps) / BPS;
            if (part == 0) continue;
            sum += part;
            token.forceApprove(address(royalties), part);
            royalties.deposit(models[i].id, token, part);
        }
    }

    /// @return what the holders of units were given: nothing if no unit is out, or the units are of another token
    function _payHolders(uint256 agentId, IERC20 token, uint256 part) private returns (uint256) {
        if (part == 0 || !units.sharesRevenue(agentId, token)) return 0;
        token.forceApprove(address(units), part);
        units.distribute(agentId, token, part);
        return part;
    }

    function _payTools(Share[] storage tools, IERC20 token, uint256 net) private returns (uint256 sum) {
        for (uint256 i = 0; i < tools.length; i++) {
            uint256 part = (net * tools[i].bps) / BPS;
            _passed[tools[i].id][token] += part;
            sum += part;
        }
    }

    function _check(uint256 agentId, Terms calldata terms) private view {
        if (terms.models.length > MAX_MODELS || terms.tools.length > MAX_TOOLS) revert InvalidTerms();
        uint256 sum = terms.holdersBps + _sum(terms.models) + _sum(terms.tools);
        if (sum > BPS) revert InvalidTerms();
        for (uint256 i = 0; i < terms.tools.length; i++) {
            if (terms.tools[i].id == agentId) revert InvalidTerms();
            // Reverts where there is no such identity.
            _identities.ownerOf(terms.tools[i].id);
        }
        _keepPromise(agentId, terms.holdersBps);
    }

    function _keepPromise(uint256 agentId, uint256 holdersBps) private view {
        uint256 promised = units.promisedBps(agentId);
        if (holdersBps < promised) revert BelowPromise(promised);
    }

    function _sum(Share[] calldata shares) private pure returns (uint256 sum) {
        for (uint256 i = 0; i < shares.length; i++) {
            if (shares[i].bps == 0 || (i != 0 && shares[i].id <= shares[i - 1].id)) revert InvalidTerms();
            sum += shares[i].bps;
        }
    }
}
