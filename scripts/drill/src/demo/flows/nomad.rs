//! The end of the Nomad bridge, 1 and 2 August 2022, as withdrawals from a protocol that has the limiter.
//!
//! The record holds block, token, recipient and amount. Everything else is assumed here, by name.

use super::{Flow, Honest, Plan};
use crate::demo::actors;
use crate::demo::record::money;
use alloy_primitives::Address;

/// When the first of them is taken to have left: 1 August 2022, 21:32 UTC.
pub const FIRST: u64 = 1_659_389_520;
/// Seconds a block, in tenths: Ethereum before the merge.
pub const BLOCK_TENTHS: u64 = 135;
/// What the bridge held before, in USDC: a little more than left.
pub const LIQUIDITY: u64 = 100_000_000;
/// Seconds from the first withdrawal to the moment the Council holds the tickets.
pub const FREEZE: u64 = 7_200;
/// Seconds from the first withdrawal to the moment honest people ask.
pub const HONEST_ASK: u64 = 4_800;
/// Honest people and what each of them wants, in USDC.
pub const HONEST: [(&str, u64); 3] =
    [("a user with 500 USDC", 500), ("a user with 5,000 USDC", 5_000), ("a user with 250,000 USDC", 250_000)];

/// Tokens, their decimals and what one is taken to be worth in cents: prices of that evening, rounded. Tokens that are
/// not here (eight small ones) are left out.
const TOKENS: [(&str, &str, u32, u64); 6] = [
    ("USDC", "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", 6, 100),
    ("WBTC", "0x2260FAC5E5542a773Aa44fBCfeDf7C193bc2C599", 8, 2_300_000),
    ("WETH", "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2", 18, 163_000),
    ("FRAX", "0x853d955aCEf822Db058eb8505911ED77F175b99e", 18, 100),
    ("USDT", "0xdAC17F958D2ee523a2206206994597C13D831ec7", 6, 100),
    ("DAI", "0x6B175474E89094C44Da98b954EedeAC495271d0F", 18, 100),
];

/// Source and licence.
pub const CITATION: &str =
    "All 1,175 withdrawals of the Nomad bridge exploit in block order: github nomad-xyz/hack-data@ba9adb93; Apache-2.0";

/// A withdrawal of the record.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Taken {
    block: u64,
    token: String,
    recipient: Address,
    amount: u128,
}

fn record() -> Result<Vec<Taken>, String> {
    let csv = include_str!("../../../data/nomad-2022-08/withdrawals.csv");
    let listed = include_str!("../../../data/nomad-2022-08/tokens.json");
    let mut taken: Vec<Taken> = Vec::new();
    for (line, row) in csv.lines().enumerate().skip(1) {
        let bad = || format!("withdrawals.csv, line {}: `{row}`", line + 1);
        let cells: Vec<&str> = row.split(',').collect();
        let [block, _, token, recipient, amount] = cells.as_slice() else { return Err(bad()) };
        let one = Taken {
            block: block.parse().map_err(|_| bad())?,
            token: (*token).into(),
            recipient: recipient.parse().map_err(|_| bad())?,
            amount: amount.parse().map_err(|_| bad())?,
        };
        if !listed.contains(*token) || taken.last().is_some_and(|last| last.block > one.block) {
            return Err(bad());
        }
        taken.push(one);
    }
    Ok(taken)
}

/// What is assumed in one play.
#[derive(Clone, Copy, Debug)]
struct Assumed {
    all_tokens: bool,
    price_percent: u64,
    liquidity: u64,
    block_tenths: u64,
    freeze: u64,
}

const BASE: Assumed =
    Assumed { all_tokens: false, price_percent: 100, liquidity: LIQUIDITY, block_tenths: BLOCK_TENTHS, freeze: FREEZE };

/// The base case first, then each assumption over its range.
///
/// Errors: what is wrong with the project's own record.
pub fn plans() -> Result<Vec<Plan>, String> {
    let record = record()?;
    let all = Assumed { all_tokens: true, liquidity: 200_000_000, ..BASE };
    let cases = [
        ("USDC alone, as assumed".to_string(), BASE),
        ("liquidity before 90 M".into(), Assumed { liquidity: 90_000_000, ..BASE }),
        ("liquidity before 150 M".into(), Assumed { liquidity: 150_000_000, ..BASE }),
        ("12 s a block".into(), Assumed { block_tenths: 120, ..BASE }),
        ("15 s a block".into(), Assumed { block_tenths: 150, ..BASE }),
        ("held after 75 min, in the middle of it".into(), Assumed { freeze: 4_500, ..BASE }),
        ("held after 12 h".into(), Assumed { freeze: 43_200, ..BASE }),
        ("held after 24 h".into(), Assumed { freeze: 86_400, ..BASE }),
        ("six tokens, at prices of that evening".into(), all),
        ("six tokens, 20 % dearer".into(), Assumed { price_percent: 120, ..all }),
        ("six tokens, 20 % cheaper".into(), Assumed { price_percent: 80, ..all }),
    ];
    Ok(cases.into_iter().map(|(name, assumed)| plan(name, &record, assumed)).collect())
}

