//! Changes by their words: what can be proposed, and what it is called.

use super::{
    clock, parameters, programs,
    terms::{self, protocol, Cover, Fund},
    words,
};
use alloy_primitives::{keccak256, Address, B256, U256};
use clap::{Parser, Subcommand};
use fusebox_authority::types::{change, Act, Change, Role};
use fusebox_core::{host::word, panel::Tier};
use perp::settle;
use std::path::{Path, PathBuf};

use super::fault::{file, Fault, Outcome};

/// The number of the protocol's act that lists a market.
const LIST: u16 = 0;

/// What can be proposed.
#[derive(Clone, Debug, Subcommand)]
pub enum Proposal {
    /// A value of the parameter table, as `set` does where it has to wait.
    Parameter {
        /// Name or number: see `fusebox set --help`.
        #[arg(value_parser = parameters::parse)]
        parameter: u16,
        /// The value.
        value: u128,
        /// Where: protocol, the number of a market, or of a bucket.
        #[arg(long, default_value = "protocol", value_parser = words::parse_scope)]
        scope: u32,
    },
    /// A role for an account: waits the delay of roles.
    Grant {
        /// Who.
        account: Address,
        /// governance, council, guardian, steward or sentinel.
        #[arg(value_parser = words::parse_role)]
        role: Role,
    },
    /// To take a role from an account: at once, but where that would take a check away.
    Revoke {
        /// Who.
        account: Address,
        /// governance, council, guardian, steward or sentinel.
        #[arg(value_parser = words::parse_role)]
        role: Role,
    },
    /// A guardian of a scope, or to arm one again: waits. With --remove: at once, unless it is the last.
    Guardian {
        /// Who.
        account: Address,
        /// Where it may pause.
        #[arg(long, default_value = "protocol", value_parser = words::parse_scope)]
        scope: u32,
        /// How long its pauses last.
        #[arg(long, default_value = "24h", value_parser = clock::parse_span, conflicts_with = "remove")]
        pause: u64,
        /// To remove it.
        #[arg(long)]
        remove: bool,
    },
    /// Another program in the place of one of the protocol's: waits the delay of upgrades.
    Upgrade {
        /// Which: its name, such as perp-view, or its number.
        #[arg(value_parser = programs::parse)]
        program: u16,
        /// The program that takes its place, deployed and activated.
        address: Address,
    },
    /// To move a ticket that the Council holds to another owner.
    Escrow {
        /// The ticket's number: `fusebox status --tickets` lists them.
        ticket: u128,
        /// Its new owner.
        to: Address,
    },
    /// A batch for the Council, to be run at once within an incident. The file has a change a line, as these are written.
    Playbook {
        /// The file.
        file: PathBuf,
        /// Where its incident has to be open.
        #[arg(long, value_parser = words::parse_scope)]
        scope: u32,
        /// From which tier on: guarded, reduce-only, halted.
        #[arg(long, default_value = "reduce-only", value_parser = words::parse_tier)]
        tier: Tier,
        /// It is run once, and not armed again by the next incident.
        #[arg(long)]
        single: bool,
    },
    /// To wind a scope down: no new risk, without end.
    WindDown {
        /// Where.
        #[arg(value_parser = words::parse_scope)]
        scope: u32,
    },
    /// To undo a wind-down.
    Reopen {
        /// Where.
        #[arg(value_parser = words::parse_scope)]
        scope: u32,
    },
    /// To settle what is wound down, for good.
    Settle {
        /// Where.
        #[arg(value_parser = words::parse_scope)]
        scope: u32,
    },
    /// The terms on which money may be brought back.
    ReturnTerms {
        /// Bounty of what is brought back, in basis points.
        rate_bps: u16,
        /// The largest bounty, in units of the token.
        cap: u128,
        /// Hash of the terms' text.
        text: B256,
    },
    /// On what terms the fund covers a loss domain.
    Cover {
        /// The domain.
        domain: u32,
        /// What a loss bears itself, in units of the token.
        #[arg(long)]
        deductible: u128,
        /// The same as a share of the loss, in basis points.
        #[arg(long)]
        deductible_bps: u16,
        /// What an epoch may draw, in basis points of the fund.
        #[arg(long)]
        budget_bps: u16,
        /// Days of an epoch.
        #[arg(long)]
        epoch_days: u16,
        /// What the domain may draw in all, in units of the token.
        #[arg(long)]
        claim: u128,
    },
    /// How the fund is filled up.
    Surcharge {
        /// What it aims at, in basis points of the pool's assets.
        target_bps: u16,
        /// The most of a fee that is asked on top of it, in basis points.
        most_bps: u16,
    },
    /// The fund's times and floor.
    Fund {
        /// From a request until it may leave.
        #[arg(long, value_parser = clock::parse_span)]
        cooldown: u64,
        /// How long it may leave then.
        #[arg(long, value_parser = clock::parse_span)]
        window: u64,
        /// How long an incident holds back.
        #[arg(long, value_parser = clock::parse_span)]
        hold: u64,
        /// How long a deficit holds back.
        #[arg(long, value_parser = clock::parse_span)]
        deficit: u64,
        /// What is never paid out, in units of the token.
        #[arg(long)]
        floor: u128,
    },
    /// A change by its words, as an event Proposed has them.
    Words {
        /// The words: numbers, decimal or hexadecimal.
        #[arg(required = true, num_args = 1..)]
        words: Vec<U256>,
    },
}

