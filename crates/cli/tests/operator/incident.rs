//! An incident from the first look to its record.

use crate::ground::{Ground, COUNCIL, DEPLOYER, GUARDIAN, KEEPER};
use serde_json::json;

#[test]
fn cl_22_status_says_tier_until_why_and_by_whom() {
    let ground = Ground::new();
    let quiet = ground.read(&["status"]);
    assert_eq!(quiet["circuits"][1]["tier"], "Normal");
    assert_eq!(quiet["limiters"][0]["levelBps"], 10_000);
    assert_eq!(quiet["breakers"][0]["price"], "2000000000000000000000");
    assert_eq!(quiet["fund"]["targetBps"], 400);
    ground.done(GUARDIAN, &["pause", "1", "--reason", "an attack"]);
    let status = ground.read(&["status", "--roles"]);
    let (main, market) = (&status["circuits"][0], &status["circuits"][1]);
    assert_eq!(main["tier"], "Normal");
    assert_eq!(market["stopped"], json!(["increase", "liquidate", "reduce", "exit", "inflow"]));
    assert_eq!(market["causes"][0]["what"], "paused: an attack");
    assert_eq!(market["causes"][0]["by"], json!(ground.who(GUARDIAN)));
    let time = status["time"].as_u64().expect("a time");
    let until = market["causes"][0]["until"].as_u64().expect("an end");
    assert!((time + 86_000..=time + 86_400 * 2).contains(&until), "{until} at {time}");
    let able = status["roles"]["guardians"].as_array().expect("guardians").iter().map(|one| one["canPause"].as_bool());
    assert!(able.into_iter().all(|able| able == Some(false)), "who has paused rests");
    let people = ground.ask(&["status"]);
    assert!(people.out.contains("market 1") && people.out.contains("paused: an attack by 0x"), "{}", people.out);
    assert!(!people.out.contains('\u{1b}'), "no colour where nobody looks");
}

#[test]
fn cl_23_can_answers_as_the_chain_would_and_says_why_not() {
    let ground = Ground::new();
    let from = ground.who(GUARDIAN).to_string();
    assert!(ground.ask(&["can", "increase", "--market", "1"]).out.contains("the price is 2000000000000000000000"));
    assert_eq!(ground.ask(&["can", "pause", "[0,1]", "31", "2", "--from", &from]).code, 0);
    let stranger =
        ground.ask(&["can", "pause", "[0,1]", "31", "2", "--from", &ground.who(KEEPER).to_string(), "--json"]);
    assert_eq!((stranger.code, stranger.json()["error"]["name"].as_str()), (5, Some("NotGuardian")));
    ground.done(GUARDIAN, &["pause", "1", "--classes", "increase"]);
    let no = ground.ask(&["can", "increase", "--market", "1"]);
    assert_eq!(no.code, 5);
    assert!(no.out.contains("increase is stopped in market 1 by a guardian's pause, until"), "{}", no.out);
    assert!(no.out.contains("what to do: "), "{}", no.out);
    assert_eq!(ground.ask(&["can", "reduce", "--market", "1"]).code, 0);
    ground.fund(KEEPER, 5_000_000);
    let keeper = ground.who(KEEPER).to_string();
    assert_eq!(ground.ask(&["can", "withdraw", "5000000", "--from", &keeper]).code, 0);
    let short = ground.ask(&["can", "withdraw", "5000001", "--from", &keeper]);
    assert!(short.code == 5 && short.out.contains("5000001 is needed, and 5000000 is free"), "{}", short.out);
    let unknown = ground.ask(&["can", "withdrw", "1"]);
    assert_eq!(unknown.code, 2);
    let wrong = ground.ask(&["can", "withdraw", "much"]);
    assert!(wrong.code == 2 && wrong.err.contains("withdraw(uint256 amount)"), "{}", wrong.err);
}

#[test]
fn cl_24_a_pause_is_extended_and_ended_by_the_council_alone_once_it_is_old_enough() {
    let ground = Ground::new();
    let calm = ground.act(COUNCIL, &["hold", "1", "+72h"]);
    assert!(calm.code == 1 && calm.err.contains("no incident is open in the protocol"), "{}", calm.err);
    let paused = ground.done(GUARDIAN, &["pause", "1", "--reason", "2"]);
    assert_eq!(paused["acts"][0]["events"][0]["name"], "Paused");
    let early = ground.act(COUNCIL, &["extend", "1", "+30h"]);
    assert_eq!(early.code, 1);
    assert!(early.err.contains("old, and has to be 10 min"), "{}", early.err);
    ground.wait(600);
    let stranger = ground.act(KEEPER, &["unpause", "1"]);
    assert!(stranger.code == 1 && stranger.err.contains("does not hold the role Council"), "{}", stranger.err);
    ground.done(COUNCIL, &["extend", "1", "+30h"]);
    let ended = ground.done(COUNCIL, &["unpause", "1"]);
    assert_eq!(ended["acts"][0]["events"][0]["name"], "Unpaused");
    ground.wait(5 * 3_600);
    let poked = ground.done(KEEPER, &["poke"]);
    assert_eq!(poked["markets"][0]["tier"], 0);
    let again = ground.act(GUARDIAN, &["pause", "1", "protocol"]);
    assert!(
        again.code == 1 && again.err.contains("has used its one pause of market 1")
            || again.err.contains("rests after its last pause"),
        "{}",
        again.err
    );
    let beat = ground.done(GUARDIAN, &["heartbeat"]);
    assert_eq!(beat["acts"][0]["events"][0]["name"], "Heartbeat");
    assert_eq!(ground.ask(&["heartbeat", "--check", &ground.who(GUARDIAN).to_string()]).code, 0);
    assert_eq!(ground.ask(&["heartbeat", "--check", &ground.who(DEPLOYER).to_string()]).code, 5);
}

#[test]
fn cl_25_the_journal_is_told_with_its_three_times_and_holds_against_its_hashes() {
    let ground = Ground::new();
    assert!(ground.ask(&["incidents"]).out.contains("no incident is on record"));
    ground.done(GUARDIAN, &["pause", "1"]);
    ground.wait(600);
    ground.done(COUNCIL, &["unpause", "1"]);
    ground.feed(1, 260_000_000_000);
    ground.done(KEEPER, &["poke", "1"]);
    let told = ground.read(&["incidents"]);
    assert_eq!(told["verified"], true);
    let first = &told["incidents"][0];
    assert_eq!((first["scope"].as_u64(), first["toDetection"].as_u64()), (Some(1), Some(0)));
    assert_eq!(first["openedBy"], json!(ground.who(GUARDIAN)));
    assert!(first["toContainment"].as_u64().is_some());
    let people = ground.ask(&["incidents", "1", "--changes"]);
    assert!(people.out.contains("first sign") && people.out.contains("verified: "), "{}", people.out);
    let block = told["incidents"][0]["block"].as_u64().expect("a block");
    ground.write("late.toml", &format!("from_block = {}\n", block + 1));
    let late = ground.ask(&["incidents", "--config", "late.toml"]);
    assert_eq!(late.code, 4, "{}{}", late.out, late.err);
    assert!(late.err.contains("the journal does not verify"), "{}", late.err);
    assert_eq!(ground.ask(&["incidents", "99"]).code, 2);
}
