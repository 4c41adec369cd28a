//! A ticket of what a thief takes out: held by the Council, moved by Governance, paid to its new owner.

use crate::ground::{Ground, COUNCIL, GOVERNANCE, GUARDIAN, KEEPER, STEWARD};
use alloy_primitives::U256;
use fusebox::bindings::Protocol;

const TOKEN: u64 = 1_000_000;
const HOUR: u64 = 3_600;

#[test]
fn cl_24_a_ticket_is_held_by_the_council_and_goes_to_escrow_before_the_hold_ends() {
    let ground = Ground::new();
    let (thief, owner) = (STEWARD, KEEPER);
    // Ten thousand may leave in a day, nine of them by the main lane.
    ground.done(GOVERNANCE, &["set", "limit-floor", "10000000000"]);
    ground.fund(thief, 20_000 * TOKEN);
    ground.wait(3 * 24 * HOUR);
    ground.done(KEEPER, &["execute", "--ready"]);
    ground.send(thief, &Protocol::withdrawCall { amount: U256::from(9_000 * TOKEN) });
    ground.send(thief, &Protocol::withdrawCall { amount: U256::from(4_500 * TOKEN) });
    let waiting = ground.read(&["status", "--tickets"]);
    let ticket = &waiting["tickets"][0];
    assert_eq!(ticket["owner"], serde_json::json!(ground.who(thief)));
    assert_eq!((ticket["amount"].as_str(), ticket["bucket"].as_u64()), (Some("4500000000"), Some(0)));
    let id = ticket["ticket"].as_str().expect("a number").to_owned();

    ground.done(GUARDIAN, &["pause", "protocol", "--classes", "increase", "--reason", "an attack"]);
    ground.wait(600);
    ground.done(COUNCIL, &["hold", &id, "+72h"]);
    let held = ground.read(&["status", "--tickets"]);
    assert!(held["tickets"][0]["heldUntil"].as_u64() > held["time"].as_u64(), "{held}");
    let to = ground.who(owner).to_string();
    let none = ground.act(GOVERNANCE, &["propose", "escrow", "5", &to]);
    assert!(none.code == 4 && none.err.contains("there is no ticket 5"), "{}", none.err);
    let proposed = ground.done(GOVERNANCE, &["propose", "escrow", &id, &to]);
    let title = proposed["acts"][0]["title"].as_str().expect("a title");
    assert_eq!(title, format!("propose: ticket {id} goes to {to}"));
    let hash = proposed["hash"].as_str().expect("a hash").to_owned();
    let early = ground.act(KEEPER, &["execute", &hash]);
    assert_eq!(early.code, 6, "it waits: {}", early.err);
    // Its time has come, and it is held still.
    ground.wait(48 * HOUR);
    let claim = Protocol::claimTicketsCall { ids: vec![id.parse().expect("a number")] };
    assert_eq!(ground.call(ground.who(KEEPER), &claim), 1, "it is not paid while it is held");
    ground.done(KEEPER, &["execute", &hash]);
    let moved = ground.read(&["status", "--tickets"]);
    assert_eq!(moved["tickets"][0]["owner"], serde_json::json!(ground.who(owner)), "{moved}");

    // Of two that will be ready, one will have nothing left to move.
    ground.done(GOVERNANCE, &["propose", "escrow", &id, &ground.who(thief).to_string()]);
    ground.done(GOVERNANCE, &["set", "limit-floor", "11000000000"]);
    ground.wait(24 * HOUR);
    let before = (ground.balance(thief), ground.balance(owner));
    ground.send(GUARDIAN, &claim);
    let after = (ground.balance(thief), ground.balance(owner));
    assert_eq!(after, (before.0, before.1 + U256::from(4_500 * TOKEN)));
    assert_eq!(ground.read(&["status", "--tickets"])["tickets"], serde_json::json!([]), "it is paid");
    ground.wait(2 * 24 * HOUR);
    let both = ground.act(KEEPER, &["execute", "--ready"]);
    assert!(both.code == 4 && both.err.contains("there is no ticket"), "{}", both.err);
    assert!(both.out.contains("limit-floor"), "the other waits for nothing: {}", both.out);
}