impl Proposal {
    /// The words of the change.
    ///
    /// Errors: a playbook's file that is not right; terms out of their bounds.
    pub fn words(&self) -> Outcome<Vec<U256>> {
        Ok(match self {
            Self::Parameter { parameter, value, scope } => change::parameter(*scope, *parameter, *value).to_vec(),
            Self::Grant { account, role } => change::grant(*account, *role).to_vec(),
            Self::Revoke { account, role } => change::revoke(*account, *role).to_vec(),
            Self::Guardian { account, scope, pause, remove } => {
                let secs = if *remove { 0 } else { u32::try_from(*pause).unwrap_or(u32::MAX) };
                change::guardian(*account, *scope, secs).to_vec()
            }
            Self::Upgrade { program, address } => vec![change::header(Act::Upgrade, *program, 0), word(*address)],
            Self::Escrow { ticket, to } => vec![change::header(Act::Escrow, 0, 0), U256::from(*ticket), word(*to)],
            Self::Playbook { file, scope, tier, single } => {
                std::iter::once(change::playbook(*scope, *tier, *single)).chain(batch(file)?).collect()
            }
            Self::WindDown { scope } => protocol(settle::WIND_DOWN, *scope, &[]),
            Self::Reopen { scope } => protocol(settle::REOPEN, *scope, &[]),
            Self::Settle { scope } => protocol(settle::SETTLE, *scope, &[]),
            Self::ReturnTerms { rate_bps, cap, text } => terms::harbour(*rate_bps, *cap, *text)?,
            Self::Cover { domain, deductible, deductible_bps, budget_bps, epoch_days, claim } => {
                let (domain, deductible, claim) = (*domain, *deductible, *claim);
                let (deductible_bps, budget_bps, epoch_days) = (*deductible_bps, *budget_bps, *epoch_days);
                Cover { domain, deductible, deductible_bps, budget_bps, epoch_days, claim }.words()?
            }
            Self::Surcharge { target_bps, most_bps } => terms::surcharge(*target_bps, *most_bps)?,
            Self::Fund { cooldown, window, hold, deficit, floor } => {
                let (cooldown, window, hold, deficit, floor) = (*cooldown, *window, *hold, *deficit, *floor);
                Fund { cooldown, window, hold, deficit, floor }.words()?
            }
            Self::Words { words } => words.clone(),
        })
    }
}

/// The words that list a market.
pub fn list(words: &[U256]) -> Vec<U256> {
    std::iter::once(change::header(Act::Protocol, LIST, 0)).chain(words.iter().copied()).collect()
}

/// A line of a playbook's file.
#[derive(Debug, Parser)]
#[command(no_binary_name = true, disable_help_flag = true)]
struct Line {
    #[command(subcommand)]
    change: Proposal,
}

