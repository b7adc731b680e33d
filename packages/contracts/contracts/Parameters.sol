// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IContributionVerifier} from "./interfaces/IContributionVerifier.sol";
import {IParameters} from "./interfaces/IParameters.sol";

/// @title What governance may set
/// @notice The owner is the deployer until everything is in place, then the timelock. The bounds are code: the owner
/// can neither move them nor reach tokens, which are in other contracts that ask this one.
contract Parameters is IParameters, Ownable {
    uint256 private constant MAX_FEE_BPS = 500;
    uint256 private constant MAX_SLASH_BPS = 5000;
    uint256 private constant MAX_ABSENCE_BPS = 2000;
    uint256 private constant MAX_MISSED_ROUNDS = 16;
    uint256 private constant LEAST_PHASE_SECONDS = 3;
    uint256 private constant MOST_PHASE_SECONDS = 1 hours;
    uint256 private constant MAX_CONTEST_SECONDS = 7 days;
    uint256 private constant MAX_UNBOND_SECONDS = 30 days;
    /// @dev The largest committee any circuit is made for.
    uint256 private constant MAX_SIZE = 64;

    /// @inheritdoc IParameters
    address public treasury;
    uint16 private _protocolFeeBps;
    uint32 private _contestSeconds;
    uint32 private _unbondSeconds;
    uint16 private _minPhaseSeconds;
    Slashing private _slashing;
    /// @inheritdoc IParameters
    address public taskManager;
    /// @inheritdoc IParameters
    address public attestor;
    /// @inheritdoc IParameters
    mapping(IERC20 token => uint256) public minimumStake;
    /// @inheritdoc IParameters
    mapping(bytes32 rule => mapping(uint256 size => IContributionVerifier)) public verifier;
    /// @inheritdoc IParameters
    mapping(bytes32 name => address) public contractOf;

    constructor(address owner_, address treasury_) Ownable(owner_) {
        _setProtocolFee(100);
        _setTreasury(treasury_);
        _setWindows(1 hours, 2 hours);
        _setSlashing(
            Slashing({
                trainerAbsence: 100,
                validatorAbsence: 300,
                aggregatorAbsence: 300,
                unavailable: 2000,
                falseVerdict: 2000,
                rejectedReference: 2000,
                absenceCap: 1000,
                missedRounds: 3
            })
        );
        _setMinPhaseSeconds(5);
    }

    /// @inheritdoc IParameters
    function protocolFeeBps() external view returns (uint256) {
        return _protocolFeeBps;
    }

    /// @inheritdoc IParameters
    function contestSeconds() external view returns (uint256) {
        return _contestSeconds;
    }

    /// @inheritdoc IParameters
    function unbondSeconds() external view returns (uint256) {
        return _unbondSeconds;
    }

    /// @inheritdoc IParameters
    function slashing() external view returns (Slashing memory) {
        return _slashing;
    }

    /// @inheritdoc IParameters
    function minPhaseSeconds() external view returns (uint256) {
        return _minPhaseSeconds;
    }

    /// @inheritdoc IParameters
    function setProtocolFee(uint256 bps) external onlyOwner {
        _setProtocolFee(bps);
    }

    /// @inheritdoc IParameters
    function setTreasury(address treasury_) external onlyOwner {
        _setTreasury(treasury_);
    }

    /// @inheritdoc IParameters
    function setWindows(uint256 contestSeconds_, uint256 unbondSeconds_) external onlyOwner {
        _setWindows(contestSeconds_, unbondSeconds_);
    }

    /// @inheritdoc IParameters
    function setMinimumStake(IERC20 token, uint256 amount) external onlyOwner {
        if (amount > type(uint96).max) revert ValueOutOfBounds("minimumStake");
        minimumStake[token] = amount;
        emit MinimumStakeSet(token, amount);
    }

    /// @inheritdoc IParameters
    function setSlashing(Slashing calldata slashing_) external onlyOwner {
        _setSlashing(slashing_);
    }

    /// @inheritdoc IParameters
    function setMinPhaseSeconds(uint256 value) external onlyOwner {
        _setMinPhaseSeconds(value);
    }

    /// @inheritdoc IParameters
    function addVerifier(bytes32 rule, uint256 size, IContributionVerifier verifier_) external onlyOwner {
        if (size == 0 || size > MAX_SIZE) revert ValueOutOfBounds("size");
        if (address(verifier_).code.length == 0) revert ValueOutOfBounds("verifier");
        if (address(verifier[rule][size]) != address(0)) revert VerifierExists();
        verifier[rule][size] = verifier_;
        emit VerifierAdded(rule, size, verifier_);
    }

    /// @inheritdoc IParameters
    function setContracts(address taskManager_, address attestor_) external onlyOwner {
        if (taskManager != address(0)) revert ContractsExist();
        if (taskManager_ == address(0)) revert ValueOutOfBounds("taskManager");
        if (attestor_ == address(0)) revert ValueOutOfBounds("attestor");
        taskManager = taskManager_;
        attestor = attestor_;
        emit ContractsSet(taskManager_, attestor_);
    }

    /// @inheritdoc IParameters
    function addContract(bytes32 name, address target) external onlyOwner {
        if (target.code.length == 0) revert ValueOutOfBounds("target");
        if (contractOf[name] != address(0)) revert ContractExists();
        contractOf[name] = target;
        emit ContractAdded(name, target);
    }

    function _setProtocolFee(uint256 bps) private {
        if (bps > MAX_FEE_BPS) revert ValueOutOfBounds("protocolFeeBps");
        _protocolFeeBps = uint16(bps);
        emit ProtocolFeeSet(bps);
    }

    function _setTreasury(address treasury_) private {
        if (treasury_ == address(0)) revert ValueOutOfBounds("treasury");
        treasury = treasury_;
        emit TreasurySet(treasury_);
    }

    function _setWindows(uint256 contestSeconds_, uint256 unbondSeconds_) private {
        if (contestSeconds_ == 0 || contestSeconds_ > MAX_CONTEST_SECONDS) revert ValueOutOfBounds("contestSeconds");
        if (unbondSeconds_ <= contestSeconds_ || unbondSeconds_ > MAX_UNBOND_SECONDS) {
            revert ValueOutOfBounds("unbondSeconds");
        }
        _contestSeconds = uint32(contestSeconds_);
        _unbondSeconds = uint32(unbondSeconds_);
        emit ContestSecondsSet(contestSeconds_);
        emit UnbondSecondsSet(unbondSeconds_);
    }

    function _setSlashing(Slashing memory s) private {
        _boundSlash(s.trainerAbsence, "trainerAbsence");
        _boundSlash(s.validatorAbsence, "validatorAbsence");
        _boundSlash(s.aggregatorAbsence, "aggregatorAbsence");
        _boundSlash(s.unavailable, "unavailable");
        _boundSlash(s.falseVerdict, "falseVerdict");
        _boundSlash(s.rejectedReference, "rejectedReference");
        if (s.absenceCap == 0 || s.absenceCap > MAX_ABSENCE_BPS) revert ValueOutOfBounds("absenceCap");
        if (s.missedRounds == 0 || s.missedRounds > MAX_MISSED_ROUNDS) revert ValueOutOfBounds("missedRounds");
        _slashing = s;
        emit SlashingSet(s);
    }

    function _setMinPhaseSeconds(uint256 value) private {
        if (value < LEAST_PHASE_SECONDS || value > MOST_PHASE_SECONDS) revert ValueOutOfBounds("minPhaseSeconds");
        _minPhaseSeconds = uint16(value);
        emit MinPhaseSecondsSet(value);
    }

    function _boundSlash(uint256 bps, string memory name) private pure {
        if (bps > MAX_SLASH_BPS) revert ValueOutOfBounds(name);
    }
}
