// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IIdentityRegistry} from "../interfaces/IIdentityRegistry.sol";
import {IReputationRegistry} from "../interfaces/IReputationRegistry.sol";

/// @title ERC-8004 reputation registry
/// @notice ABI-equal to the draft; it has no owner and cannot be upgraded.
contract ReputationRegistry is IReputationRegistry {
    using SafeCast for int256;

    struct Feedback {
        int128 value;
        uint8 valueDecimals;
        bool isRevoked;
        string tag1;
        string tag2;
        address[] responders;
        mapping(address responder => uint64) responses;
    }

    /// @dev Which feedback a reader asks for.
    struct Filter {
        bytes32 tag1;
        bytes32 tag2;
        bool includeRevoked;
    }

    uint8 private constant MAX_DECIMALS = 18;
    /// @dev With 18 decimals more, a sum of 2^64 such values still fits an int256.
    int128 private constant MAX_VALUE = 10 ** 38;
    bytes32 private constant EMPTY = keccak256("");

    IIdentityRegistry private immutable _identities;

    mapping(uint256 agentId => mapping(address client => mapping(uint64 index => Feedback))) private _feedback;
    mapping(uint256 agentId => mapping(address client => uint64)) private _lastIndex;
    mapping(uint256 agentId => address[]) private _clients;

    constructor(IIdentityRegistry identities) {
        _identities = identities;
    }

    /// @inheritdoc IReputationRegistry
    function getIdentityRegistry() external view returns (address) {
        return address(_identities);
    }

    /// @inheritdoc IReputationRegistry
    function giveFeedback(
        uint256 agentId,
        int128 value,
        uint8 valueDecimals,
        string calldata tag1,
        string calldata tag2,
        string calldata endpoint,
        string calldata feedbackURI,
        bytes32 feedbackHash
    ) external {
        if (valueDecimals > MAX_DECIMALS || value > MAX_VALUE || value < -MAX_VALUE) revert ValueOutOfBounds();
        // Reverts where there is no such identity.
        if (_identities.isAuthorizedOrOwner(msg.sender, agentId)) revert SelfFeedback();
        uint64 index = ++_lastIndex[agentId][msg.sender];
        if (index == 1) _clients[agentId].push(msg.sender);
        Feedback storage f = _feedback[agentId][msg.sender][index];
        (f.value, f.valueDecimals, f.tag1, f.tag2) = (value, valueDecimals, tag1, tag2);
        emit NewFeedback(
            agentId, msg.sender, index, value, valueDecimals, tag1, tag1, tag2, endpoint, feedbackURI, feedbackHash
        );
    }

    /// @inheritdoc IReputationRegistry
    function revokeFeedback(uint256 agentId, uint64 feedbackIndex) external {
        Feedback storage f = _existing(agentId, msg.sender, feedbackIndex);
        if (f.isRevoked) revert AlreadyRevoked();
        f.isRevoked = true;
        emit FeedbackRevoked(agentId, msg.sender, feedbackIndex);
    }

    /// @inheritdoc IReputationRegistry
    function appendResponse(
        uint256 agentId,
        address clientAddress,
        uint64 feedbackIndex,
        string calldata responseURI,
        bytes32 responseHash
    ) external {
        if (bytes(responseURI).length == 0) revert EmptyURI();
        Feedback storage f = _existing(agentId, clientAddress, feedbackIndex);
        if (++f.responses[msg.sender] == 1) f.responders.push(msg.sender);
        emit ResponseAppended(agentId, clientAddress, feedbackIndex, msg.sender, responseURI, responseHash);
    }

    /// @inheritdoc IReputationRegistry
    function getLastIndex(uint256 agentId, address clientAddress) external view returns (uint64) {
        return _lastIndex[agentId][clientAddress];
    }

    /// @inheritdoc IReputationRegistry
    function getClients(uint256 agentId) external view returns (address[] memory) {
        return _clients[agentId];
    }

    /// @inheritdoc IReputationRegistry
    function readFeedback(uint256 agentId, address clientAddress, uint64 feedbackIndex)
        external
        view
        returns (int128 value, uint8 valueDecimals, string memory tag1, string memory tag2, bool isRevoked)
    {
        Feedback storage f = _existing(agentId, clientAddress, feedbackIndex);
        return (f.value, f.valueDecimals, f.tag1, f.tag2, f.isRevoked);
    }

    /// @inheritdoc IReputationRegistry
    function getSummary(
        uint256 agentId,
        address[] calldata clientAddresses,
        string calldata tag1,
        string calldata tag2
    ) external view returns (uint64 count, int128 summaryValue, uint8 summaryValueDecimals) {
        if (clientAddresses.length == 0) revert NoClients();
        Filter memory filter = Filter(keccak256(bytes(tag1)), keccak256(bytes(tag2)), false);
        int256 sum = 0;
        uint64[MAX_DECIMALS + 1] memory given;
        for (uint256 i = 0; i < clientAddresses.length; i++) {
            uint64 last = _lastIndex[agentId][clientAddresses[i]];
            for (uint64 index = 1; index <= last; index++) {
                Feedback storage f = _feedback[agentId][clientAddresses[i]][index];
                if (!_matches(f, filter)) continue;
                sum += f.value * int256(10 ** (MAX_DECIMALS - f.valueDecimals));
                given[f.valueDecimals]++;
                count++;
            }
        }
        if (count == 0) return (0, 0, 0);
        for (uint8 d = 1; d <= MAX_DECIMALS; d++) {
            if (given[d] > given[summaryValueDecimals]) summaryValueDecimals = d;
        }
        int256 unit = int256(10 ** (MAX_DECIMALS - summaryValueDecimals));
        // Large values given without decimals need not fit in the decimals of the others.
        summaryValue = (sum / int256(uint256(count)) / unit).toInt128();
    }

    /// @inheritdoc IReputationRegistry
    function readAllFeedback(
        uint256 agentId,
        address[] calldata clientAddresses,
        string calldata tag1,
        string calldata tag2,
        bool includeRevoked
    )
        external
        view
        returns (
            address[] memory clients,
            uint64[] memory feedbackIndexes,
            int128[] memory values,
            uint8[] memory valueDecimals,
            string[] memory tag1s,
            string[] memory tag2s,
            bool[] memory revokedStatuses
        )
    {
        Filter memory filter = Filter(keccak256(bytes(tag1)), keccak256(bytes(tag2)), includeRevoked);
        address[] memory asked = clientAddresses;
        if (asked.length == 0) asked = _clients[agentId];
        (clients, feedbackIndexes) = _find(agentId, asked, filter);
        values = new int128[](clients.length);
        valueDecimals = new uint8[](clients.length);
        tag1s = new string[](clients.length);
        tag2s = new string[](clients.length);
        revokedStatuses = new bool[](clients.length);
        for (uint256 i = 0; i < clients.length; i++) {
            Feedback storage f = _feedback[agentId][clients[i]][feedbackIndexes[i]];
            values[i] = f.value;
            valueDecimals[i] = f.valueDecimals;
            tag1s[i] = f.tag1;
            tag2s[i] = f.tag2;
            revokedStatuses[i] = f.isRevoked;
        }
    }

    /// @inheritdoc IReputationRegistry
    function getResponseCount(
        uint256 agentId,
        address clientAddress,
        uint64 feedbackIndex,
        address[] calldata responders
    ) external view returns (uint64 count) {
        if (clientAddress != address(0)) return _countOf(agentId, clientAddress, feedbackIndex, responders);
        address[] storage clients = _clients[agentId];
        for (uint256 i = 0; i < clients.length; i++) {
            count += _countOf(agentId, clients[i], 0, responders);
        }
    }

    function _countOf(uint256 agentId, address client, uint64 index, address[] calldata responders)
        private
        view
        returns (uint64 count)
    {
        if (index != 0) return _count(_feedback[agentId][client][index], responders);
        uint64 last = _lastIndex[agentId][client];
        for (uint64 i = 1; i <= last; i++) {
            count += _count(_feedback[agentId][client][i], responders);
        }
    }

    function _count(Feedback storage f, address[] calldata responders) private view returns (uint64 count) {
        address[] memory counted = responders;
        if (counted.length == 0) counted = f.responders;
        for (uint256 i = 0; i < counted.length; i++) {
            count += f.responses[counted[i]];
        }
    }

    /// @dev Where the feedback of `asked` that matches is, in the order of `asked` and of its index.
    function _find(uint256 agentId, address[] memory asked, Filter memory filter)
        private
        view
        returns (address[] memory clients, uint64[] memory indexes)
    {
        uint256 total = 0;
        for (uint256 i = 0; i < asked.length; i++) {
            total += _lastIndex[agentId][asked[i]];
        }
        clients = new address[](total);
        indexes = new uint64[](total);
        uint256 found = 0;
        for (uint256 i = 0; i < asked.length; i++) {
            uint64 last = _lastIndex[agentId][asked[i]];
            for (uint64 index = 1; index <= last; index++) {
                if (!_matches(_feedback[agentId][asked[i]][index], filter)) continue;
                clients[found] = asked[i];
                indexes[found++] = index;
            }
        }
        assembly ("memory-safe") {
            // Fewer than was made room for.
            mstore(clients, found)
            mstore(indexes, found)
        }
    }

    function _matches(Feedback storage f, Filter memory filter) private view returns (bool) {
        if (f.isRevoked && !filter.includeRevoked) return false;
        if (filter.tag1 != EMPTY && filter.tag1 != keccak256(bytes(f.tag1))) return false;
        return filter.tag2 == EMPTY || filter.tag2 == keccak256(bytes(f.tag2));
    }

    function _existing(uint256 agentId, address client, uint64 index) private view returns (Feedback storage) {
        if (index == 0 || index > _lastIndex[agentId][client]) revert NoSuchFeedback();
        return _feedback[agentId][client][index];
    }
}
