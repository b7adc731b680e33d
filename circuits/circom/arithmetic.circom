pragma circom 2.1.6;

include "circomlib/circuits/bitify.circom";
include "circomlib/circuits/comparators.circom";
include "hints.circom";

// Exact integer arithmetic inside the field.
//
// Signals are elements of the field of p ~ 2^253.6 elements. "An integer in [a, b)" below always means: the
// canonical representative lies in [a, b). An equation between signals is an equation between integers as
// long as both sides stay below p; each template states its bit budget and what its caller must have proven.

// `value` is an integer in [0, 2^bits).
//
// bits <= 253, so that 2^bits < p and a field element has at most one decomposition.
template InRange(bits) {
    assert(bits <= 253);
    signal input value;

    component decomposition = Num2Bits(bits);
    decomposition.in <== value;
}

// out = 1 where in = 0, and 0 elsewhere.
//
// circomlib's IsZero leaves `inverse` free where in = 0. That is harmless, but here every signal is determined
// by the inputs, so that the mutation test needs no exceptions: the third line costs one constraint.
template ZeroTest() {
    signal input in;
    signal output out;

    signal inverse;
    inverse <-- inverseOrZero(in);

    out <== 1 - in * inverse;
    in * out === 0;
    inverse * out === 0;
}

// out = min(a, b).
// Caller: a, b in [0, 2^bits).
template Min(bits) {
    signal input a;
    signal input b;
    signal output out;

    component aIsLess = LessThan(bits);
    aIsLess.in[0] <== a;
    aIsLess.in[1] <== b;

    out <== b + aIsLess.out * (a - b);
}

// quotient = floor(numerator / divisor).
// Caller: numerator and divisor are integers that did not wrap around p, and the quotient fits its bits.
//
// Sound because
//   0 <= quotient < 2^quotientBits and 0 <= remainder < 2^divisorBits are decomposed;
//   0 <= divisor - 1 - remainder < 2^divisorBits, hence 1 <= divisor < 2^(divisorBits + 1): a zero divisor
//   cannot be satisfied, and remainder < divisor;
//   quotient * divisor + remainder < 2^(quotientBits + divisorBits + 1) + 2^divisorBits < p, so that
//   numerator = quotient * divisor + remainder holds in the integers, where both are unique.
// The largest use is quotientBits + divisorBits = 33 + 84.
template FloorDiv(quotientBits, divisorBits) {
    signal input numerator;
    signal input divisor;
    signal output quotient;

    assert(quotientBits + divisorBits + 2 <= 253);

    quotient <-- floorQuotient(numerator, divisor);
    signal product;
    product <== quotient * divisor;
    signal remainder;
    remainder <== numerator - product;

    InRange(quotientBits)(quotient);
    InRange(divisorBits)(remainder);
    InRange(divisorBits)(divisor - 1 - remainder);
}

// root = floor(sqrt(square)).
// Caller: square in [0, 2^(2 rootBits)).
//
// Sound because root < 2^rootBits is decomposed, so root^2 < 2^(2 rootBits), and excess = square - root^2 lies
// in (-2^(2 rootBits), 2^(2 rootBits)): excess >= 0 and 2 root - excess >= 0, each decomposed in rootBits + 1
// bits, hold in the integers as long as 2 rootBits + 1 < 253. Together: root^2 <= square < (root + 1)^2.
template Isqrt(rootBits) {
    signal input square;
    signal output root;

    assert(2 * rootBits + 2 <= 253);

    root <-- floorSqrt(square);
    signal excess;
    excess <== square - root * root;

    InRange(rootBits)(root);
    InRange(rootBits + 1)(excess);
    InRange(rootBits + 1)(2 * root - excess);
}

// words[k] = sum_{j < perWord} values[perWord k + j] 2^(bits j): small integers packed into few field elements,
// because each public input costs gas.
// Caller: values in [0, 2^bits).
template Packed(count, bits, perWord) {
    assert(bits * perWord <= 253);

    var wordCount = (count + perWord - 1) \ perWord;
    signal input values[count];
    signal output words[wordCount];

    for (var k = 0; k < wordCount; k++) {
        var word = 0;
        for (var j = 0; j < perWord && perWord * k + j < count; j++) {
            word += values[perWord * k + j] * (1 << (bits * j));
        }
        words[k] <== word;
    }
}
