//! Who holds the switch: a real Safe of which two of three owners sign, or a plain account where there is none.

mod package;

pub use package::{fetch, Code, PACKAGE, VERSION};

use super::actors;
use alloy_primitives::{keccak256, Address, Bytes, U256};
use alloy_sol_types::{eip712_domain, sol, SolCall, SolStruct, SolValue};
use fusebox_testbed::{Chain, Tx};
use k256::ecdsa::SigningKey;

sol! {
    /// What owners sign (EIP-712).
    struct SafeTx {
        address to;
        uint256 value;
        bytes data;
        uint8 operation;
        uint256 safeTxGas;
        uint256 baseGas;
        uint256 gasPrice;
        address gasToken;
        address refundReceiver;
        uint256 nonce;
    }

    function setup(address[] owners, uint256 threshold, address to, bytes data, address fallbackHandler, address paymentToken, uint256 payment, address paymentReceiver);
    function nonce() returns (uint256);
    function getThreshold() returns (uint256);
    function execTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, bytes signatures) returns (bool success);
}

/// Owners of a Safe, and how many of them sign.
pub const OWNERS: usize = 3;
/// Of the owners.
pub const THRESHOLD: usize = 2;

/// An account that acts for several people.
#[derive(Clone, Debug)]
pub enum Multisig {
    /// Stands in where there is no Safe.
    Account(Address),
    /// A Safe and the keys of its owners, by address.
    Safe(Address, Vec<SigningKey>),
}

impl Multisig {
    /// Deploys a Safe with owners of its own, or takes the account that stands in.
    ///
    /// Errors: what of it did not work.
    pub fn new(chain: &mut Chain, code: Option<&Code>, purpose: &str, stand_in: Address) -> Result<Self, String> {
        let Some(code) = code else { return Ok(Self::Account(stand_in)) };
        let relayer = relayer();
        let fail = |error: fusebox_testbed::DeployError| format!("the Safe is not deployed: {error}");
        let singleton = chain.deploy_evm(relayer, &code.singleton).map_err(fail)?;
        let initcode = [code.proxy.as_slice(), &singleton.abi_encode()].concat();
        let safe = chain.deploy_evm(relayer, &initcode).map_err(fail)?;
        let mut keys = (0..OWNERS).map(|owner| key(purpose, owner)).collect::<Result<Vec<_>, _>>()?;
        keys.sort_by_key(owner_of); // the Safe takes signatures in the order of the signers
        let call = setupCall {
            owners: keys.iter().map(owner_of).collect(),
            threshold: U256::from(THRESHOLD),
            to: Address::ZERO,
            data: Bytes::new(),
            fallbackHandler: Address::ZERO,
            paymentToken: Address::ZERO,
            payment: U256::ZERO,
            paymentReceiver: Address::ZERO,
        };
        chain.call(relayer, safe, &call).map_err(|revert| format!("the Safe is not set up: {revert}"))?;
        Ok(Self::Safe(safe, keys))
    }

    /// What the role table names.
    pub fn address(&self) -> Address {
        match self {
            Self::Account(address) | Self::Safe(address, _) => *address,
        }
    }

    /// The transaction in which it makes a call: signed by the first two owners, sent by somebody who owns nothing.
    ///
    /// Errors: the Safe does not answer, or a key does not sign.
    pub fn transaction(&self, chain: &Chain, to: Address, data: Vec<u8>) -> Result<Tx, String> {
        self.signed(chain, to, data, THRESHOLD)
    }

    fn signed(&self, chain: &Chain, to: Address, data: Vec<u8>, signers: usize) -> Result<Tx, String> {
        let (safe, keys) = match self {
            Self::Account(address) => return Ok(Tx::new(*address, to, data)),
            Self::Safe(safe, keys) => (*safe, keys),
        };
        let nonce = chain.query(relayer(), safe, &nonceCall {}).map_err(|revert| format!("the Safe: {revert}"))?;
        let data = Bytes::from(data);
        let message = SafeTx {
            to,
            value: U256::ZERO,
            data: data.clone(),
            operation: 0,
            safeTxGas: U256::ZERO,
            baseGas: U256::ZERO,
            gasPrice: U256::ZERO,
            gasToken: Address::ZERO,
            refundReceiver: Address::ZERO,
            nonce,
        };
        let domain = eip712_domain! { chain_id: chain.chain_id(), verifying_contract: safe, };
        let hash = message.eip712_signing_hash(&domain);
        let mut signatures = Vec::new();
        for key in keys.iter().take(signers) {
            let (signature, recovery) = key
                .sign_prehash_recoverable(hash.as_slice())
                .map_err(|error| format!("a key does not sign: {error}"))?;
            signatures.extend_from_slice(&signature.to_bytes());
            signatures.push(27 + recovery.to_byte());
        }
        let call = execTransactionCall {
            to,
            value: U256::ZERO,
            data,
            operation: 0,
            safeTxGas: U256::ZERO,
            baseGas: U256::ZERO,
            gasPrice: U256::ZERO,
            gasToken: Address::ZERO,
            refundReceiver: Address::ZERO,
            signatures: signatures.into(),
        };
        Ok(Tx::new(relayer(), safe, call.abi_encode()))
    }
}

