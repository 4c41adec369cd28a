//! The funded accounts. Their keys come from a phrase that everybody knows, so nothing of value may be kept there.

use alloy_primitives::{Address, B256};
use alloy_signer_local::{coins_bip39::English, MnemonicBuilder, PrivateKeySigner};

/// The phrase that development tools share.
pub const PHRASE: &str = "test test test test test test test test test test test junk";

/// A phrase from which no accounts can be derived.
#[derive(Debug, thiserror::Error)]
#[error("--mnemonic gives no accounts: {0}. A phrase is 12 to 24 English words of the BIP-39 list")]
pub struct BadPhrase(String);

/// The first accounts of a phrase, at `m/44'/60'/0'/0/INDEX`.
pub fn derive(phrase: &str, count: u32) -> Result<Vec<PrivateKeySigner>, BadPhrase> {
    let account = |index| {
        MnemonicBuilder::<English>::default()
            .phrase(phrase)
            .index(index)
            .and_then(|builder| builder.build())
            .map_err(|error| BadPhrase(error.to_string()))
    };
    (0..count).map(account).collect()
}

/// The lines that tell what there is, keys included.
pub fn listing(accounts: &[PrivateKeySigner], balance_eth: u64) -> String {
    let mut text =
        format!("Accounts, {balance_eth} ETH each. THE KEYS ARE PUBLIC: never send anything of value here.\n\n");
    for (index, account) in accounts.iter().enumerate() {
        let (address, key): (Address, B256) = (account.address(), account.to_bytes());
        text.push_str(&format!("({index}) {address}  key {key}\n"));
    }
    text
}
