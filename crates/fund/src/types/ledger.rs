//! What was taken from whom and is owed back, how it is paid back, and what who returns money is given.

use crate::{
    error::Error,
    types::loss::{close, low16, low32, low64, open, within, Index, BPS, MAX_AMOUNT},
};
use alloy_primitives::{B256, U256};

/// Whose money a loss took, in the order in which it is paid back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Traders who were deleveraged, or whose profits were cut: each has a claim of its own.
    Cut,
    /// Providers, through the pool.
    Providers,
    /// Stakers, through the fund.
    Fund,
    /// The market, through its buffer.
    Buffer,
}

impl Kind {
    /// The number of the kind.
    pub const fn code(self) -> u8 {
        match self {
            Self::Cut => 0,
            Self::Providers => 1,
            Self::Fund => 2,
            Self::Buffer => 3,
        }
    }
}

/// The claims of traders: one epoch is being repaid, the next collects what comes in, those before are repaid in full.
///
/// An epoch takes no more claims once it was repaid from, so every claim of it is worth the same part of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// The epoch that is being repaid; the next one collects.
    pub epoch: u32,
    /// What it owes, repaid or not, in token units.
    pub total: u128,
    /// What of it was repaid.
    pub repaid: u128,
    /// What the next one owes.
    pub next: u128,
    /// What was repaid, in whatever epoch, and not yet taken.
    pub held: u128,
}

impl Claims {
    /// The epoch that a claim of now belongs to.
    pub const fn collecting(&self) -> u32 {
        self.epoch.saturating_add(1)
    }
    /// What is still owed.
    pub const fn owed(&self) -> u128 {
        self.total.saturating_sub(self.repaid).saturating_add(self.next)
    }
}

/// The deficit ledger of one loss domain.
///
/// The words, each of two amounts of 112 and a number of 32 bits: `traders.total`, `traders.repaid`, `traders.epoch` |
/// `traders.next`, `traders.held` | `providers`, `fund` | `buffer`, `residue` | `index.cut`, `sealed.cut`,
/// `index.era` | `closed.cut`, the eras of `sealed` and `closed`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Book {
    /// Owed to traders.
    pub traders: Claims,
    /// Owed to the pool, in token units.
    pub providers: u128,
    /// Owed to the fund.
    pub fund: u128,
    /// Owed to the buffer.
    pub buffer: u128,
    /// The residue account: what rounding left, owed to nobody.
    pub residue: u128,
    /// What was cut of profits so far.
    pub index: Index,
    /// The same when the epoch that collects began.
    pub sealed: Index,
    /// The same when the epoch that is being repaid began.
    pub closed: Index,
}

/// Words of a [`Book`].
pub const BOOK_WORDS: usize = 6;

impl Book {
    /// What is owed to all but the fund: against the target it counts as if the fund had paid it.
    pub const fn owed_others(&self) -> u128 {
        self.traders.owed().saturating_add(self.providers).saturating_add(self.buffer)
    }
    /// What is owed.
    pub const fn owed(&self) -> u128 {
        self.owed_others().saturating_add(self.fund)
    }
    /// The book of its words.
    pub fn unpack(words: [U256; BOOK_WORDS]) -> Self {
        let [(total, repaid, epoch), (next, held, _), (providers, fund, _), (buffer, residue, _), a, b] =
            words.map(open);
        let eras = low64(b.1);
        Self {
            traders: Claims { epoch, total, repaid, next, held },
            providers,
            fund,
            buffer,
            residue,
            index: Index { era: a.2, cut: a.0 },
            sealed: Index { era: low32(eras), cut: a.1 },
            closed: Index { era: low32(eras >> 32), cut: b.0 },
        }
    }
    /// The book's words.
    pub fn pack(&self) -> [U256; BOOK_WORDS] {
        let Claims { epoch, total, repaid, next, held } = self.traders;
        let eras = u128::from(self.sealed.era) | u128::from(self.closed.era) << 32;
        [
            (total, repaid, epoch),
            (next, held, 0),
            (self.providers, self.fund, 0),
            (self.buffer, self.residue, 0),
            (self.index.cut, self.sealed.cut, self.index.era),
            (self.closed.cut, eras, 0),
        ]
        .map(|(low, high, tag)| close(low, high, tag))
    }
}

/// One trader's claim in one epoch.
///
/// The word, from its least significant bit: `amount` 112, `taken` 112, `epoch` 32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// Its epoch.
    pub epoch: u32,
    /// What was cut, in token units.
    pub amount: u128,
    /// What of it was paid back and taken.
    pub taken: u128,
}

