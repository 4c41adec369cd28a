//! What stands between the entries and the module: construction, the panel, who draws and how much.

use crate::{abi, storage};
use alloc::vec::Vec;
use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolCall, SolError};
use fusebox::{token, vm::Vm};
use fusebox_core::{
    host::{revert, word, Host},
    panel::Class,
};
use fusebox_fund::{
    logic::{hold, loss},
    shell::{self, Exposure},
    types::{
        loss::{Cover, CoverTerms, Layers},
        Params,
    },
};
use stylus_sdk::{call::RawCall, stylus_core::Host as StylusHost, ArbResult};

type Reply<T> = Result<T, Vec<u8>>;

/// Most loss domains.
const MAX_DOMAINS: u16 = 256;
/// Most decimals of the asset: with three more a share still has fewer than 128 bits.
const MAX_DECIMALS: u64 = 24;
/// What a panel is given to answer, and what must be left so that it gets it: gas never changes a verdict.
const PANEL_GAS: u64 = 250_000;
const GAS_NEEDED: u64 = 300_000;

/// Sets the desk and has it do the rest.
pub fn construct(vm: &impl StylusHost, words: &[U256]) -> Reply<()> {
    let Some((desk, rest)) = words.split_first() else {
        return Err(pair(abi::TooFewWords::SELECTOR, 0, 4));
    };
    let desk = Address::from_word((*desk).into());
    if vm.code_size(desk) == 0 {
        return Err(revert(abi::DeskWithoutCode::SELECTOR, [word(desk)]));
    }
    storage::set_desk(&mut Vm::new(vm), desk);
    let mut input = revert(abi::initialiseCall::SELECTOR, [U256::from(32), U256::from(rest.len())]);
    rest.iter().for_each(|word| input.extend_from_slice(&word.to_be_bytes::<32>()));
    delegate(vm, &input).map(drop)
}

/// Runs the desk on this storage.
#[inline(never)]
pub fn delegate(vm: &impl StylusHost, input: &[u8]) -> ArbResult {
    let desk = storage::desk(&Vm::new(vm));
    vm.flush_cache(true);
    // SAFETY: the storage cache was flushed and cleared; the desk is fixed at construction and shares the layout.
    unsafe { RawCall::new_delegate(vm).call(desk, input) }
}

/// Writes everything that is fixed, checked.
pub fn initialise(vm: &impl StylusHost, words: &[U256]) -> Reply<()> {
    let [asset, panel, params, rest @ ..] = words else {
        return Err(pair(abi::TooFewWords::SELECTOR, words.len(), 3));
    };
    let (asset, panel) = (Address::from_word((*asset).into()), Address::from_word((*panel).into()));
    let mut host = Vm::new(vm);
    let known = storage::asset(&host);
    if !known.is_zero() {
        return Err(revert(abi::AlreadyInitialised::SELECTOR, [word(known)]));
    }
    let decimals = token::decimals(vm, asset)?;
    let most = U256::from(MAX_DECIMALS);
    let decimals = u64::try_from(decimals)
        .ok()
        .filter(|decimals| *decimals <= MAX_DECIMALS)
        .ok_or_else(|| revert(abi::DecimalsOutOfBounds::SELECTOR, [decimals, most]))?;
    if !panel.is_zero() && vm.code_size(panel) == 0 {
        return Err(revert(abi::PanelWithoutCode::SELECTOR, [word(panel)]));
    }
    shell::configure(&mut host, &Params::unpack(*params)?);
    storage::set_panel(&mut host, panel);
    let (mut domains, mut rest) = (0u16, rest.iter().copied());
    while let Some(drawer) = rest.next() {
        let cover = rest.next().ok_or_else(|| pair(abi::OddDomains::SELECTOR, words.len(), domains))?;
        let drawer = Address::from_word(drawer.into());
        if drawer.is_zero() {
            return Err(revert(abi::ZeroAddress::SELECTOR, [U256::from(domains)]));
        }
        if domains >= MAX_DOMAINS {
            return Err(pair(abi::TooManyDomains::SELECTOR, words.len(), MAX_DOMAINS));
        }
        storage::set_drawer(&mut host, domains, drawer);
        storage::set_cover(&mut host, domains, &checked(Cover::unpack([U256::ZERO, cover]))?);
        domains = domains.saturating_add(1);
    }
    storage::set_terms(&mut host, asset, decimals, domains.into());
    Ok(())
}

/// Revert data of two numbers.
fn pair(selector: [u8; 4], value: usize, bound: u16) -> Vec<u8> {
    revert(selector, [U256::from(value), U256::from(bound)])
}

/// A cover whose terms are within their bounds.
fn checked(cover: Cover) -> Reply<Cover> {
    let terms = cover.terms;
    let (absolute, share) = (terms.deductible(), terms.deductible_bps());
    Ok(Cover { terms: CoverTerms::new(absolute, share, terms.budget_bps(), terms.epoch_days())?, ..cover })
}

