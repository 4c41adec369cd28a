//! The parameter table: every value that can change after a market is listed, its bounds and which way tightens.
//!
//! | id | scope | value |
//! |---|---|---|
//! | `0x0100 + n` | 0 | delay `n` of [`fusebox_authority`], in seconds |
//! | `0x0200 + n` | market | threshold `n` of the breaker, in the order of its word |
//! | `0x0280 + n` | market | the maximum age of feed `n`, in seconds |
//! | `0x0300 + n` | bucket | the limiter's floor, share of the base, window, small lane, policy |
//! | `0x0500 + n` | market | parameter `n` of [`fusebox_market`], then what the protocol has of its own: see [`crate::types::Policy`] |

use crate::{
    abi, limits, program,
    storage::{self, TERM},
    types::{HOUSE, TARGET},
};
use alloc::vec::Vec;
use alloy_primitives::U256;
use alloy_sol_types::SolError;
use fusebox_authority::{
    self as authority,
    types::{
        change::header,
        playbook::{Incident, Situation},
        table::{is_table, Row, DELAY_ROWS},
        Change,
    },
};
use fusebox_breaker::storage as breaker;
use fusebox_core::{
    host::{revert, Host},
    pack::{field_u128, with_field_u128},
    panel::{Scope, Tier},
};
use fusebox_limiter as limiter;
use fusebox_market::{
    self as risk,
    params::{Terms, MAX_CAP, MAX_DUST, TERMS},
};
use stylus_sdk::stylus_core::Host as StylusHost;

type Result<T> = core::result::Result<T, Vec<u8>>;

/// The limiter's share of the base, which a Steward may lower for a while.
pub const LIMIT_SHARE: u16 = 0x0301;

const WAITS: (Row, Row, Row, Row) = {
    let [a, b, c, d] = DELAY_ROWS;
    (a, b, c, d)
};

/// The rows. Where a Steward may tighten, its floor stands last and is not the first bound: a threshold of the breaker
/// that it could lower far enough would be a pause, so it has none of these.
pub const TABLE: [Row; 52] = [
    WAITS.0,
    WAITS.1,
    WAITS.2,
    WAITS.3,
    // The breaker: lower thresholds of Guarded, ReduceOnly and velocity trip earlier, and none of them stops an exit.
    // What trips Halted, and every time, can hurt either way.
    Row::down(0x0200, 50, 2_500, 2_500),
    Row::down(0x0201, 100, 5_000, 5_000),
    Row::contested(0x0202, 500, 5_000),
    Row::down(0x0203, 300, 5_000, 5_000),
    Row::down(0x0204, 10, 1_000, 1_000),
    Row::contested(0x0205, 300, 14_400),
    Row::contested(0x0206, 1, 50),
    Row::contested(0x0207, 30, 600),
    Row::contested(0x0208, 1, 1_440),
    Row::contested(0x0209, 1, 1_440),
    Row::contested(0x020a, 1, 1_440),
    Row::contested(0x020b, 1, 1_440),
    Row::contested(0x020c, 3, 4_320),
    Row::contested(0x020d, 180, 7_200),
    Row::contested(0x020e, 3, 10),
    // A longer age lets stale prices in, a shorter one refuses good ones.
    Row::contested(0x0280, 60, 172_800),
    Row::contested(0x0281, 60, 172_800),
    Row::contested(0x0282, 60, 172_800),
    Row::contested(0x0283, 60, 172_800),
    Row::contested(0x0284, 60, 172_800),
    // The limiter: a smaller share lets less leave at once, but never less than a hundredth of the base a window.
    Row::contested(0x0300, 1, limiter::params::MAX_AMOUNT),
    Row::down(LIMIT_SHARE, 100, 10_000, 100),
    Row::contested(0x0302, 60, 10_080),
    Row::contested(0x0303, 0, 5_000),
    Row::contested(0x0304, 0, 2),
    // The market: more margin for new risk and smaller caps tighten. What decides a liquidation, a cost or when a profit
    // may leave can hurt either way. A Steward may raise the base, the factor while Guarded, and lower the open interest.
    Row::up(TERM, 10, 10_000, 5_000),
    Row::down(0x0501, 0, 9_999, 9_999),
    Row::up(0x0502, 1, 10_000, 1),
    Row::down(0x0503, 0, 9_999, 9_999),
    Row::up(0x0504, 1, 10_000, 1),
    Row::up(0x0505, 0, 1_000, 0),
    Row::up(0x0506, 1, 10_080, 1),
    Row::up(0x0507, 10_000, 50_000, 50_000),
    Row::down(0x0508, 100, 10_000, 10_000),
    Row::down(0x0509, 1, 20_000, 500),
    Row::contested(0x050a, 0, 1_000),
    Row::contested(0x050b, 0, 43_200),
    Row::contested(0x050c, 1, MAX_DUST),
    Row::down(0x050d, 1, MAX_CAP, MAX_CAP),
    Row::down(0x050e, 1, MAX_CAP, MAX_CAP),
    Row::contested(0x050f, 1, 9_999),
    Row::contested(0x0510, 0, 9_999),
    Row::contested(0x0511, 0, MAX_DUST),
    Row::contested(0x0512, 86_400, 31_536_000),
    Row::contested(0x0513, 0, 0xffff_ffff_ffff_ffff),
    // A buffer is taken from the pool; deleveraging protects the pool and closes somebody's position.
    Row::contested(0x0514, 0, 1_000),
    Row::contested(0x0515, 0, 9_999),
    Row::contested(0x0516, 0, 9_999),
];

