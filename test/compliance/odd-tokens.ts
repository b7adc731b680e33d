/** Sources of misbehaving tokens; the deployer of one holds 10^18 of it. */

const HEADER = `// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
`;

/** Keeps one unit of every transfer. */
export const FEE_TOKEN = `${HEADER}
contract FeeToken is ERC20("Fee", "FEE") {
    constructor() { _mint(msg.sender, 10 ** 18); }
    function _update(address from, address to, uint256 value) internal override {
        if (from != address(0)) { super._update(from, address(1), 1); value -= 1; }
        super._update(from, to, value);
    }
}`;

/** Makes a configured call during a transfer, once. */
export const CALLING_TOKEN = `${HEADER}
contract CallingToken is ERC20("Calling", "CALL") {
    address public target;
    bytes public call;
    bool public called;
    bool public succeeded;
    bytes public answer;
    constructor() { _mint(msg.sender, 10 ** 18); }
    function aim(address target_, bytes calldata call_) external { target = target_; call = call_; called = false; }
    /// Calls made in its own name, so that what it calls again during a transfer would succeed from elsewhere.
    function run(address on, bytes calldata data) external { (bool ok,) = on.call(data); require(ok); }
    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (target != address(0) && !called) {
            called = true;
            (succeeded, answer) = target.call(call);
        }
    }
}`;

/** Anyone halves all balances. */
export const SHRINKING_TOKEN = `${HEADER}
contract ShrinkingToken is ERC20("Shrinking", "SHR") {
    uint256 public divisor = 1;
    constructor() { _mint(msg.sender, 10 ** 18); }
    function shrink() external { divisor *= 2; }
    function balanceOf(address account) public view override returns (uint256) { return super.balanceOf(account) / divisor; }
    function _update(address from, address to, uint256 value) internal override { super._update(from, to, value * divisor); }
}`;

/** Does not go to the burn address. */
export const PICKY_TOKEN = `${HEADER}
contract PickyToken is ERC20("Picky", "PICK") {
    constructor() { _mint(msg.sender, 10 ** 18); }
    function _update(address from, address to, uint256 value) internal override {
        require(to != 0x000000000000000000000000000000000000dEaD, "refused");
        super._update(from, to, value);
    }
}`;

/** Returns nothing from its transfers, as the oldest tokens do. */
export const SILENT_TOKEN = `// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;
contract SilentToken {
    mapping(address => uint256) public balanceOf;
    constructor() { balanceOf[msg.sender] = 10 ** 18; }
    function approve(address, uint256) external {}
    function transfer(address to, uint256 value) external { balanceOf[msg.sender] -= value; balanceOf[to] += value; }
    function transferFrom(address from, address to, uint256 value) external { balanceOf[from] -= value; balanceOf[to] += value; }
}`;