impl Claim {
    /// The claim of a word.
    pub fn unpack(word: U256) -> Self {
        let (amount, taken, epoch) = open(word);
        Self { epoch, amount, taken }
    }
    /// The claim's word.
    pub fn pack(&self) -> U256 {
        close(self.amount, self.taken, self.epoch)
    }
}

/// What becomes of a profit that haircuts may have hit; the parts sum to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// What is left of it, in token units.
    pub kept: u128,
    /// What was cut and is repaid in full: paid at once.
    pub paid: u128,
    /// What was cut in the epoch that is being repaid.
    pub repaying: Claim,
    /// What was cut in the epoch that collects.
    pub collecting: Claim,
    /// What was cut and rounding keeps from being a claim: to the residue.
    pub residue: u128,
}

/// Where a repayment goes, in token units; the parts sum to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repayment {
    /// To traders: the book holds it for them.
    pub cut: u128,
    /// To the pool.
    pub providers: u128,
    /// To the fund.
    pub fund: u128,
    /// To the buffer.
    pub buffer: u128,
    /// Beyond what was owed.
    pub rest: u128,
}

/// How the fund is filled up again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recap {
    target_bps: u16,
    max_bps: u16,
}

impl Recap {
    /// 5 % of the base, half a fee more while nothing is there.
    pub const DEFAULT: Self = Self { target_bps: 500, max_bps: 5_000 };

    /// Checks every bound, inclusive.
    ///
    /// Units: `target_bps` of the base that the fund is measured against, `max_bps` of a fee.
    /// Errors: [`Error::Parameter`], numbered as in the README's table.
    pub fn new(target_bps: u16, max_bps: u16) -> Result<Self, Error> {
        within(20, target_bps.into(), 1, BPS)?;
        within(21, max_bps.into(), 0, BPS)?;
        Ok(Self { target_bps, max_bps })
    }
    /// The parameters of a word; one that was never written asks for nothing.
    pub fn unpack(word: U256) -> Self {
        let bits = low64(open(word).0);
        Self { target_bps: low16(bits), max_bps: low16(bits >> 16) }
    }
    /// The parameters' word: `target_bps` 16, `max_bps` 16.
    pub fn pack(&self) -> U256 {
        U256::from(u32::from(self.target_bps) | u32::from(self.max_bps) << 16)
    }
    /// What the fund should be, in basis points of the base.
    pub const fn target_bps(&self) -> u16 {
        self.target_bps
    }
    /// The surcharge while the fund is empty, in basis points of the fee.
    pub const fn max_bps(&self) -> u16 {
        self.max_bps
    }
}

/// On what terms whoever returns money keeps a part: written once under a number, never changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Harbour {
    rate_bps: u16,
    cap: u128,
    text: B256,
}

impl Harbour {
    /// Checks every bound, inclusive.
    ///
    /// Units: `rate_bps` of what is returned, `cap` in token units for an incident; `text` is the terms' hash.
    /// Errors: [`Error::Parameter`], numbered as in the README's table.
    pub fn new(rate_bps: u16, cap: u128, text: B256) -> Result<Self, Error> {
        within(22, rate_bps.into(), 0, BPS / 2)?;
        within(23, cap, 0, MAX_AMOUNT)?;
        Ok(Self { rate_bps, cap, text })
    }
    /// The bounty, in basis points of what is returned.
    pub const fn rate_bps(&self) -> u16 {
        self.rate_bps
    }
    /// The most that an incident pays, in token units.
    pub const fn cap(&self) -> u128 {
        self.cap
    }
    /// The hash of the safe-harbour text.
    pub const fn text(&self) -> B256 {
        self.text
    }
    /// The terms of two words.
    pub fn unpack([terms, text]: [U256; 2]) -> Self {
        let (cap, rate, _) = open(terms);
        Self { rate_bps: low16(low64(rate)), cap, text: B256::from(text) }
    }
    /// The terms' two words.
    pub fn pack(&self) -> [U256; 2] {
        [close(self.cap, self.rate_bps.into(), 0), self.text.into()]
    }
}

/// What an incident lost and got back.
///
/// The word, from its least significant bit: `recorded` 112, `returned` 112, `terms` 32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// The number of the terms that stood when it opened.
    pub terms: u32,
    /// What others than the account that lost it bore, in token units.
    pub recorded: u128,
    /// What of it was returned.
    pub returned: u128,
}

impl Recovery {
    /// The recovery of a word.
    pub fn unpack(word: U256) -> Self {
        let (recorded, returned, terms) = open(word);
        Self { terms, recorded, returned }
    }
    /// The recovery's word.
    pub fn pack(&self) -> U256 {
        close(self.recorded, self.returned, self.terms)
    }
}

/// What becomes of returned money, in token units; the parts sum to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Returned {
    /// To whoever brings it.
    pub bounty: u128,
    /// To the ledger.
    pub booked: u128,
}
