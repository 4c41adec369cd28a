//! Where the loss half keeps its words.
//!
//! | slot | word |
//! |---|---|
//! | `erc7201("fusebox.fund.cover") + 2 * domain`, one more | [`Cover`], layout there |
//! | `erc7201("fusebox.fund.book") + 8 * domain`, five more | [`Book`] |
//! | `keccak(account + domain << 160 + epoch << 192 . erc7201("fusebox.fund.claim"))` | [`Claim`] |
//! | `erc7201("fusebox.fund.recap")` | [`Recap`] |
//! | `erc7201("fusebox.fund.harbour")` | the number of the latest terms |
//! | `+ 2 * number`, one more | [`Harbour`], numbered from 1 |
//! | `erc7201("fusebox.fund.recovery") + incident` | [`Recovery`] |

use crate::types::{
    ledger::{Book, Claim, Harbour, Recap, Recovery, BOOK_WORDS},
    loss::{low32, open, Cover, Index},
};
use alloy_primitives::{Address, U256};
use fusebox_core::{
    host::{word, Host},
    pack::field,
    slot::{element, entry, erc7201},
};

const COVERS: U256 = erc7201("fusebox.fund.cover");
const BOOKS: U256 = erc7201("fusebox.fund.book");
/// Which of a book's words has the index.
const INDEX: U256 = U256::from_limbs([4, 0, 0, 0]);
const CLAIMS: U256 = erc7201("fusebox.fund.claim");
const RECAP: U256 = erc7201("fusebox.fund.recap");
const HARBOURS: U256 = erc7201("fusebox.fund.harbour");
const RECOVERIES: U256 = erc7201("fusebox.fund.recovery");

/// Words that lie next to one another.
#[inline(never)] // once in a program: bytes run out before gas
fn read(host: &impl Host, first: U256, words: &mut [U256]) {
    words.iter_mut().zip(0..).for_each(|(word, at)| *word = host.load(element(first, at)));
}

/// Writes the words that differ.
#[inline(never)]
pub(super) fn write(host: &mut impl Host, first: U256, before: &[U256], after: &[U256]) {
    for (at, (before, after)) in (0..).zip(before.iter().zip(after)) {
        if before != after {
            host.store(element(first, at), *after);
        }
    }
}

/// The first slot of a group of `1 << log2` in an array of groups.
fn group(root: U256, index: u32, log2: u32) -> U256 {
    element(root, u64::from(index).wrapping_shl(log2)) // at most 35 bits
}

/// A loss domain.
pub fn cover(host: &impl Host, domain: u32) -> Cover {
    let mut words = [U256::ZERO; 2];
    read(host, group(COVERS, domain, 1), &mut words);
    Cover::unpack(words)
}

/// Writes what differs from the domain that was loaded.
pub fn set_cover(host: &mut impl Host, domain: u32, before: &Cover, after: &Cover) {
    write(host, group(COVERS, domain, 1), &before.pack(), &after.pack());
}

/// The deficit ledger of a domain.
pub fn book(host: &impl Host, domain: u32) -> Book {
    let mut words = [U256::ZERO; BOOK_WORDS];
    read(host, group(BOOKS, domain, 3), &mut words);
    Book::unpack(words)
}

/// What was cut of the domain's profits so far: one word, for who opens a position or closes one.
pub fn index(host: &impl Host, domain: u32) -> Index {
    let (cut, _, era) = open(host.load(group(BOOKS, domain, 3).wrapping_add(INDEX)));
    Index { era, cut }
}

/// Writes what differs from the ledger that was loaded.
pub fn set_book(host: &mut impl Host, domain: u32, before: &Book, after: &Book) {
    write(host, group(BOOKS, domain, 3), &before.pack(), &after.pack());
}

/// An account's claim in an epoch of a domain's ledger.
pub fn claim(host: &impl Host, domain: u32, account: Address, epoch: u32) -> Claim {
    Claim { epoch, ..Claim::unpack(host.load(claim_slot(host, domain, account, epoch))) }
}

/// Writes a claim.
pub fn set_claim(host: &mut impl Host, domain: u32, account: Address, claim: &Claim) {
    let slot = claim_slot(host, domain, account, claim.epoch);
    host.store(slot, claim.pack());
}

/// The address fills the low 160 bits of the key.
fn claim_slot(host: &impl Host, domain: u32, account: Address, epoch: u32) -> U256 {
    let [a, b, c, _] = word(account).into_limbs();
    entry(host, CLAIMS, U256::from_limbs([a, b, c | u64::from(domain) << 32, epoch.into()]))
}

/// How the fund is filled up.
pub fn recap(host: &impl Host) -> Recap {
    Recap::unpack(host.load(RECAP))
}

/// Writes how the fund is filled up.
pub fn set_recap(host: &mut impl Host, recap: &Recap) {
    host.store(RECAP, recap.pack());
}

/// The number of the latest terms of a return; 0 before there are any.
pub fn latest_harbour(host: &impl Host) -> u32 {
    low32(field(host.load(HARBOURS), 0, 32))
}

/// Terms of a return; number 0 and one that was never written pay nothing.
pub fn harbour(host: &impl Host, number: u32) -> Harbour {
    let mut words = [U256::ZERO; 2];
    if number != 0 {
        read(host, group(HARBOURS, number, 1), &mut words);
    }
    Harbour::unpack(words)
}

/// Writes the latest terms.
pub fn set_harbour(host: &mut impl Host, number: u32, harbour: &Harbour) {
    write(host, group(HARBOURS, number, 1), &[U256::ZERO; 2], &harbour.pack());
    host.store(HARBOURS, U256::from(number));
}

/// What an incident lost and got back.
pub fn recovery(host: &impl Host, incident: u32) -> Recovery {
    Recovery::unpack(host.load(element(RECOVERIES, incident.into())))
}

/// Writes what an incident lost and got back.
pub fn set_recovery(host: &mut impl Host, incident: u32, recovery: &Recovery) {
    host.store(element(RECOVERIES, incident.into()), recovery.pack());
}
