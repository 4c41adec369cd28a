// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

interface ArbWasm {
    function stylusVersion() external view returns (uint16 version);
    function codehashVersion(bytes32 codehash) external view returns (uint16 version);
    function activateProgram(address program) external payable returns (uint16 version, uint256 dataFee);
}

/// Creates a program, activates it where its code is not active yet, and calls its constructor, all or nothing.
///
/// It has the interface and the behaviour of the contract of that name that Arbitrum chains have at
/// 0xcEcba2F1DC234f70Dd89F2041029807F8D03A990, which the testbed installs it in place of.
contract StylusDeployer {
    ArbWasm private constant ARB_WASM = ArbWasm(address(0x71));

    event ContractDeployed(address deployedContract);

    error ContractDeploymentError(bytes bytecode);
    error ContractInitializationError(address newContract, bytes data);
    error RefundExcessValueError(uint256 excessValue);
    error EmptyBytecode();
    error InitValueButNotInitData();

    /// Deploys creation code. Of the value that is sent `initValue` goes to the constructor and the data fee of an
    /// activation to the chain; the sender gets the rest back.
    ///
    /// With a salt the address depends on salt, code and constructor data; without one, on how many were created before.
    function deploy(bytes calldata bytecode, bytes calldata initData, uint256 initValue, bytes32 salt)
        external
        payable
        returns (address made)
    {
        made = _create(bytecode, salt == bytes32(0) ? salt : initSalt(salt, initData));
        uint256 rest = msg.value - initValue;
        if (requiresActivation(made)) {
            (, uint256 fee) = ARB_WASM.activateProgram{value: rest}(made);
            rest -= fee;
        }
        if (initData.length > 0) {
            (bool success, bytes memory output) = made.call{value: initValue}(initData);
            if (!success) revert ContractInitializationError(made, output);
        } else if (initValue != 0) {
            revert InitValueButNotInitData();
        }
        if (rest != 0) {
            (bool success,) = msg.sender.call{value: rest}("");
            if (!success) revert RefundExcessValueError(rest);
        }
        emit ContractDeployed(made);
    }

    /// The salt that is used where one is given: nobody else can take the address with another constructor.
    function initSalt(bytes32 salt, bytes calldata initData) public pure returns (bytes32) {
        return keccak256(abi.encodePacked(salt, initData));
    }

    /// Whether the code of an account is not active in the present version of Stylus.
    function requiresActivation(address program) public view returns (bool) {
        try ARB_WASM.codehashVersion(program.codehash) returns (uint16 version) {
            return version != ARB_WASM.stylusVersion();
        } catch {
            return true;
        }
    }

    function _create(bytes calldata bytecode, bytes32 salt) private returns (address made) {
        if (bytecode.length == 0) revert EmptyBytecode();
        bytes memory code = bytecode;
        assembly {
            switch salt
            case 0 { made := create(0, add(code, 32), mload(code)) }
            default { made := create2(0, add(code, 32), mload(code), salt) }
        }
        if (made != address(0)) return made;
        assembly {
            if returndatasize() {
                let pointer := mload(64)
                returndatacopy(pointer, 0, returndatasize())
                revert(pointer, returndatasize())
            }
        }
        revert ContractDeploymentError(bytecode);
    }
}