const _: () = assert!(is_table(&TABLE));

/// Where a parameter lies: module and number, the word as it is, offset and bits of its field.
struct Place {
    module: u8,
    number: u8,
    word: U256,
    offset: u32,
    bits: u32,
}

/// Finds a parameter.
///
/// Errors: [`abi::NoParameter`] where the scope has no such word.
fn place(host: &impl Host, scope: u32, id: u16) -> Result<Place> {
    let [module, number] = id.to_be_bytes();
    let half = |index: u8| (u32::from(index).saturating_mul(16), 16);
    let of_breaker = |index: u64| breaker::load(host, Scope::new(scope), index);
    let (word, (offset, bits)) = match (module, number) {
        (2, 14) => (of_breaker(breaker::PARAMS), (224, 8)),
        (2, 0..=13) => (of_breaker(breaker::PARAMS), half(number)),
        (2, _) => (of_breaker(breaker::FEEDS.saturating_add(u64::from(number & 0x7f))), (232, 24)),
        (3, _) => {
            let config = limiter::storage::config(host, scope).filter(|_| limits::exists(scope));
            let at = [(0, 128), (128, 16), (144, 16), (160, 16), (176, 8)];
            let field = at.get(usize::from(number)).copied().unwrap_or_default();
            (config.map(|config| config.pack()).unwrap_or_default(), field)
        }
        _ => (U256::ZERO, (0, 0)),
    };
    if word.is_zero() || bits == 0 {
        return Err(revert(abi::NoParameter::SELECTOR, [U256::from(scope), U256::from(id)]));
    }
    Ok(Place { module, number, word, offset, bits })
}

/// The approved value of a parameter.
///
/// Errors: [`abi::NoParameter`].
pub fn value(host: &impl Host, scope: u32, id: u16) -> Result<u128> {
    if let Some(delay) = authority::shell::own_value(host, (scope, id)) {
        return Ok(delay);
    }
    match id.to_be_bytes() {
        [5, term] => of_market(host, scope, term),
        _ => place(host, scope, id).map(|place| field_u128(place.word, place.offset, place.bits)),
    }
}

/// A parameter of a market, or what the protocol has of its own for it.
fn of_market(host: &impl Host, market: u32, term: u8) -> Result<u128> {
    let (params, _) = risk::storage::params(host, market);
    if params.terms.base_bps == 0 {
        return Err(revert(
            abi::NoParameter::SELECTOR,
            [U256::from(market), U256::from(TERM).saturating_add(U256::from(term))],
        ));
    }
    Ok(if (TERMS..=TARGET).contains(&term) { storage::policy(host, market).get(term) } else { params.get(term) })
}

