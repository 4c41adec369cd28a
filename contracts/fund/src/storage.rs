//! Where the contract keeps what was fixed when it was made, beside the words of the module.
//!
//! | slot | word |
//! |---|---|
//! | `erc7201("fusebox.fund.contract")` | asset 160, its decimals 8, number of domains 16 |
//! | `+ 1` | the panel, or zero |
//! | `+ 2` | the desk |
//! | `+ 3 + 3 * domain` | who draws for the domain |
//! | `+ 4 + 3 * domain`, `+ 5 + 3 * domain` | [`Cover`]: what it may draw |

use alloc::vec::Vec;
use alloy_primitives::{Address, U256};
use fusebox_core::{
    host::{word, Host},
    pack::field,
    slot::erc7201,
};
use fusebox_fund::{
    storage::{read, write},
    types::loss::Cover,
};

const ROOT: U256 = erc7201("fusebox.fund.contract");

/// The address in the low bits of a word.
#[inline(never)] // once in a program: bytes run out before gas
fn address(word: U256) -> Address {
    Address::from_word(word.into())
}

fn at(domain: u16, word: u64) -> u64 {
    u64::from(domain).saturating_mul(3).saturating_add(word)
}

/// The asset.
pub fn asset(host: &impl Host) -> Address {
    address(read(host, ROOT, 0))
}

/// The asset's decimals, and the number of domains.
pub fn terms(host: &impl Host) -> (u64, u64) {
    let word = read(host, ROOT, 0);
    (field(word, 160, 8), field(word, 168, 16))
}

/// Writes the asset, its decimals and the number of domains: all of them fit.
pub fn set_terms(host: &mut impl Host, asset: Address, decimals: u64, domains: u64) {
    let [a, b, c, _] = word(asset).into_limbs();
    write(host, ROOT, 0, U256::from_limbs([a, b, c | decimals << 32 | domains << 40, 0]));
}

/// The panel, or zero.
pub fn panel(host: &impl Host) -> Address {
    address(read(host, ROOT, 1))
}

/// Writes the panel.
pub fn set_panel(host: &mut impl Host, panel: Address) {
    write(host, ROOT, 1, word(panel));
}

/// The desk.
pub fn desk(host: &impl Host) -> Address {
    address(read(host, ROOT, 2))
}

/// Writes the desk.
pub fn set_desk(host: &mut impl Host, desk: Address) {
    write(host, ROOT, 2, word(desk));
}

/// Who draws for a domain; zero if there is none.
pub fn drawer(host: &impl Host, domain: u16) -> Address {
    address(read(host, ROOT, at(domain, 3)))
}

/// Writes who draws for a domain.
pub fn set_drawer(host: &mut impl Host, domain: u16, who: Address) {
    write(host, ROOT, at(domain, 3), word(who));
}

/// What a domain may draw.
pub fn cover(host: &impl Host, domain: u16) -> Cover {
    Cover::unpack([read(host, ROOT, at(domain, 4)), read(host, ROOT, at(domain, 5))])
}

/// Writes what a domain may draw.
pub fn set_cover(host: &mut impl Host, domain: u16, cover: &Cover) {
    let [state, terms] = cover.pack();
    write(host, ROOT, at(domain, 4), state);
    write(host, ROOT, at(domain, 5), terms);
}

/// Who draws for a domain and the words of what it may draw; zeros for one that there is not.
pub fn words(host: &impl Host, domain: U256) -> Vec<U256> {
    let domain = u16::try_from(domain).unwrap_or(u16::MAX);
    (3..6).map(|word| read(host, ROOT, at(domain, word))).collect()
}
