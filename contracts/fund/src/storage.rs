//! Where the contract keeps what was fixed when it was made, beside the words of the module.
//!
//! | slot | word |
//! |---|---|
//! | `erc7201("fusebox.fund.contract")` | asset 160, its decimals 8, number of domains 16 |
//! | `+ 1` | the panel, or zero |
//! | `+ 2` | the desk |
//! | `+ 3 + 4 * domain` | who draws for the domain |
//! | `+ 4 + 4 * domain`, `+ 5 + 4 * domain` | [`Cover`]: what it may draw |
//! | `+ 6 + 4 * domain` | [`Open`]: what it has said is open |

use alloc::vec::Vec;
use alloy_primitives::{Address, U256};
use fusebox_core::{
    host::{word, Host},
    pack::{field, field_u128},
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
    u64::from(domain).saturating_mul(4).saturating_add(word)
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
    (3..7).map(|word| read(host, ROOT, at(domain, word))).collect()
}

/// What a domain has said is open: deficit 96, incident 96, and until when each counts, 32 each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Open {
    /// Units of losses that are known.
    pub deficit: u128,
    /// Units that incidents may cost.
    pub incident: u128,
    /// When the deficit lapses, in seconds: never after the fund's.
    pub deficit_until: u64,
    /// When the hold of its incidents ends, in seconds.
    pub incident_until: u64,
}

/// What a domain has said is open and still counts.
pub fn open(host: &impl Host, domain: u16) -> Open {
    let (word, now) = (read(host, ROOT, at(domain, 6)), host.now());
    let part = |offset, until| if now < until { field_u128(word, offset, 96) } else { 0 };
    let (deficit_until, incident_until) = (field(word, 192, 32), field(word, 224, 32));
    Open { deficit: part(0, deficit_until), incident: part(96, incident_until), deficit_until, incident_until }
}

/// Writes what a domain has said is open: all of it fits.
pub fn set_open(host: &mut impl Host, domain: u16, open: &Open) {
    let [a, b, ..] = U256::from(open.deficit).into_limbs();
    let [low, high, ..] = U256::from(open.incident).into_limbs();
    let limbs = [
        a,
        b & 0xffff_ffff | low << 32,
        low >> 32 | high << 32,
        open.deficit_until & 0xffff_ffff | open.incident_until << 32,
    ];
    write(host, ROOT, at(domain, 6), U256::from_limbs(limbs));
}