fn plan(name: String, record: &[Taken], assumed: Assumed) -> Plan {
    let first = record.first().map_or(0, |taken| taken.block);
    let mut flows: Vec<Flow> = record
        .iter()
        .filter_map(|taken| {
            let amount = worth(taken, assumed)?;
            let time = FIRST + (taken.block - first) * assumed.block_tenths / 10;
            Some(Flow { time, account: taken.recipient, amount: amount as i128 })
        })
        .collect();
    let mut honest = Vec::new();
    for (index, (name, units)) in (0..).zip(HONEST) {
        let account = actors::address(7, index);
        honest.push(Honest { name, account });
        flows.push(Flow { time: FIRST + HONEST_ASK, account, amount: i128::from(units) * 1_000_000 });
    }
    flows.sort_by_key(|flow| flow.time); // stable: the order of the blocks stays
    let liquidity = u128::from(assumed.liquidity) * 1_000_000;
    Plan { name, flows, liquidity, freeze: Some(FIRST + assumed.freeze), honest, after: 74 * 3_600 }
}

/// What a withdrawal is taken to be worth, in base units of USDC; none for a token that is left out.
fn worth(taken: &Taken, assumed: Assumed) -> Option<u128> {
    let (symbol, _, decimals, cents) =
        TOKENS.iter().find(|(_, address, ..)| address.eq_ignore_ascii_case(&taken.token))?;
    if *symbol == "USDC" {
        return Some(taken.amount);
    }
    let percent = u128::from(assumed.price_percent);
    // Cents and percent are four decimals together, base units have six.
    let value = taken.amount * u128::from(*cents) / 10u128.pow(*decimals) * percent * 100;
    (assumed.all_tokens && value > 0).then_some(value)
}

/// What is assumed, one sentence each.
pub fn assumptions() -> Vec<String> {
    let tokens: Vec<String> =
        TOKENS.iter().map(|(symbol, .., cents)| format!("{symbol} {}", money(*cents as f64 / 100.0))).collect();
    vec![
        format!("Times: the record has none. The first withdrawal is at {} UTC, the others follow at {} s a block (tried: 12 and 15).", crate::demo::record::clock(FIRST), BLOCK_TENTHS as f64 / 10.0),
        format!("Liquidity before: not in the record. {} USDC (tried: 90 and 150 million); six tokens: 200 million.", money(LIQUIDITY as f64)),
        format!("Prices, in USD: {}; only where six tokens are played (tried: 20 % more and less). Eight small tokens are left out.", tokens.join(", ")),
        format!("The guardian's Safe opens an incident 10 minutes before the Council's Safe holds the tickets, {} min after the first withdrawal (tried: 75 min, 12 h, 24 h), and looks for new ones for a quarter of an hour. The guardian pauses new risk alone: exits stay open.", FREEZE / 60),
        "The bridge's bug paid out other people's money. Here each recipient is credited beforehand with what the record says he took; the liquidity that the limiter counts is beside it.".into(),
        "Who takes asks once, as in the record, and does not come back when he is refused. One who did could take at most what refills, a day's capacity a day, behind the tickets that wait.".into(),
        format!("Honest people ask for their own {} min after the first withdrawal: {}; who is refused asks again every hour.", HONEST_ASK / 60, HONEST.map(|(name, _)| name).join(", ")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_is_whole_and_its_usdc_is_what_left() {
        let record = record().expect("the project's own data");
        assert_eq!(record.len(), 1_175);
        let base = plan("base".into(), &record, BASE);
        let honest: i128 = HONEST.iter().map(|(_, units)| i128::from(*units) * 1_000_000).sum();
        let usdc: i128 = base.flows.iter().map(|flow| flow.amount).sum::<i128>() - honest;
        assert_eq!((base.flows.len(), usdc / 1_000_000), (307 + 3, 87_247_033));
        assert!(base.flows.iter().zip(base.flows.iter().skip(1)).all(|(a, b)| a.time <= b.time));
    }

    #[test]
    fn a_token_is_worth_its_price() {
        let taken = |token: &str, amount| Taken { block: 0, token: token.into(), recipient: Address::ZERO, amount };
        let all = Assumed { all_tokens: true, ..BASE };
        let btc = taken(TOKENS[1].1, 10_000_000_000);
        assert_eq!(worth(&btc, all), Some(2_300_000_000_000), "100 BTC at 23,000");
        assert_eq!(worth(&btc, Assumed { price_percent: 80, ..all }), Some(1_840_000_000_000));
        assert_eq!(worth(&btc, BASE), None, "USDC alone");
        let eth = taken(&TOKENS[2].1.to_lowercase(), 1_000_000_000_000_000_000);
        assert_eq!(worth(&eth, all), Some(1_630_000_000), "an address in any case");
        assert_eq!(worth(&taken("0x00", 1), all), None, "not in the list");
    }
}
