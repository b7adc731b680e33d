// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ITaskManager} from "../interfaces/ITaskManager.sol";
import {MemberRecord, Task, Tasks, VALIDATOR} from "./TaskTypes.sol";

/// @title What members sign (EIP-712), and whether they did
/// @dev Every message names its task, round and the round's commitments or a nonce, the domain the chain and the
/// contract: a signature is worth something in one place only, also where a reorganised chain has another round there.
/// Signatures are not used as keys of anything, and their second form is refused.
library Signatures {
    bytes32 private constant VERDICT_TYPEHASH = keccak256(
        "Verdict(uint256 taskId,uint32 round,bytes32 commitments,uint256 unavailable,uint256 rejected,bytes32 novelty,uint64 lossBefore,uint64 lossAfter)"
    );
    bytes32 private constant AVAILABLE_TYPEHASH =
        keccak256("Available(uint256 taskId,uint32 round,bytes32 commitments,uint256 trainer)");
    bytes32 private constant CLAIM_TYPEHASH = keccak256(
        "Claim(address account,address token,uint256[] taskIds,address to,uint256 nonce,uint256 deadline)"
    );

    /// @dev Checks a verdict and adds its validator to the bitmap `voted`, where it must not be yet.
    function addVerdict(
        Task storage task,
        bytes32 domain,
        uint256 taskId,
        uint256 round,
        bytes32 commitments,
        uint256 unavailable,
        uint256 rejected,
        bytes32 noveltyHash,
        ITaskManager.Vote calldata vote,
        uint256 voted
    ) internal view returns (uint256) {
        if (!Tasks.takesPart(task.members[vote.validator], round)) revert ITaskManager.InvalidVotes();
        bytes32 message = keccak256(
            abi.encode(
                VERDICT_TYPEHASH,
                taskId,
                round,
                commitments,
                unavailable,
                rejected,
                noveltyHash,
                vote.lossBefore,
                vote.lossAfter
            )
        );
        return _addVote(task, _digest(domain, message), vote.validator, vote.signature, voted);
    }

    /// @dev Likewise for a statement that a trainer's payload is available; also of a validator that has departed, whose
    /// stake may answer for what it said before.
    function addAvailable(
        Task storage task,
        bytes32 domain,
        uint256 taskId,
        uint256 round,
        bytes32 commitments,
        uint256 trainer,
        ITaskManager.AvailableVote calldata vote,
        uint256 voted
    ) internal view returns (uint256) {
        bytes32 message = keccak256(abi.encode(AVAILABLE_TYPEHASH, taskId, round, commitments, trainer));
        return _addVote(task, _digest(domain, message), vote.validator, vote.signature, voted);
    }

    /// @dev Also of a contract (ERC-1271). ECDSA is tried first, for accounts that have code and a key (EIP-7702).
    function checkClaim(
        bytes32 domain,
        address account,
        IERC20 token,
        uint256[] calldata taskIds,
        address to,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) internal view {
        bytes32 ids = keccak256(abi.encodePacked(taskIds));
        bytes32 message = keccak256(abi.encode(CLAIM_TYPEHASH, account, token, ids, to, nonce, deadline));
        bytes32 digest = _digest(domain, message);
        if (_isSignedBy(account, digest, signature)) return;
        if (!SignatureChecker.isValidERC1271SignatureNowCalldata(account, digest, signature)) {
            revert ITaskManager.InvalidSignature();
        }
    }

    function _addVote(
        Task storage task,
        bytes32 digest,
        address validator,
        bytes calldata signature,
        uint256 voted
    ) private view returns (uint256) {
        MemberRecord storage member = task.members[validator];
        if (member.roles & VALIDATOR == 0) revert ITaskManager.InvalidVotes();
        uint256 index = member.validator;
        if (Tasks.hasBit(voted, index) || !_isSignedBy(validator, digest, signature)) {
            revert ITaskManager.InvalidVotes();
        }
        return voted | (1 << index);
    }

    function _isSignedBy(address account, bytes32 digest, bytes calldata signature) private pure returns (bool) {
        (address signer, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(digest, signature);
        return failure == ECDSA.RecoverError.NoError && signer == account;
    }

    function _digest(bytes32 domain, bytes32 message) private pure returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(domain, message);
    }
}
