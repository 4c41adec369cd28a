//! The parts of the demo that need no contract; the contract itself is in every run of it.

use super::actors;
use super::cascade::{summed, sums, Step};
use super::chart::{Chart, Line};
use super::data::packed::published;
use super::data::{late_enough, points, rounds, sources, DataError, Point};
use super::flows::file::parse as flows;
use super::incident::catalogue::{eth_2023, leverages, parts, NAMES};
use super::incident::{Kind as SourceKind, Sampling};
use super::margin::Margin;
use super::options::parse;
use super::record::{clock, money, price, span};

fn lines(rows: &str) -> Result<Vec<Point>, DataError> {
    points("prices.csv", &format!("timestamp,price\n{rows}"))
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(String::from).collect()
}

#[test]
fn a_price_keeps_eight_decimals_and_no_more() {
    let point = |price| Point { time: 60, price };
    let second = Point { time: 61, price: 100_000_000 };
    assert_eq!(lines("60,0.000000019\n61,1"), Ok(vec![point(1), second]));
    assert_eq!(lines("60,1850.5\r\n61,1\r\n\r\n"), Ok(vec![point(185_050_000_000), second]));
}

#[test]
fn a_bad_row_is_named_with_its_line_value_and_bound() {
    let file = || String::from("prices.csv");
    let bound = "a plain decimal number above zero";
    for (cell, value) in
        [("-1", "-1"), ("1e3", "1e3"), ("nan", "nan"), ("", ""), ("1.", "1."), (".5", ".5"), ("1,5", "")]
    {
        let error = lines(&format!("60,1\n61,{cell}")).expect_err(cell);
        let expected = if cell == "1,5" {
            DataError::Columns { file: file(), line: 3, value: 3, bound: 2 }
        } else {
            DataError::Number { file: file(), line: 3, value: value.into(), bound }
        };
        assert_eq!(error, expected);
    }
    assert_eq!(lines("60,1\n60,2"), Err(DataError::Order { file: file(), line: 3, value: 60, bound: 60 }));
    let zero = lines("60,0.000000009\n61,1").expect_err("below the smallest price");
    assert!(matches!(zero, DataError::Price { line: 2, .. }), "{zero}");
    assert!(lines("60,1000000000\n61,1").is_ok(), "the largest price");
    let above = lines("60,1000000000.00000001\n61,1").expect_err("one past it");
    assert!(matches!(above, DataError::Price { line: 2, .. }), "{above}");
    assert!(matches!(lines("60,99999999999999999999\n61,1"), Err(DataError::Number { line: 2, .. })));
    assert!(matches!(lines("60,1"), Err(DataError::Rows { value: 1, .. })));
    assert!(matches!(points("x", "time,price\n1,1\n2,1"), Err(DataError::Header { .. })));
    assert!(matches!(points("x", ""), Err(DataError::Header { .. })));
}

#[test]
fn a_round_has_eighty_bits_of_id() {
    let header = "round_id,started_at,updated_at,answer";
    let of = |row: &str| rounds("rounds.csv", &format!("{header}\n{row}\n1,2,99,1\n"));
    assert!(of("1208925819614629174706175,1,1,1").is_ok());
    assert!(matches!(of("1208925819614629174706176,1,1,1"), Err(DataError::Number { line: 2, .. })));
    assert!(matches!(of("1,1,1,0"), Err(DataError::Price { line: 2, .. })));
    assert!(matches!(of("1,1,1,-5"), Err(DataError::Number { line: 2, .. })));
}

