// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Projection16Key} from "./generated/Projection16Key.sol";
import {G1Point, G2Point} from "./libraries/Bn254.sol";
import {GramVerifier} from "./verifiers/GramVerifier.sol";

/// @title Verifier of rounds by the rule `reference-projection`
/// @dev Four leading rows: the sums of the references by group, and the novelty.
contract ProjectionVerifier is GramVerifier {
    constructor(Srs memory srs_) GramVerifier(srs_) {}

    function _headRows() internal pure override returns (uint256) {
        return 4;
    }

    function _domain() internal pure override returns (bytes32) {
        return keccak256("chorus/contribution/v3");
    }

    function _keyHash() internal pure override returns (bytes32) {
        return Projection16Key.hash();
    }

    function _keyAlpha1() internal pure override returns (G1Point memory) {
        return Projection16Key.alpha1();
    }

    function _keyBeta2() internal pure override returns (G2Point memory) {
        return Projection16Key.beta2();
    }

    function _keyDelta2() internal pure override returns (G2Point memory) {
        return Projection16Key.delta2();
    }

    function _combineInputs(uint256[9] memory inputs) internal view override returns (G1Point memory) {
        return Projection16Key.combine(inputs);
    }
}
