// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IContributionVerifier} from "../interfaces/IContributionVerifier.sol";
import {Bn254} from "./Bn254.sol";

/// @notice The verifier's challenges, each drawn from everything the prover had said before it.
struct Challenges {
    uint256 alpha;
    uint256 beta;
    uint256 z;
    uint256 gamma;
    // Combines the two pairing equations into one; not part of the protocol between prover and verifier.
    uint256 rho;
}

/// @title The Fiat-Shamir transcript of the proof of contribution
/// @dev Hash inputs are 32-byte words. The TypeScript prover and the shared vectors hold the same transcript.
library Transcript {
    bytes32 private constant DOMAIN = keccak256("chorus/contribution/v2");

    /// @dev Rows of the Gram matrix beside the reference.
    uint256 private constant TRAINERS = 16;

    function challenges(
        IContributionVerifier.Statement calldata statement,
        IContributionVerifier.ContributionProof calldata proof
    ) internal view returns (Challenges memory result) {
        bytes32 seed = keccak256(
            abi.encode(
                DOMAIN,
                block.chainid,
                statement.taskContract,
                statement.taskId,
                statement.round,
                statement.prover,
                TRAINERS,
                vectorLength(statement.dimension),
                statement.commitments,
                proof.gramHash
            )
        );
        result.alpha = draw(seed, 1);
        result.beta = draw(seed, 2);
        seed = keccak256(
            abi.encode(
                seed, proof.innerProduct, proof.cross, statement.aggregate, statement.weights, statement.shares
            )
        );
        result.z = draw(seed, 1);
        seed = keccak256(abi.encode(seed, proof.evaluations));
        result.gamma = draw(seed, 1);
        result.rho = draw(keccak256(abi.encode(seed, proof.quotient, proof.groth16)), 1);
    }

    /// @dev N, the smallest power of two that is at least d, and at least 2, the shortest reference string.
    function vectorLength(uint256 dimension) internal pure returns (uint256 length) {
        length = 2;
        while (length < dimension) length <<= 1;
    }

    /// @dev keccak256(seed, index) mod p.
    function draw(bytes32 seed, uint256 index) private pure returns (uint256 challenge) {
        assembly ("memory-safe") {
            mstore(0, seed)
            mstore(0x20, index)
            challenge := keccak256(0, 0x40)
        }
        return challenge % Bn254.P;
    }
}