#[test]
fn files_need_an_hour_in_common() {
    let folder = std::env::temp_dir().join(format!("fusebox-demo-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let write = |name: &str, from: u64, until: u64| {
        let path = folder.join(name);
        std::fs::write(&path, format!("timestamp,price\n{from},1\n{until},1\n")).expect("a file");
        path.display().to_string()
    };
    let early = write("a.csv", 1_000, 5_000);
    let exact = write("b.csv", 1_400, 9_000);
    let late = write("c.csv", 1_401, 9_000);
    let long = write("d.csv", 1_000, 1_000 + 31 * 86_400 + 1);
    assert_eq!(sources(&[early.clone(), exact]).map(|(_, from, until)| (from, until)), Ok((1_400, 5_000)));
    assert!(matches!(sources(&[early.clone(), late]), Err(DataError::Overlap { from: 1_401, until: 5_000, .. })));
    assert!(matches!(sources(&[long.clone(), long]), Err(DataError::Overlap { .. })));
    assert!(matches!(sources(std::slice::from_ref(&early)), Err(DataError::Sources { value: 1, .. })));
    assert!(matches!(sources(&[early, "no such file".into()]), Err(DataError::Unreadable { .. })));
    std::fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn the_crash_is_in_the_project() {
    let incident = eth_2023().expect("the project's own data");
    let [anchor, pool] = incident.sources.as_slice() else { panic!("two sources") };
    assert_eq!((anchor.kind, pool.kind), (SourceKind::Rounds, SourceKind::Pool));
    assert_eq!(pool.rounds.len(), 7_200);
    assert!(anchor.rounds[0].updated_at <= incident.from && anchor.rounds[1].updated_at > incident.from);
    assert!(anchor.heartbeat <= 3_720);
    let low = pool.rounds.iter().min_by_key(|round| round.answer).expect("a low");
    assert_eq!((clock(low.updated_at), low.answer), ("17 Aug 21:45".into(), 159_516_000_000));
    assert_eq!(incident.until - low.updated_at, 2 * 3_600 + 14 * 60);
}

#[test]
fn every_incident_is_in_the_project_and_covers_its_time() {
    let prices = NAMES.iter().filter(|name| **name != "nomad-2022");
    let days = |name: &str| -> Vec<u64> {
        let parts = parts(name).expect(name);
        parts.iter().map(|incident| (incident.until - incident.from) / 86_400).collect()
    };
    let all: Vec<Vec<u64>> = prices.clone().map(|name| days(name)).collect();
    assert_eq!(all, [vec![4], vec![1, 1], vec![7], vec![129, 164, 6, 15], vec![30, 8, 8, 12]]);
    let [ust] = parts("ust-2022").expect("UST").try_into().expect("one record");
    assert!(ust.is_sole() && ust.sources.len() == 1, "one venue, nothing to compare it with");
    assert_eq!((clock(ust.from), clock(ust.until)), (" 6 May 00:00".into(), "13 May 06:49".into()));
    for incident in prices.flat_map(|name| parts(name).expect("in the project")) {
        for source in &incident.sources {
            let inside =
                source.rounds.iter().skip(1).all(|round| (incident.from..=incident.until).contains(&round.updated_at));
            assert!(inside && source.rounds[0].updated_at <= incident.from, "{}: {}", incident.title, source.name);
        }
    }
}

#[test]
fn a_calm_stretch_is_skipped_up_to_the_first_minute_that_moves() {
    let mut incident = eth_2023().expect("the project's own data");
    let calm = incident.from;
    assert_eq!(incident.next(calm, true), calm + 60, "every minute of a crash");
    incident.sampling = Sampling { coarse: 900, moved_bps: 1_000_000, probe: 900 };
    assert_eq!(incident.next(calm + 60, true), calm + 900, "the next quarter of an hour");
    assert_eq!(incident.next(calm + 60, false), calm + 120, "every minute once something happens");
    let mut market = incident.market().to_vec();
    market.truncate(12);
    market[11].answer *= 2;
    let jump = market[11].updated_at;
    incident.market = Some(market);
    incident.sampling.moved_bps = 5_000;
    assert_eq!(incident.next(calm, true), jump, "the minute of the jump itself");
    assert_eq!(incident.next(jump, true), calm + 900, "and on from there");
}

#[test]
fn an_oracle_publishes_what_moved_and_what_is_due() {
    let point = |(time, price)| Point { time, price };
    let market = [(0, 10_000), (60, 10_049), (120, 10_050), (180, 10_001), (3_720, 10_010)].map(point);
    assert_eq!(published(&market, 50, 3_600), [(0, 10_000), (120, 10_050), (3_720, 10_010)].map(point));
    assert_eq!(published(&market, 49, 3_661), [(0, 10_000), (60, 10_049)].map(point), "a second too early");
}

#[test]
fn the_command_line_says_what_is_wrong_with_it() {
    assert_eq!(parse(&[]).map(|options| options.incidents), Ok(NAMES.map(String::from).to_vec()), "all of them");
    assert_eq!(parse(&words("--incident quiet")).map(|options| options.incidents), Ok(words("quiet")));
    assert_eq!(
        parse(&words("--flows a --check")).map(|options| (options.flows, options.check)),
        Ok((Some("a".into()), true))
    );
    let options = parse(&words("--prices a b --out c")).expect("is taken");
    assert_eq!((options.prices, options.out.display().to_string()), (words("a b"), "c".into()));
    for (line, says) in [
        ("--incident mtgox", "no incident is called `mtgox`"),
        ("--incident", "--incident needs a name"),
        ("--incident --out x", "--incident needs a name"),
        ("--out", "--out needs a folder"),
        ("--prices", "--prices needs two files or more"),
        ("--prices a b --incident eth-2023", "--incident and --prices exclude each other"),
        ("--flows a --prices b c", "--prices and --flows exclude each other"),
        ("--flows", "--flows needs a file"),
        ("--what", "`--what` is not an option"),
        ("eth-2023", "`eth-2023` is not an option"),
    ] {
        let error = parse(&words(line)).expect_err(line);
        assert!(error.contains(says), "{line}: {error}");
    }
}

#[test]
fn flows_are_named_with_line_value_and_bound() {
    let of = |rows: &str| flows("flows.csv", &format!("timestamp,account,amount\n{rows}"));
    let taken =
        of("60,alice,12.5\n60,0x00000000000000000000000000000000000000b0,0.000001\n61,alice,-3").expect("is taken");
    let [a, b, c] = taken.as_slice() else { panic!("three rows") };
    assert_eq!((a.time, a.amount, b.amount, c.amount), (60, 12_500_000, 1, -3_000_000));
    assert_eq!((a.account == c.account, b.account), (true, alloy_primitives::Address::with_last_byte(0xb0)));
    for (rows, says) in [
        ("60,alice,1\n59,alice,1", "line 3: time 59 is not after 60"),
        ("60,alice,1\n61,alice,0", "line 3: an amount of 0 is outside 0.000001 to 1000000000"),
        ("60,alice,1\n61,alice,--1", "line 3: `--1` is not a plain decimal number"),
        ("60,alice,1000000001\n61,b,1", "line 2: an amount of 1000000001 is outside"),
        ("60,,1\n61,b,1", "line 2: `` is not an account"),
        ("x,a,1\n61,b,1", "line 2: `x` is not a whole number of seconds"),
        ("60,a\n61,b,1", "line 2: 2 columns, there should be 3"),
        ("60,a,1", "1 rows, there should be 2 to"),
        ("60,a,1\n2678461,b,1", "2678401 s from the first row to the last"),
    ] {
        let error = of(rows).expect_err(rows).to_string();
        assert!(error.contains(says), "{rows}: {error}");
    }
    assert!(of("60,a,1\n2678460,b,1").is_ok(), "31 days to the second");
    assert!(late_enough(1_000_000).is_ok() && late_enough(999_999).is_err(), "a week before it is after 1970");
    assert!(flows("x", "timestamp,price\n1,1\n2,2").is_err_and(|error| error.to_string().contains("line 1")));
}

#[test]
fn the_parts_of_a_loss_are_counted_to_the_unit() {
    let step = |loss, borne| Step { time: 60, who: "L0".into(), loss, borne };
    let (good, bad) = (step(10, [4, 1, 2, 3, 0, 0, 0]), step(10, [4, 1, 2, 2, 0, 0, 0]));
    assert_eq!(summed(&[good.clone(), good.clone()]), Ok(()));
    assert!(summed(&[good.clone(), bad]).is_err_and(|error| error.contains("of the loss of L0, 10")));
    assert_eq!(sums(&[good.clone(), good]), (20, [8, 2, 4, 6, 0, 0, 0]));
}

#[test]
fn every_leverage_is_run_in_both_markets() {
    let variants = leverages(&eth_2023().expect("the project's own data"));
    let all: Vec<_> = variants.iter().map(|it| (it.cast.leverage, it.cast.margin)).collect();
    let of = |leverage| [(Some(leverage), Margin::Breathing), (Some(leverage), Margin::Still)];
    assert_eq!(all, [of(3), of(10), of(20)].concat());
    assert!(variants.iter().all(|it| it.sources[0].rounds[0].updated_at <= it.from), "a price at the first second");
    let (open, still) = (Margin::Breathing.words(), Margin::Still.words());
    assert_eq!((open[1], open[2], open[3]), (still[1], still[2], still[3]), "only the terms differ");
    assert_ne!(open[0], still[0]);
}

#[test]
fn the_crowd_is_the_same_every_time() {
    let (from, until) = (1_691_884_800, 1_692_316_740);
    let (a, b) = (actors::crowd(from, until, 900, None), actors::crowd(from, until, 900, None));
    assert_eq!(format!("{a:?}"), format!("{b:?}"));
    let mut addresses: Vec<_> = a.iter().map(|trader| trader.address).collect();
    addresses.sort();
    addresses.dedup();
    assert_eq!(addresses.len(), a.len(), "everybody has an account of his own");
}

#[test]
fn a_chart_keeps_the_extremes_of_a_pixel_and_breaks_at_a_gap() {
    let mut points: Vec<(u64, f64)> = (0..10_000).map(|at| (at, 1.0)).collect();
    points[5_001].1 = 9.0;
    points[7_000].1 = f64::NAN;
    let line = Line { label: "a <b>".into(), style: "blue", step: false, points };
    let chart = Chart {
        title: "t".into(),
        unit: "USD",
        height: 200.0,
        from: 0,
        until: 9_999,
        zero: true,
        lines: vec![line],
        bands: Vec::new(),
        marks: Vec::new(),
        levels: Vec::new(),
        strips: Vec::new(),
    };
    let svg = chart.svg();
    let path = svg.split("class=\"line blue\" d=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a line");
    assert_eq!(path.matches('M').count(), 2, "a gap lifts the pen");
    let top = path.split(['M', 'L', ' ']).filter_map(|word| word.parse::<f64>().ok()).fold(f64::MAX, f64::min);
    assert!(top < 40.0, "the spike is drawn: {top}");
    assert!(path.len() < 2_000, "one point a pixel at most where nothing moves: {}", path.len());
    assert!(chart.legend().contains("a &lt;b&gt;"));
}

#[test]
fn times_and_money_are_written_as_people_do() {
    assert_eq!(clock(1_692_308_700), "17 Aug 21:45");
    assert_eq!(clock(951_782_399), "28 Feb 23:59");
    assert_eq!(clock(951_782_400), "29 Feb 00:00");
    assert_eq!(clock(1_704_067_200), " 1 Jan 00:00");
    assert_eq!([span(59), span(3_600), span(8_040), span(90_000)], ["59 s", "1 h", "2 h 14 min", "1 d 1 h"]);
    assert_eq!([price(1_595.161), price(0.35301)], ["1595.16", "0.3530"]);
    assert_eq!([money(0.4), money(-0.4), money(-1_234.6), money(999_999.5)], ["0", "0", "-1,235", "1,000,000"]);
}