/// Whether the panel lets a class of action pass for the protocol; one that gives no answer stops no exit and no inflow.
pub fn check(host: &impl Host, class: Class) -> Reply<()> {
    let panel = storage::panel(host);
    if panel.is_zero() {
        return Ok(());
    }
    let left = host.gas_left();
    if left < GAS_NEEDED {
        return Err(revert(abi::PanelGas::SELECTOR, [U256::from(left), U256::from(GAS_NEEDED)]));
    }
    let input = revert(abi::checkCall::SELECTOR, [U256::ZERO, U256::from(class.code())]);
    let mut output = [0; 132];
    let answer = host.static_call(panel, PANEL_GAS, &input, &mut output);
    if !answer.ok && answer.len == output.len() && output.starts_with(&abi::Stopped::SELECTOR) {
        return Err(output.to_vec());
    }
    Ok(())
}

/// The caller draws for the domain.
///
/// Errors: `UnknownDomain`, `NotDrawer`.
pub fn drawing(host: &impl Host, domain: U256) -> Reply<u16> {
    let count = storage::terms(host).1;
    let Some(known) = u16::try_from(domain).ok().filter(|domain| u64::from(*domain) < count) else {
        return Err(revert(abi::UnknownDomain::SELECTOR, [domain, U256::from(count)]));
    };
    let who = host.caller();
    if who != storage::drawer(host, known) {
        return Err(revert(abi::NotDrawer::SELECTOR, [word(who), domain]));
    }
    Ok(known)
}

/// Books a loss of `need` in a domain: what the fund pays of it.
pub fn draw(host: &mut impl Host, params: &Params, domain: u16, need: u128) -> Reply<u128> {
    let floor = params.floor();
    let fund = shell::drawable(host, params).saturating_add(floor);
    let layers = Layers { fund, fund_floor: floor, ..Layers::default() };
    let (cover, split) = loss::absorb(storage::cover(host, domain), &layers, host.now(), need)?;
    storage::set_cover(host, domain, &cover);
    if split.fund != 0 {
        shell::draw(host, params, domain, split.fund)?;
        let open = storage::open(host, domain);
        let of_deficit = split.fund.min(open.deficit);
        let deficit = open.deficit.saturating_sub(of_deficit);
        let incident = open.incident.saturating_sub(split.fund.saturating_sub(of_deficit));
        storage::set_open(host, domain, &storage::Open { deficit, incident, ..open });
    }
    Ok(split.fund)
}

/// A domain says what is open: 0 an incident may cost so much more, 1 a loss is known, 2 and 3 so much of them is over.
///
/// No more than it may draw, and nothing of another domain's.
///
/// Errors: `UnknownExposure`, `AboveClaim`, the module's.
pub fn expose(host: &mut impl Host, params: &Params, domain: u16, kind: U256, amount: u128) -> Reply<()> {
    let (mut own, now) = (storage::open(host, domain), host.now());
    let (deficit, incident) = beside(host, params, domain);
    let exposure = match u8::try_from(kind).unwrap_or(u8::MAX) {
        0 => {
            own.incident = own.incident.saturating_add(amount);
            Exposure::Incident(amount)
        }
        1 => {
            // The fund knows one end for all deficits, and this report moves it: what has lapsed would be held for again.
            let lapsed = deficit.saturating_sub(own.deficit);
            if lapsed != 0 {
                shell::expose(host, params, domain, Exposure::DeficitOver(lapsed))?;
            }
            let set_aside = amount.min(own.incident).min(incident);
            own.deficit = own.deficit.saturating_add(amount);
            own.incident = own.incident.saturating_sub(set_aside);
            own.deficit_until = now.saturating_add(params.deficit_secs());
            Exposure::Deficit(amount, set_aside)
        }
        2 => {
            own.incident = own.incident.checked_sub(amount).ok_or_else(|| above(amount, own.incident))?;
            Exposure::IncidentOver(amount.min(incident))
        }
        3 => {
            own.deficit = own.deficit.checked_sub(amount).ok_or_else(|| above(amount, own.deficit))?;
            Exposure::DeficitOver(amount.min(deficit))
        }
        _ => return Err(revert(abi::UnknownExposure::SELECTOR, [kind, U256::from(3)])),
    };
    let (open, claim) = (own.incident.saturating_add(own.deficit), storage::cover(host, domain).claim);
    if open > claim {
        return Err(revert(abi::AboveClaim::SELECTOR, [U256::from(open), U256::from(claim)]));
    }
    match exposure {
        Exposure::IncidentOver(0) | Exposure::DeficitOver(0) if amount != 0 => {} // used already: nothing is left of it
        _ => shell::expose(host, params, domain, exposure)?,
    }
    if kind.is_zero() {
        own.incident_until = hold::incident_until(&fusebox_fund::storage::hold(host, false), params);
    }
    storage::set_open(host, domain, &own);
    Ok(())
}

/// What is open beside what the other domains say, of deficits and of incidents.
///
/// Less than a domain's own where another's draw has used it, more where a deficit of any has lapsed.
fn beside(host: &impl Host, params: &Params, domain: u16) -> (u128, u128) {
    let all = hold::settle(fusebox_fund::storage::hold(host, false), params, host.now());
    let domains = u16::try_from(storage::terms(host).1).unwrap_or(MAX_DOMAINS);
    (0..domains).filter(|other| *other != domain).fold((all.deficit, all.incident), |(deficit, incident), other| {
        let open = storage::open(host, other);
        (deficit.saturating_sub(open.deficit), incident.saturating_sub(open.incident))
    })
}

/// More is called off than the domain has open.
fn above(amount: u128, bound: u128) -> Vec<u8> {
    fusebox_fund::error::Error::AboveOpen { amount, bound }.into()
}
