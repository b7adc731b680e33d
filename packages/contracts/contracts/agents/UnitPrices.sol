// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

/// @title The price of units, exactly
library UnitPrices {
    /// @return of the units `from` to `from + amount - 1`, unit k at `base + slope * k`. No more than 2^24 units of prices
    /// below 2^121 stay far below 2^256.
    function cost(uint256 base, uint256 slope, uint256 from, uint256 amount) internal pure returns (uint256) {
        if (amount == 0) return 0;
        // Of two numbers in a row one is even.
        return base * amount + slope * (from * amount + (amount * (amount - 1)) / 2);
    }
}
