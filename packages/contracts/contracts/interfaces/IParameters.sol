// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IContributionVerifier} from "./IContributionVerifier.sol";

/// @title What governance may set, within bounds that no vote can move
/// @notice A task keeps the values it was created under: a vote never reaches a running task, escrow or stake.
interface IParameters {
    /// @notice What offences cost, as parts of the task's stake in hundredths of a percent: one each at most 5000.
    /// Absence, which needs no proof, has a cap over the whole task, and an end: the member is dropped.
    struct Slashing {
        /// A trainer that did not commit before the deadline.
        uint16 trainerAbsence;
        /// A validator that did not seal, did not open what it sealed, or owes a verdict that was asked for.
        uint16 validatorAbsence;
        /// A candidate whose window passed although it could have settled.
        uint16 aggregatorAbsence;
        /// A trainer whose payload a majority of the validators could not get, and that did not win its contest.
        uint16 unavailable;
        /// A validator that signed so and lost the contest.
        uint16 falseVerdict;
        /// A validator whose reference a majority rejected.
        uint16 rejectedReference;
        /// What all absences of one member in one task cost together, at most: 1 to 2000.
        uint16 absenceCap;
        /// A member that is absent in this number of rounds in a row is dropped from the task: 1 to 16.
        uint16 missedRounds;
    }

    event ProtocolFeeSet(uint256 bps);
    event TreasurySet(address indexed treasury);
    event ContestSecondsSet(uint256 value);
    event UnbondSecondsSet(uint256 value);
    event MinimumStakeSet(IERC20 indexed token, uint256 amount);
    event SlashingSet(Slashing slashing);
    event MinPhaseSecondsSet(uint256 value);
    event VerifierAdded(bytes32 indexed rule, uint256 indexed size, IContributionVerifier verifier);
    event ContractsSet(address indexed taskManager, address indexed attestor);
    event ContractAdded(bytes32 indexed name, address indexed target);

    error ValueOutOfBounds(string parameter);
    /// @notice A rule and size has one verifier for ever.
    error VerifierExists();
    error ContractsExist();
    /// @notice A name stands for one contract for ever.
    error ContractExists();

    /// @notice At most 500 (5 %).
    function protocolFeeBps() external view returns (uint256);
    function treasury() external view returns (address);
    /// @notice Seconds in which a trainer that was found unavailable may contest: 1 second to 7 days.
    function contestSeconds() external view returns (uint256);
    /// @notice Seconds between asking for stake back and getting it: more than `contestSeconds`, at most 30 days.
    function unbondSeconds() external view returns (uint256);
    /// @notice Least stake of a task that pays in `token`; 0 where none was set. Below 2^96.
    function minimumStake(IERC20 token) external view returns (uint256);
    function slashing() external view returns (Slashing memory);
    /// @notice Least length of each phase of a task created from now on: 3 seconds to 1 hour. A phase too short to
    /// act in takes stake from the members that join. In 3 seconds a member sees a block and has one more to act in
    /// on every chain that is supported; what training takes is for the members to judge.
    function minPhaseSeconds() external view returns (uint256);
    /// @notice The verifier of `rule` for committees of up to `size` trainers, or zero.
    /// @param rule keccak256 of the rule's name, e.g. keccak256("reference-trust")
    function verifier(bytes32 rule, uint256 size) external view returns (IContributionVerifier);
    /// @notice The one contract that may lock and slash stake. Set once, by the deployer.
    function taskManager() external view returns (address);
    /// @notice Keeps the history that `minReputation` asks for. Set once, with `taskManager`.
    function attestor() external view returns (address);
    /// @notice Contracts around tasks, by keccak256 of a name such as "AgentTills": where clients find them. Zero: none.
    /// Nothing here gives them rights.
    function contractOf(bytes32 name) external view returns (address);

    function setProtocolFee(uint256 bps) external;
    function setTreasury(address treasury) external;
    /// @notice Both windows in one call, so that unbonding is always the longer one.
    function setWindows(uint256 contestSeconds, uint256 unbondSeconds) external;
    function setMinimumStake(IERC20 token, uint256 amount) external;
    function setSlashing(Slashing calldata slashing) external;
    function setMinPhaseSeconds(uint256 value) external;
    function addVerifier(bytes32 rule, uint256 size, IContributionVerifier verifier) external;
    function setContracts(address taskManager, address attestor) external;
    function addContract(bytes32 name, address target) external;
}
