//! `status`: every circuit, limiter, breaker and the fund, as they are now.

use super::{
    access::{Access, Place},
    change,
    circuit::{self, Circuit},
    clock, explain,
    fault::{Fault, Outcome},
    output::{table, Output, Report, Tone},
    queue,
    remote::Remote,
    roster,
    rpc::{Failed, Message},
    tickets, words,
};
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use clap::Args;
use fusebox::bindings::Protocol as entry;
use fusebox_authority::types::Stage;
use fusebox_breaker::storage as feeds;
use fusebox_core::{
    host::Host,
    panel::{Class, Scope, Tier},
};
use fusebox_limiter::{shell as limiter, storage as buckets, Policy, Slot};
use perp::{limits, types::HOUSE};
use serde_json::{json, Value};

/// How everything stands: circuits, limiters, breakers, the fund; with --queue, --roles, --tickets more.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = "\
Examples:
  fusebox status
  fusebox status --queue --roles --tickets
  fusebox status --json | jq '.circuits[] | select(.tier != \"Normal\")'

Everything is read at one block. Exit code 0 whatever the state is; `fusebox can` answers with its exit code.")]
pub struct Status {
    /// What waits in the queue too.
    #[arg(long)]
    queue: bool,
    /// Who holds which role, and guardians with their heartbeats, too.
    #[arg(long)]
    roles: bool,
    /// Tickets of the limiter that wait to be paid, with the numbers that `hold` takes, too.
    #[arg(long)]
    tickets: bool,
    #[command(flatten)]
    access: Access,
}

/// Rows for people, and the same for machines.
struct Section {
    rows: Vec<Vec<String>>,
    json: Value,
}

