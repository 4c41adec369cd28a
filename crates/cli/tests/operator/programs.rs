//! The programs on the chain: their bytes, and how long they live.

use crate::ground::{advance, wasm, Ground, KEEPER};

#[test]
fn cl_35_other_bytes_on_the_chain_are_found() {
    let ground = Ground::new();
    let all = wasm();
    let verified = ground.read(&["verify", "--wasm", &all.display().to_string()]);
    assert_eq!(verified["verified"], true);
    let folder = ground.folder.join("wasm");
    std::fs::create_dir(&folder).expect("a folder");
    for one in verified["programs"].as_array().expect("programs") {
        let name = format!("{}.wasm", one["program"].as_str().expect("a name"));
        std::fs::copy(all.join(&name), folder.join(&name)).expect("copied");
    }
    let path = folder.join("perp-pool.wasm");
    let mut bytes = std::fs::read(&path).expect("a program");
    bytes.extend([0, 2, 1, b'x']); // a custom section, which is never executed
    std::fs::write(&path, &bytes).expect("written");
    let custom = ground.ask(&["verify", "--wasm", "wasm", "--json"]);
    let pool = |said: &crate::ground::Said| {
        said.json()["programs"]
            .as_array()
            .expect("programs")
            .iter()
            .find(|one| one["program"] == "perp-pool")
            .cloned()
            .expect("the program")
    };
    assert_eq!(
        (custom.code, pool(&custom)["same"].as_bool(), pool(&custom)["sameCode"].as_bool()),
        (0, Some(false), Some(true))
    );
    assert_eq!(ground.ask(&["verify", "--wasm", "wasm", "--exact"]).code, 4);
    std::fs::copy(all.join("perp-view.wasm"), &path).expect("copied");
    let other = ground.ask(&["verify", "--wasm", "wasm", "--json"]);
    assert_eq!((other.code, pool(&other)["sameCode"].as_bool()), (4, Some(false)));
    assert!(other.err.contains("not the bytes built: perp-pool"), "{}", other.err);
    std::fs::remove_file(&path).expect("removed");
    assert!(ground.ask(&["verify", "--wasm", "wasm"]).err.contains("cargo xtask wasm"));
}

#[test]
fn cl_36_programs_are_kept_alive_and_activated_again() {
    let ground = Ground::new();
    assert_eq!(ground.ask(&["keepalive", "--check"]).code, 0);
    advance(&ground.rpc, 340 * 86_400);
    let due = ground.ask(&["keepalive", "--check", "--json"]);
    assert_eq!(due.code, 5, "{}{}", due.out, due.err);
    assert!(due.json()["programs"]
        .as_array()
        .is_some_and(|all| all.len() > 20 && all.iter().all(|one| one["due"] == true)));
    let kept = ground.act(KEEPER, &["keepalive"]);
    assert_eq!(kept.code, 0, "{}{}", kept.out, kept.err);
    assert_eq!(ground.ask(&["keepalive", "--check"]).code, 0);
    advance(&ground.rpc, 366 * 86_400);
    assert_eq!(ground.ask(&["can", "exit"]).code, 5, "a program that has expired answers nothing");
    let dead = ground.ask(&["keepalive", "--check"]);
    assert!(dead.code == 5 && dead.out.contains("expired"), "{}", dead.out);
    let back = ground.act(KEEPER, &["keepalive"]);
    assert_eq!(back.code, 0, "{}{}", back.out, back.err);
    assert_eq!(ground.ask(&["can", "exit"]).code, 0);
}
