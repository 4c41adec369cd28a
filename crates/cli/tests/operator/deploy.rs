//! A deployment: what is read back, and what is done twice.

use crate::ground::{bare, run, wasm, Ground, DEPLOYER, GOVERNANCE, KEEPER, WEEK};

#[test]
fn cl_33_a_deployment_reads_every_value_back_and_is_complete_only_if_all_hold() {
    let ground = Ground::new();
    let wasm = wasm().display().to_string();
    let deploy = |words: &[&str]| {
        run(&mut bare(
            &ground.folder,
            &[&["deploy", "params.toml", "--wasm", &wasm, "--rpc", &ground.url, "--json"], words].concat(),
        ))
    };
    let check = deploy(&["--check"]);
    assert_eq!(check.code, 0, "{}{}", check.out, check.err);
    let values = check.json()["values"].as_array().expect("values").clone();
    assert!(values.iter().all(|one| one["state"] == "holds"), "{values:?}");
    for what in [
        "collateral",
        "Council",
        "perp-view",
        "market 1: base-bps (0x0500)",
        "market 1: feed 1",
        "guardian of market 1",
    ] {
        assert!(values.iter().any(|one| one["what"] == what), "{what} is not among {values:?}");
    }
    let nonce = ground.nonce(DEPLOYER);
    assert_eq!(deploy(&["--key-file", &format!("{DEPLOYER}.key")]).code, 0);
    assert_eq!(ground.nonce(DEPLOYER), nonce, "what is done is not done again");
    let text = ground.text("params.toml");
    ground.write("params.toml", &text.replace("base_bps = 1_000", "base_bps = 1_100"));
    let differs = deploy(&["--check"]);
    assert_eq!(differs.code, 6, "{}", differs.err);
    assert!(differs.err.contains("Governance has to propose: market 1: base-bps"), "{}", differs.err);
    ground.write("params.toml", &text.replace("guardian_pause = \"24h\"", "guardian_pause = \"23h\""));
    let fixed = deploy(&["--check"]);
    assert!(fixed.code == 4 && fixed.err.contains("guardian of the protocol"), "{}", fixed.err);
    ground.write("params.toml", &text.replace("base_bps = 1_000", "base_bps = 5"));
    let bad = deploy(&["--check"]);
    assert!(bad.code == 2 && bad.err.contains("params.toml: market ETH: "), "{}", bad.err);
    // What the chain would refuse only when it is carried out, days later.
    ground.write("params.toml", &text.replace("rate_bps = 900", "rate_bps = 5001"));
    let bad = deploy(&["--check"]);
    assert!(bad.code == 2 && bad.err.contains("params.toml: [return_terms]: parameter 22 of the fund"), "{}", bad.err);
    for (before, after, what) in [
        ("hold = \"48h\"", "hold = \"47h\"", "fund (cool-down"),
        ("cap = 7_000_000", "cap = 7_000_001", "terms of a return"),
        ("most_bps = 4_000", "most_bps = 4_001", "surcharge"),
        ("claim = 1_000_000_000", "claim = 1_000_000_001", "cover of domain 0"),
    ] {
        ground.write("params.toml", &text.replace(before, after));
        let differs = deploy(&["--check"]);
        assert_eq!(differs.code, 6, "{what}: {}", differs.err);
        assert!(differs.err.contains(&format!("Governance has to propose: {what}")), "{}", differs.err);
    }
}

#[test]
fn cl_33_what_has_changed_on_the_chain_since_is_found() {
    let ground = Ground::new();
    let text = format!("0x{}", "22".repeat(32));
    let fund = "fund --cooldown 12d --window 6d --hold 24h --deficit 5d --floor 3000000";
    let cover = "cover 0 --deductible 1 --deductible-bps 2 --budget-bps 3 --epoch-days 4 --claim 5";
    for words in [fund, cover, "surcharge 500 6000", &format!("return-terms 800 9000000 {text}")] {
        let words: Vec<&str> = std::iter::once("propose").chain(words.split(' ')).collect();
        ground.done(GOVERNANCE, &words);
    }
    let late = ground.act(GOVERNANCE, &["propose", "return-terms", "5001", "1", &text]);
    assert!(late.code == 2 && late.err.contains("its bound 5000"), "{}", late.err);
    ground.wait(WEEK);
    ground.done(KEEPER, &["execute", "--ready"]);
    let wasm = wasm().display().to_string();
    let words = ["deploy", "params.toml", "--wasm", &wasm, "--rpc", &ground.url, "--check", "--json"];
    let check = run(&mut bare(&ground.folder, &words));
    assert_eq!(check.code, 6, "{}", check.err);
    let values = check.json()["values"].as_array().expect("values").clone();
    let missing: Vec<_> = values.iter().filter(|one| one["state"] == "missing").map(|one| &one["found"]).collect();
    let terms = format!("800, 9000000, {text}");
    let expected = ["1, 2, 3, 4, 5", "500, 6000", "1036800, 518400, 86400, 432000, 3000000", &terms];
    assert_eq!(missing, expected);
}

#[test]
fn cl_34_a_program_is_replaced_after_its_delay_and_verified() {
    let ground = Ground::new();
    let wasm = wasm().display().to_string();
    let said = ground.act(KEEPER, &["deploy", "--program", "perp-view", "--wasm", &wasm, "--json"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let address = said.json()["address"].as_str().expect("an address").to_owned();
    ground.done(GOVERNANCE, &["propose", "upgrade", "perp-view", &address]);
    ground.wait(WEEK);
    ground.done(KEEPER, &["execute", "--ready"]);
    let verified = ground.read(&["verify", "--wasm", &wasm]);
    let view =
        verified["programs"].as_array().expect("programs").iter().find(|one| one["program"] == "perp-view").cloned();
    assert_eq!(view.expect("the program")["address"].as_str().map(str::to_lowercase), Some(address.to_lowercase()));
    assert_eq!(ground.act(KEEPER, &["deploy", "--program", "perp", "--wasm", &wasm]).code, 2);
}