impl Status {
    pub(super) fn run(&self) -> Outcome {
        let place = self.access.open()?;
        let protocol = place.protocol()?;
        let remote = Remote::latest(&place.rpc, protocol, Address::ZERO)?;
        let (listed, main) = remote.read(|host| (fusebox::markets(host), fusebox::storage::panel(host, 0).bits(0)))?;
        if main == 0 {
            let text =
                format!("{protocol} is no protocol with a panel, or was never initialised: its panel word is zero.");
            return Err(Fault::Usage(text));
        }
        let header = remote.header();
        let mut text = format!(
            "protocol {protocol}  chain {}  block {}  {}\n\n",
            place.rpc.chain_id()?,
            header.number,
            clock::utc(remote.now())
        );
        let mut json = json!({ "protocol": protocol, "block": header.number.to::<u64>(), "time": remote.now(), "markets": listed });
        let mut add = |title: &str, key: &str, section: Section| {
            text.push_str(&format!("{title}\n{}\n", indent(&table(&section.rows))));
            json[key] = section.json;
        };
        add("Circuits", "circuits", circuits(&place, &remote, listed)?);
        add("Breakers", "breakers", breakers(&place, &remote, protocol, listed)?);
        add("Limiters", "limiters", limiters(&remote, listed)?);
        add("Fund", "fund", fund(&remote)?);
        if self.queue {
            add("Queue", "queue", waiting(&place, &remote, protocol)?);
        }
        if self.roles {
            let (rows, json) = roster::section(&place, &remote, protocol)?;
            add("Roles", "roles", Section { rows, json });
        }
        if self.tickets {
            let (rows, json) = tickets::section(&place, &remote, protocol)?;
            add("Tickets", "tickets", Section { rows, json });
        }
        place.out.print(&Report { text, json });
        Ok(())
    }
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

fn tone(tier: Tier) -> Tone {
    match tier {
        Tier::Normal => Tone::Good,
        Tier::Guarded => Tone::Warn,
        _ => Tone::Bad,
    }
}

fn circuits(place: &Place, remote: &Remote<'_>, listed: u32) -> Outcome<Section> {
    let main = circuit::of(remote, &place.reasons, 0, None)?;
    let mut all = vec![main.clone()];
    for market in 1..=listed {
        all.push(circuit::of(remote, &place.reasons, market, Some(&main))?);
    }
    let now = remote.now();
    let rows = all.iter().flat_map(|one| circuit_rows(place.out, one, now)).collect();
    Ok(Section { rows, json: all.iter().map(Circuit::json).collect::<Vec<_>>().into() })
}

fn circuit_rows(out: Output, one: &Circuit, now: u64) -> Vec<Vec<String>> {
    let stopped = one.standing.stopped.bits();
    let tier = out.paint(&words::tier(one.standing.tier.code().into()), tone(one.standing.tier));
    let until =
        if one.standing.until == 0 { String::new() } else { format!("until {}", clock::when(one.standing.until, now)) };
    let stops = if stopped == 0 { "stops nothing".to_owned() } else { format!("stops {}", words::classes(stopped)) };
    let mut rows = vec![vec![words::scope(one.scope.into()), tier, stops, until]];
    for cause in &one.causes {
        let by = cause.by.map_or_else(String::new, |by| format!(" by {by}"));
        rows.push(vec![String::new(), String::new(), format!("{}{by}", cause.what)]);
    }
    if one.is_untidy {
        rows.push(vec![
            String::new(),
            String::new(),
            out.paint("a bit is left of something that is over: poke clears it", Tone::Dim),
        ]);
    }
    rows
}

fn breakers(place: &Place, remote: &Remote<'_>, protocol: Address, listed: u32) -> Outcome<Section> {
    let (mut rows, mut all) = (Vec::new(), Vec::new());
    let now = remote.now();
    for market in 1..=listed {
        let at = Scope::new(market);
        let (ladder, reference, quarantine, setup) = remote.read(|host| {
            let word = |index| feeds::load(host, at, index);
            let quarantine = feeds::unpack_quarantine(word(feeds::QUARANTINE));
            (
                feeds::unpack_ladder(word(feeds::LADDER)),
                feeds::unpack_reference(word(feeds::REFERENCE)),
                quarantine,
                feeds::load_setup(host, at),
            )
        })?;
        let count = setup.map_or(0, |setup| setup.count);
        let message = Message {
            to: Some(protocol),
            data: entry::priceCall { market, class: Class::Increase.code() }.abi_encode().into(),
            ..Message::default()
        };
        let price = match place.rpc.call(&message) {
            Ok(answer) => Ok(entry::priceCall::abi_decode_returns(&answer).map(|price| price._0).unwrap_or_default()),
            Err(Failed::Reverted(data)) => Err(explain::explain(&data, now).sentence),
            Err(Failed::Fault(fault)) => return Err(fault),
        };
        let apart = quarantine.until.iter().filter(|until| **until > now).count();
        let said = match &price {
            Ok(price) => format!("price {}", wad(*price)),
            Err(why) => format!("no price for new risk: {why}"),
        };
        rows.push(vec![
            words::scope(market.into()),
            format!("{count} feeds, {apart} in quarantine"),
            format!("reference {}", wad(U256::from(reference.price))),
            format!("strikes {}", ladder.strikes),
            said,
        ]);
        all.push(json!({
            "market": market, "feeds": count, "quarantined": apart, "reference": reference.price.to_string(),
            "strikes": ladder.strikes, "cause": words::trip(ladder.cause.code()),
            "guardedUntil": ladder.guarded_until, "reduceOnlyUntil": ladder.reduce_only_until, "haltedUntil": ladder.halted_until,
            "price": price.as_ref().ok().map(ToString::to_string), "refused": price.err(),
        }));
    }
    if rows.is_empty() {
        rows.push(vec!["no market is listed".to_owned()]);
    }
    Ok(Section { rows, json: all.into() })
}

/// A WAD with four decimals, rounded down.
fn wad(value: U256) -> String {
    let unit = U256::from(1_000_000_000_000_000_000u64);
    let part = (value % unit) / U256::from(100_000_000_000_000u64);
    format!("{}.{part:04}", value / unit)
}

/// The protocol's buckets and their names.
fn named_buckets(listed: u32) -> Vec<(u32, String)> {
    let own = [(limits::WITHDRAWALS, "withdrawals".to_owned()), (limits::REMOVALS, "removals".to_owned())];
    let paces = (1..=listed).map(|market| (limits::liquidations(market), format!("liquidations of market {market}")));
    own.into_iter().chain(paces).collect()
}

fn limiters(remote: &Remote<'_>, listed: u32) -> Outcome<Section> {
    let (mut rows, mut all) = (Vec::new(), Vec::new());
    for (bucket, name) in named_buckets(listed) {
        let (lane, state) = remote.read(|host| {
            (buckets::current(host, Slot::main(bucket), &HOUSE.limiter), limiter::state(host, &HOUSE.limiter, bucket))
        })?;
        let available = state.get(6).copied().unwrap_or_default();
        let capacity = U256::from(lane.capacity);
        let level =
            if capacity.is_zero() { 0 } else { u64::try_from(available * U256::from(10_000) / capacity).unwrap_or(0) };
        let policy = match lane.policy {
            Policy::Refuse => "refuses what is more",
            Policy::Ticket => "gives tickets for what is more",
            Policy::Trip => "trips on what is more",
        };
        let queued = if lane.queued { ", tickets may wait" } else { "" };
        rows.push(vec![
            format!("{bucket}"),
            name.clone(),
            explain::bps(level),
            format!("{available} of {capacity} may leave now"),
            format!("full again in {} at most", clock::span(u64::from(lane.window_mins) * 60)),
            format!("{policy}{queued}"),
        ]);
        all.push(json!({
            "bucket": bucket, "name": name, "available": available.to_string(), "capacity": capacity.to_string(),
            "levelBps": level, "windowMinutes": lane.window_mins, "queued": lane.queued,
        }));
    }
    Ok(Section { rows, json: all.into() })
}

fn fund(remote: &Remote<'_>) -> Outcome<Section> {
    let (vault, drawable, recap, pool) = remote.read(|host| {
        let params = fusebox_fund::storage::params(host).unwrap_or(fusebox_fund::types::Params::DEFAULT);
        let drawable = fusebox_fund::shell::drawable(host, &params);
        let recap = fusebox_fund::storage::ledger::recap(host);
        (fusebox_fund::storage::vault(host), drawable, recap, perp::storage::pool(host))
    })?;
    let ratio = match pool.assets {
        0 => 0,
        assets => u64::try_from(vault.assets.saturating_mul(10_000) / assets).unwrap_or(u64::MAX),
    };
    let target = u64::from(recap.target_bps());
    let aim = if target == 0 { "no target is set".to_owned() } else { format!("target {}", explain::bps(target)) };
    let rows = vec![
        vec!["staked".to_owned(), format!("{}, of which a draw takes {drawable} at most", vault.assets)],
        vec!["ratio".to_owned(), format!("{} of the pool's {}; {aim}", explain::bps(ratio), pool.assets)],
        vec!["losses".to_owned(), format!("bad debt {}, profits unpaid {}", pool.bad_debt, pool.unpaid)],
    ];
    let json = json!({
        "assets": vault.assets.to_string(), "drawable": drawable.to_string(), "poolAssets": pool.assets.to_string(),
        "ratioBps": ratio, "targetBps": target, "badDebt": pool.bad_debt.to_string(), "unpaid": pool.unpaid.to_string(),
    });
    Ok(Section { rows, json })
}

fn waiting(place: &Place, remote: &Remote<'_>, protocol: Address) -> Outcome<Section> {
    let now = remote.now();
    let live: Vec<_> =
        queue::proposals(place, remote, protocol)?.into_iter().filter(|one| one.stage != Stage::Absent).collect();
    let mut rows: Vec<Vec<String>> = live
        .iter()
        .map(|one| vec![one.hash.to_string(), change::describe(&one.words), queue::standing(one, now)])
        .collect();
    if rows.is_empty() {
        rows.push(vec!["nothing waits".to_owned()]);
    }
    let json: Vec<Value> = live
        .iter()
        .map(|one| {
            json!({
                "hash": one.hash, "change": change::describe(&one.words), "by": one.by, "earliest": one.earliest,
                "stage": one.stage.code(),
                "words": one.words.iter().map(|word| format!("{word:#x}")).collect::<Vec<_>>(),
            })
        })
        .collect();
    Ok(Section { rows, json: json.into() })
}