/// What the output says about it.
pub fn describe(code: &Result<Code, String>) -> String {
    match code {
        Ok(_) => format!(
            "Multisigs: Safes of {PACKAGE} {VERSION}, {THRESHOLD} of {OWNERS} owners sign each pause, unpause and hold"
        ),
        Err(why) => format!("Multisigs: plain accounts, since {PACKAGE} {VERSION} is not there ({why})"),
    }
}

/// Who pays for the gas and owns nothing.
fn relayer() -> Address {
    actors::address(9, 9)
}

fn key(purpose: &str, owner: usize) -> Result<SigningKey, String> {
    let seed = keccak256(format!("fusebox demo, {purpose}, owner {owner}"));
    SigningKey::from_slice(seed.as_slice()).map_err(|error| format!("no key: {error}"))
}

fn owner_of(key: &SigningKey) -> Address {
    Address::from_raw_public_key(&key.verifying_key().to_encoded_point(false).as_bytes()[1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same code without the Safe's: everything but the contract itself.
    #[test]
    fn owners_are_distinct_sorted_and_sign_what_recovers_to_them() {
        let keys: Vec<SigningKey> = (0..OWNERS).map(|owner| key("a test", owner).expect("a key")).collect();
        let mut owners: Vec<Address> = keys.iter().map(owner_of).collect();
        owners.dedup();
        assert_eq!(owners.len(), OWNERS);
        let hash = keccak256("what is signed");
        for (key, owner) in keys.iter().zip(owners) {
            let (signature, recovery) = key.sign_prehash_recoverable(hash.as_slice()).expect("signs");
            let back = k256::ecdsa::VerifyingKey::recover_from_prehash(hash.as_slice(), &signature, recovery);
            assert_eq!(
                Address::from_raw_public_key(&back.expect("recovers").to_encoded_point(false).as_bytes()[1..]),
                owner
            );
        }
    }

    #[test]
    fn without_a_safe_the_account_itself_calls() {
        let mut chain = Chain::new();
        let stand_in = actors::address(9, 3);
        let account = Multisig::new(&mut chain, None, "a test", stand_in).expect("needs nothing");
        let tx = account.transaction(&chain, Address::ZERO, vec![1, 2, 3]).expect("needs nothing");
        assert_eq!((account.address(), tx.from, tx.calldata.to_vec()), (stand_in, stand_in, vec![1, 2, 3]));
    }

    /// Where a demo has fetched the package: two signatures move the Safe, one does not, and none counts twice.
    #[test]
    fn a_safe_acts_with_two_of_three() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/fusebox");
        let code = match package::cached(&folder) {
            Ok(code) => code,
            Err(why) => return eprintln!("the demo has not fetched the Safe: {why}"),
        };
        let mut chain = Chain::new();
        let safe = Multisig::new(&mut chain, Some(&code), "a test", Address::ZERO).expect("deploys");
        let Multisig::Safe(address, _) = &safe else { panic!("a Safe") };
        let threshold = chain.query(relayer(), *address, &getThresholdCall {}).expect("answers");
        assert_eq!(threshold, U256::from(THRESHOLD));
        let nonce = |chain: &Chain| chain.query(relayer(), *address, &nonceCall {}).expect("answers");
        let one = safe.signed(&chain, relayer(), vec![], 1).expect("signed");
        assert!(chain.send(one).into_result().is_err(), "one signature is not enough");
        assert_eq!(nonce(&chain), U256::ZERO);
        let two = safe.transaction(&chain, relayer(), vec![]).expect("signed");
        assert!(chain.send(two.clone()).into_result().is_ok(), "two are");
        assert_eq!(nonce(&chain), U256::from(1));
        assert!(chain.send(two).into_result().is_err(), "a signature is for one nonce");
    }
}
