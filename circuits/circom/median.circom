pragma circom 2.1.6;

include "circomlib/circuits/bitify.circom";
include "circomlib/circuits/comparators.circom";
include "arithmetic.circom";
include "hints.circom";

// median = the lower median of the present values: in ascending order, the one at index floor((P - 1) / 2) of the
// P present. 0 where none is present.
// Caller: present[i] is 0 or 1, values in [0, 2^bits), n < 2^countBits.
//
// The value at index k of a sorted list is the one v with #{x < v} <= k < #{x <= v}, ties or not. With
// k = floor((P - 1) / 2) these are
//     2 #{x < v} < P          fewer than half are below, and
//     2 #{x <= v} >= P        at least half are not above.
//
// No separate proof is needed that the median is one of the values, nor that it is in range:
//   P > 0: below and notAbove are sums of bits, whatever the median. 2 below < P <= 2 notAbove leaves some
//   present j with values[j] = median, so the median is in [0, 2^bits) and every comparison meant what it says.
//   P = 0: both counts are 0, the conditions hold as 0 < 0 + 1 and 0 >= 0, and the last line makes the median 0.
template LowerMedian(n, bits, countBits) {
    signal input present[n];
    signal input values[n];
    signal output median;

    median <-- lowerMedianOf(n, present, values);

    var presentCount = 0;
    for (var i = 0; i < n; i++) {
        presentCount += present[i];
    }

    component isLess[n];
    component isEqual[n];
    signal presentBelow[n];
    signal presentEqual[n];
    var below = 0;
    var notAbove = 0;
    for (var i = 0; i < n; i++) {
        isLess[i] = LessThan(bits);
        isLess[i].in[0] <== values[i];
        isLess[i].in[1] <== median;
        isEqual[i] = ZeroTest();
        isEqual[i].in <== values[i] - median;

        presentBelow[i] <== present[i] * isLess[i].out;
        presentEqual[i] <== present[i] * isEqual[i].out;
        below += presentBelow[i];
        notAbove += presentBelow[i] + presentEqual[i];
    }

    signal noneIsPresent <== ZeroTest()(presentCount);

    // Both differences lie in [-2n, 2n].
    InRange(countBits + 1)(presentCount + noneIsPresent - 1 - 2 * below);
    InRange(countBits + 1)(2 * notAbove - presentCount);
    noneIsPresent * median === 0;
}