/// Gives a market that was just listed what the protocol has of its own for it.
///
/// Errors: [`crate::error::Error::Term`].
pub fn establish(host: &mut impl Host, market: u32, policy: U256) -> Result<()> {
    let policy = storage::unpack_policy(policy).validated(&risk::storage::terms(host, market))?;
    storage::store_policy(host, market, &policy);
    Ok(())
}

/// Writes it; the policy keeps its bounds, of which one is the smallest margin.
fn set_of_market(host: &mut impl Host, market: u32, term: u8, value: u128) -> Result<()> {
    of_market(host, market, term)?;
    let mut policy = storage::policy(host, market);
    if (TERMS..=TARGET).contains(&term) {
        policy = policy.with(term, value);
    } else {
        risk::shell::set(host, market, term, value)?;
    }
    let policy = policy.validated(&risk::storage::terms(host, market))?;
    storage::store_policy(host, market, &policy);
    Ok(())
}

/// Writes a value that may be written, and logs it if it waited; the module's own rules decide whether it fits with the
/// others.
///
/// Errors: [`abi::NoParameter`]; the module's.
/// Events: `ParameterSet`; the limiter's.
pub fn write(vm: &impl StylusHost, host: &mut impl Host, scope: u32, id: u16, value: u128) -> Result<()> {
    if authority::shell::set_own_value(host, (scope, id), value) {
        return Ok(());
    }
    if let [5, term] = id.to_be_bytes() {
        return set_of_market(host, scope, term, value);
    }
    let Place { module, number, word, offset, bits } = place(host, scope, id)?;
    let next = with_field_u128(word, offset, bits, value).map_err(abi::overflow)?;
    match module {
        2 => {
            let market = Scope::new(scope);
            let index = if number < 0x80 { 0 } else { u64::from(number & 0x7f).saturating_add(2) };
            breaker::store(host, market, breaker::PARAMS.saturating_add(index), next, word);
            let setup = breaker::load_setup(host, market)?;
            setup.params.validate()?;
            for (feed, config) in (0u8..setup.count).zip(&setup.feeds) {
                config.validate(feed)?;
            }
        }
        _ => program::configure(vm, scope, next)?,
    }
    Ok(())
}

/// Tells the module of a parameter that a Steward has tightened it, or that this has ended.
///
/// Errors: those of [`value`]; the limiter's.
pub fn mark(vm: &impl StylusHost, host: &mut impl Host, scope: u32, id: u16) -> Result<()> {
    let overlay = authority::storage::overlay(host, scope, id);
    let is_live = overlay.is_live(host.now());
    match id {
        LIMIT_SHARE => {
            let approved = value(host, scope, id)?.max(1);
            // The module keeps a share of the approved capacity: it is worked out anew when either changes.
            let least = HOUSE.limiter.overlay_floor_bps().into();
            let factor = overlay.value.saturating_mul(10_000).checked_div(approved).unwrap_or(0).clamp(least, 10_000);
            let (factor, until) =
                if is_live { (u16::try_from(factor).unwrap_or(10_000), overlay.until) } else { (10_000, 0) };
            program::overlaid(vm, scope, factor, until)
        }
        _ if id >= TERM && is_live => {
            // Set once it stays: whether an overlay is in force is compared on every read.
            let terms = risk::storage::terms(host, scope);
            if !terms.overlaid {
                risk::storage::store_terms(host, scope, &Terms { overlaid: true, ..terms });
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// How the scope of a playbook stands: its open incident, as long as that lasts by the clock, and the tier it reached.
pub fn situation(host: &impl Host, batch: &[U256]) -> Result<Situation> {
    let hash = authority::shell::hash(host, batch);
    let scope = authority::storage::playbook(host, hash).scope;
    let open = fusebox::journal::open_incident(host, Scope::new(scope)).filter(|(_, it)| host.now() < it.ends);
    let tier = open.map_or(Tier::Normal, |(_, incident)| incident.tier);
    let incident = open.map(|(id, it)| Incident { id, opened_by: it.opened_by, opened_at: it.detected });
    Ok(Situation { scope, tier, incident })
}

/// The words of a change.
pub fn words(change: &Change<'_>) -> Vec<U256> {
    let mut words = Vec::from([header(change.act, change.id, change.scope)]);
    words.extend_from_slice(change.args);
    words
}
