const HEADER = `// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
`;

/** Contracts that attack, by name. */
export const HOSTILE = {
  /** Makes the call it was given in the middle of a transfer, once, and tells receivers that are contracts. */
  CallingToken: `${HEADER}
interface Receiver { function tokensReceived() external; }
contract CallingToken is ERC20("Calling", "CALL") {
    address public target;
    bytes public data;
    bool public called;
    bool public succeeded;
    bytes public answer;
    constructor(uint256 supply) { _mint(msg.sender, supply); }
    function aim(address target_, bytes calldata data_) external { target = target_; data = data_; called = false; succeeded = false; answer = ""; }
    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (target != address(0) && !called) {
            called = true;
            (succeeded, answer) = target.call(data);
        }
        if (to.code.length != 0) { try Receiver(to).tokensReceived() {} catch {} }
    }
}`,
  /** An account that is a contract, and that makes the call it was given whenever it is paid. */
  Thief: `${HEADER}
contract Thief {
    address public target;
    bytes public data;
    bool public called;
    bool public succeeded;
    bytes public answer;
    function run(address on, bytes calldata call_) external returns (bytes memory) {
        (bool ok, bytes memory result) = on.call(call_);
        if (!ok) { assembly { revert(add(result, 32), mload(result)) } }
        return result;
    }
    function aim(address target_, bytes calldata data_) external { target = target_; data = data_; called = false; succeeded = false; answer = ""; }
    function tokensReceived() external {
        if (target == address(0) || called) return;
        called = true;
        (succeeded, answer) = target.call(data);
    }
    function onERC721Received(address, address, uint256, bytes calldata) external pure returns (bytes4) { return 0x150b7a02; }
}`,
  /** Keeps a part of every transfer. */
  FeeToken: `${HEADER}
contract FeeToken is ERC20("Fee", "FEE") {
    uint256 public kept;
    constructor(uint256 supply) { _mint(msg.sender, supply); }
    function keep(uint256 amount) external { kept = amount; }
    function _update(address from, address to, uint256 value) internal override {
        if (from != address(0) && kept != 0) { super._update(from, address(1), kept); value -= kept; }
        super._update(from, to, value);
    }
}`,
  /** Balances that everyone can divide, also in the middle of a transfer. */
  RebasingToken: `${HEADER}
contract RebasingToken is ERC20("Rebasing", "REB") {
    uint256 public divisor = 1;
    bool public nervous;
    constructor(uint256 supply) { _mint(msg.sender, supply); }
    function rebase() public { divisor *= 2; }
    function setNervous(bool value) external { nervous = value; }
    function balanceOf(address account) public view override returns (uint256) { return super.balanceOf(account) / divisor; }
    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value * divisor);
        if (nervous) rebase();
    }
}`,
  /** Six decimals, as many stablecoins have, and an ordinary token otherwise. */
  SixDecimals: `${HEADER}
contract SixDecimals is ERC20("Six", "SIX") {
    constructor(uint256 supply) { _mint(msg.sender, supply); }
    function decimals() public pure override returns (uint8) { return 6; }
}`,
};
