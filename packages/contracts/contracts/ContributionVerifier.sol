// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {Contribution16Key} from "./generated/Contribution16Key.sol";
import {G1Point, G2Point} from "./libraries/Bn254.sol";
import {GramVerifier} from "./verifiers/GramVerifier.sol";

/// @title Verifier of rounds by the rule `reference-trust`
/// @dev One leading row, the sum of the references. The transcript is the one it had before rules with groups.
contract ContributionVerifier is GramVerifier {
    constructor(Srs memory srs_) GramVerifier(srs_) {}

    function _headRows() internal pure override returns (uint256) {
        return 1;
    }

    function _domain() internal pure override returns (bytes32) {
        return keccak256("chorus/contribution/v2");
    }

    function _keyHash() internal pure override returns (bytes32) {
        return Contribution16Key.hash();
    }

    function _keyAlpha1() internal pure override returns (G1Point memory) {
        return Contribution16Key.alpha1();
    }

    function _keyBeta2() internal pure override returns (G2Point memory) {
        return Contribution16Key.beta2();
    }

    function _keyDelta2() internal pure override returns (G2Point memory) {
        return Contribution16Key.delta2();
    }

    function _combineInputs(uint256[9] memory inputs) internal view override returns (G1Point memory) {
        return Contribution16Key.combine(inputs);
    }
}
