pragma circom 2.1.6;

include "contribution.circom";

// Committees of up to 64 trainers.
component main {public [alpha, beta, innerProduct, gramHash, weightWords, shareWords]} = Contribution(64, 6);