/// The batch of a file: each change behind the number of its words. Empty lines and those that begin with # do not count.
///
/// Errors: a line that is no change.
pub fn batch(path: &Path) -> Outcome<Vec<U256>> {
    let text = std::fs::read_to_string(path).map_err(|error| file(path, error))?;
    let mut all = Vec::new();
    let lines = (1..).zip(text.lines().map(str::trim)).filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    for (number, line) in lines {
        let bad = |why: String| file(path, format!("line {number}, {line:?}: {why}"));
        let parsed = Line::try_parse_from(line.split_whitespace()).map_err(|error| {
            bad(error.to_string().lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned())
        })?;
        if matches!(parsed.change, Proposal::Playbook { .. }) {
            return Err(bad("a playbook holds no other".into()));
        }
        let words = parsed.change.words()?;
        all.push(U256::from(words.len()));
        all.extend(words);
    }
    match all.is_empty() {
        true => Err(file(path, "no change is in it")),
        false => Ok(all),
    }
}

/// The hash under which words are proposed, or a batch is found.
pub fn hash(words: &[U256]) -> B256 {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes::<32>()).collect();
    keccak256(bytes)
}

/// A change in words.
pub fn describe(words: &[U256]) -> String {
    let Ok(it) = Change::decode(words) else { return format!("{} words that make no change", words.len()) };
    let scope = words::scope(it.scope.into());
    match it.act {
        Act::Parameter => format!("{} = {} in {scope}", parameters::show(it.id), it.value()),
        Act::Grant => format!("{} becomes {}", it.account(), words::role(it.id.into())),
        Act::Revoke => format!("{} is {} no more", it.account(), words::role(it.id.into())),
        Act::Guardian if it.secs() == 0 => format!("{} is guardian of {scope} no more", it.account()),
        Act::Guardian => format!("{} is guardian of {scope}, for {}", it.account(), clock::span(it.secs().into())),
        Act::Upgrade => format!("{} becomes {}", programs::name(it.id.into()), it.account()),
        Act::Escrow => {
            let of = |at: usize| it.args.get(at).copied().unwrap_or_default();
            format!("ticket {} goes to {}", of(0), Address::from_word(of(1).into()))
        }
        Act::Playbook => format!(
            "a playbook of {} words for {scope}, from {} on{}",
            it.args.len(),
            words::tier(it.tier().code().into()),
            if it.is_single() { ", once" } else { "" },
        ),
        Act::Protocol => match it.id {
            LIST => "a market is listed".to_owned(),
            settle::WIND_DOWN => format!("{scope} is wound down"),
            settle::REOPEN => format!("{scope} is open again"),
            settle::SETTLE => format!("{scope} is settled, for good"),
            settle::HARBOUR => "terms for money that is brought back".to_owned(),
            perp::insurance::COVER => format!("what the fund covers in domain {}", it.scope),
            perp::insurance::RECAP => "how the fund is filled up".to_owned(),
            perp::insurance::PARAMS => "the fund's times and floor".to_owned(),
            id => format!("act {id} of the protocol in {scope}"),
        },
    }
}

/// The parts of a batch.
///
/// Errors: words that are no batch.
pub fn parts(batch: &[U256]) -> Outcome<Vec<&[U256]>> {
    let mut rest = batch;
    let mut all = Vec::new();
    while let Some((count, after)) = rest.split_first() {
        let count = usize::try_from(*count).unwrap_or(usize::MAX);
        if count == 0 || count > after.len() {
            return Err(Fault::Usage(
                "these words are no batch: each change stands behind the number of its words".into(),
            ));
        }
        let (one, behind) = after.split_at(count);
        all.push(one);
        rest = behind;
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_playbook_is_read_from_a_file_and_told_in_words() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("playbook.txt");
        let text = "# two steps\nparameter base-bps 2000 --scope 1\n\nwind-down protocol\n";
        std::fs::write(&path, text).expect("written");
        let batch = batch(&path).expect("a batch");
        let told: Vec<String> = parts(&batch).expect("parts").into_iter().map(describe).collect();
        assert_eq!(told, ["base-bps (0x0500) = 2000 in market 1", "the protocol is wound down"]);
        std::fs::write(&path, "sell everything\n").expect("written");
        assert!(super::batch(&path).unwrap_err().to_string().contains("line 1"));
        assert!(parts(&[U256::from(3), U256::ZERO]).is_err());
    }
}
