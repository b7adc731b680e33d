pragma circom 2.1.6;

include "circomlib/circuits/bitify.circom";

// Signed integers: negative ones are p - |value|.

// `value` is an integer in [-2^(bits - 1), 2^(bits - 1)).
// isNonNegative = 1 if value >= 0, else 0: the top bit of value + 2^(bits - 1).
template SignedInRange(bits) {
    assert(bits <= 253);
    signal input value;
    signal output isNonNegative;

    component decomposition = Num2Bits(bits);
    decomposition.in <== value + (1 << (bits - 1));
    isNonNegative <== decomposition.out[bits - 1];
}

// quotient = floor(value / 2^low), and `value` is an integer in [0, 2^bits).
template ShiftRight(bits, low) {
    assert(bits <= 253);
    signal input value;
    signal output quotient;

    component decomposition = Num2Bits(bits);
    decomposition.in <== value;
    var sum = 0;
    for (var k = low; k < bits; k++) {
        sum += decomposition.out[k] * (1 << (k - low));
    }
    quotient <== sum;
}
