//! The load tester against the real server binary, for a few seconds.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod started;

use std::process::Command;

use serde_json::Value;
use started::{figure, run};

#[test]
fn a_real_server_passes_the_smoke_test() {
    let (code, result) =
        run(&["smoke", "--in-flight", "2", "--warmup", "200ms", "--for", "1s", "--members", "8"]);
    assert_eq!((code, &result["verdict"]), (Some(0), &Value::from("pass")));
    assert_eq!(result["faults"]["counts"], serde_json::json!({}));
    let (posts, deliveries) = (figure(&result, "posts_per_s"), figure(&result, "deliveries_per_s"));
    assert!(posts > 0.0 && (deliveries / posts - 8.0).abs() < 1.0, "{deliveries} of {posts}");
}

#[test]
fn the_floor_is_measured_beside_it() {
    let args = ["fanout", "--ephemeral", "--baseline", "floor", "--warmup", "100ms"];
    let (code, result) = run(&[&args[..], &["--for", "700ms", "--members", "30"]].concat());
    assert_eq!((code, &result["verdict"]), (Some(0), &Value::from("pass")));
    assert!(figure(&result, "ratio.cpu_us_per_delivery") > 0.0);
}

#[test]
fn the_floor_that_bundles_is_a_server_to_be_measured() {
    let output = Command::new(env!("CARGO_BIN_EXE_wardroom-loadtest"))
        .args(["rooms", "--bundling-floor", "--in-flight", "2", "--baseline", "floor"])
        .args(["--rooms", "4", "--members", "5", "--warmup", "100ms", "--for", "700ms"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{told}");
}

#[test]
fn a_server_of_another_machine_is_left_alone() {
    let output = Command::new(env!("CARGO_BIN_EXE_wardroom-loadtest"))
        .args(["smoke", "--url", "ws://192.0.2.1:7420", "--token", "a"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("--i-operate-this-server"), "{told}");
}

/// A server that breaks a promise, and what the load tester makes of it.
fn broken(how: &str, load: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let ready = folder.path().join("ready.json");
    let program = env!("CARGO_BIN_EXE_wardroom-loadtest");
    let mut floor = Command::new(program)
        .args(["floor-server", "--break", how, "--ready-file"])
        .arg(&ready)
        .spawn()
        .unwrap();
    let begun = std::time::Instant::now();
    let socket = loop {
        let text = std::fs::read_to_string(&ready).unwrap_or_default();
        if let Ok(ready) = serde_json::from_str::<Value>(&text) {
            break ready["socket"].as_str().unwrap().to_owned();
        }
        assert!(begun.elapsed().as_secs() < 20, "the floor does not serve");
        std::thread::sleep(std::time::Duration::from_millis(5));
    };
    let output = Command::new(program)
        .args(load)
        .args(["--token", "t", "--warmup", "0", "--for", "300ms", "--url", &socket])
        .output()
        .unwrap();
    floor.kill().unwrap();
    floor.wait().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_server_that_breaks_a_promise_fails_the_run() {
    for (how, found) in [
        ("drop", "gaps 1,"),
        ("double", "duplicates 1,"),
        ("swap", "order breaks 1,"),
        ("alter", "byte mismatches 1,"),
    ] {
        let (code, told) = broken(how, &["fanout", "--members", "3", "--rate", "100"]);
        assert_eq!(code, Some(3), "{how}: {told}");
        assert!(told.contains(found) && told.contains("verdict: correctness"), "{how}: {told}");
    }
}

#[test]
fn a_server_that_drops_its_idle_connections_fails_the_run() {
    let idle = &["idle", "--rooms", "1", "--members", "3"][..];
    // Beside a load without members, only those of the idle room are cut off.
    let crowd = &["fanout", "--members", "0", "--idle-rooms", "1", "--idle-members", "3"][..];
    for load in [idle, crowd] {
        let (code, told) = broken("cut", load);
        assert_eq!(code, Some(3), "{load:?}: {told}");
        let first = "3 connections ended unasked; the first: a connection ended while reading: ";
        assert!(told.contains("unasked ends 3\n") && told.contains(first), "{load:?}: {told}");
    }
}
