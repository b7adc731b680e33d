pragma circom 2.1.6;

include "contribution-projection.circom";

// Committees of up to 64 trainers, by the rule `reference-projection`.
component main {public [alpha, beta, innerProduct, gramHash, weightWords, shareWords]} = ContributionByProjection(64, 6);
