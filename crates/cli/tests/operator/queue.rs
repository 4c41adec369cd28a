//! What is set, proposed, carried out and cancelled.

use crate::ground::{Ground, COUNCIL, GOVERNANCE, GUARDIAN, KEEPER, STEWARD, WEEK};
use alloy_primitives::U256;
use fusebox::bindings::Protocol;
use fusebox_cli::operator::safe;
use serde_json::Value;

fn base(ground: &Ground) -> U256 {
    let words = ground.call(ground.who(KEEPER), &Protocol::marketCall { market: 1 });
    words[0] & U256::from(0x3fff)
}

#[test]
fn cl_26_what_tightens_is_set_at_once_and_what_loosens_waits_and_can_be_cancelled() {
    let ground = Ground::new();
    ground.done(GOVERNANCE, &["set", "base-bps", "1500", "--scope", "1"]);
    assert_eq!(base(&ground), U256::from(1_500));
    ground.done(GOVERNANCE, &["set", "base-bps", "1200", "--scope", "1"]);
    assert_eq!(base(&ground), U256::from(1_500), "it waits");
    let status = ground.read(&["status", "--queue"]);
    let waiting = &status["queue"][0];
    assert_eq!(waiting["change"], "base-bps (0x0500) = 1200 in market 1");
    let hash = waiting["hash"].as_str().expect("a hash").to_owned();
    let early = ground.act(KEEPER, &["execute", &hash]);
    assert_eq!(early.code, 6, "{}", early.err);
    ground.wait(172_800);
    ground.done(KEEPER, &["execute", &hash]);
    assert_eq!(base(&ground), U256::from(1_200));
    let proposed = ground.done(GOVERNANCE, &["propose", "wind-down", "1"]);
    let hash = proposed["hash"].as_str().expect("a hash");
    let stranger = ground.act(KEEPER, &["cancel", hash]);
    assert_eq!(stranger.code, 1, "{}", stranger.err);
    ground.done(COUNCIL, &["cancel", hash]);
    assert_eq!(ground.read(&["status", "--queue"])["queue"], Value::Array(Vec::new()));
    ground.wait(WEEK);
    assert_eq!(ground.act(KEEPER, &["execute", hash]).code, 1);
    let out = ground.act(GOVERNANCE, &["set", "base-bps", "5", "--scope", "1"]);
    assert!(
        out.code == 1 && out.err.contains("base-bps (0x0500) = 5 is out of bounds; the bound is 10"),
        "{}",
        out.err
    );
    let overlay = ground.done(STEWARD, &["set", "base-bps", "2000", "--scope", "1", "--for", "24h"]);
    assert_eq!(overlay["acts"][0]["events"][0]["name"], "OverlaySet");
    assert_eq!(base(&ground), U256::from(2_000));
    ground.done(COUNCIL, &["set", "base-bps", "--scope", "1", "--end"]);
    assert_eq!(base(&ground), U256::from(1_200));
}

#[test]
fn cl_27_a_guardian_and_a_role_change_hands_without_a_gap() {
    let ground = Ground::new();
    let next = ground.who(KEEPER).to_string();
    let last = ground.who(GUARDIAN).to_string();
    ground.done(GOVERNANCE, &["propose", "guardian", &next, "--scope", "1", "--pause", "12h"]);
    ground.done(GOVERNANCE, &["propose", "grant", &next, "council"]);
    let gone = ground.done(GOVERNANCE, &["propose", "guardian", &last, "--scope", "1", "--remove"]);
    assert!(gone["earliest"].is_u64(), "the last guardian waits: {gone}");
    ground.wait(WEEK);
    ground.done(KEEPER, &["execute", "--ready"]);
    assert_eq!(ground.ask(&["can", "pause", "[1]", "31", "0", "--from", &next]).code, 0);
    assert_eq!(ground.ask(&["can", "pause", "[1]", "31", "0", "--from", &last]).code, 5);
    let revoked = ground.done(GOVERNANCE, &["propose", "revoke", &ground.who(COUNCIL).to_string(), "council"]);
    assert_eq!(revoked["acts"][0]["events"][0]["name"], "RoleSet", "it is not the last: at once");
    assert!(ground.done(KEEPER, &["execute", "--ready"])["acts"].as_array().is_some_and(Vec::is_empty));
}

#[test]
fn cl_28_a_playbook_is_run_by_the_council_within_an_incident_only() {
    let ground = Ground::new();
    ground.write("steps.txt", "# less risk\nparameter interest-share-bps 400 --scope 1\nwind-down 1\n");
    ground.done(GOVERNANCE, &["propose", "playbook", "steps.txt", "--scope", "1", "--tier", "reduce-only"]);
    ground.wait(WEEK);
    ground.done(KEEPER, &["execute", "--ready"]);
    let list = ground.read(&["playbook", "list"]);
    let hash = list["playbooks"][0]["hash"].as_str().expect("a hash").to_owned();
    assert_eq!(list["playbooks"][0]["steps"][1], "market 1 is wound down");
    let calm = ground.act(COUNCIL, &["playbook", "run", &hash]);
    assert!(calm.code == 1 && calm.err.contains("what to do"), "{}", calm.err);
    ground.done(GUARDIAN, &["heartbeat"]);
    ground.done(GUARDIAN, &["pause", "1"]);
    ground.wait(600);
    ground.done(COUNCIL, &["playbook", "run", &hash]);
    let status = ground.read(&["status"]);
    let causes = status["circuits"][1]["causes"].to_string();
    assert!(causes.contains("wound down by Governance"), "{causes}");
    ground.done(GOVERNANCE, &["playbook", "retire", &hash]);
    assert_eq!(ground.read(&["playbook", "list"])["playbooks"][0]["armed"], false);
}

#[test]
fn cl_29_a_safe_gets_a_file_that_its_app_accepts_and_nothing_is_sent() {
    let ground = Ground::new();
    let safe = ground.who(GUARDIAN).to_string();
    let before: Vec<u64> = (0..10).map(|index| ground.nonce(index)).collect();
    let said = ground.ask(&["pause", "1", "--reason", "2", "--safe", &safe, "--out", "pause.json"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    let batch: Value = serde_json::from_str(&ground.text("pause.json")).expect("JSON");
    assert_eq!(batch["meta"]["checksum"], serde_json::json!(safe::checksum(&batch)));
    assert_eq!(batch["chainId"], ground.rpc.chain_id().expect("a chain").to_string());
    assert_eq!(batch["transactions"][0]["contractMethod"]["name"], "pause");
    assert_eq!(batch["transactions"][0]["contractInputsValues"]["classes"], "31");
    let after: Vec<u64> = (0..10).map(|index| ground.nonce(index)).collect();
    assert_eq!(before, after);
    assert_eq!(ground.read(&["status"])["circuits"][1]["tier"], "Normal");
    let stranger = ground.who(KEEPER).to_string();
    let refused = ground.ask(&["pause", "1", "--safe", &stranger, "--out", "no.json"]);
    assert!(refused.code == 1 && !ground.folder.join("no.json").exists(), "{}", refused.err);
}
