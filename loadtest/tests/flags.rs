//! Every flag and scenario that needs a real node, at its smallest scale. No figure is judged here.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod started;

use serde_json::json;
use started::{figure, figures, run};

/// A figure that is a whole number.
fn count(result: &serde_json::Value, name: &str) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
    let count = figure(result, name).round() as u64;
    count
}

#[test]
fn over_tls_the_same_traffic_passes() {
    let args = ["fanout", "--tls", "--ephemeral", "--baseline", "floor", "--warmup", "100ms"];
    let (code, result) = run(&[&args[..], &["--for", "500ms", "--members", "10"]].concat());
    assert_eq!((code, &result["verdict"]), (Some(0), &json!("pass")));
    assert!(figure(&result, "ratio.cpu_us_per_delivery") > 0.0);
    let plan = result["plan"].as_str().unwrap();
    assert!(plan.contains("TLS"), "{plan}");
}

#[test]
fn idle_rooms_stand_beside_the_load_and_nine_in_ten_of_them_go() {
    let args = ["rooms", "--ephemeral", "--rooms", "3", "--members", "3", "--rate", "100/s"];
    let more = ["--idle-rooms", "10", "--idle-members", "3", "--baseline", "tenth"];
    // Long enough for processor time, which is counted in hundredths of a second.
    let (code, result) = run(&[&args[..], &more, &["--warmup", "0", "--for", "2s"]].concat());
    // A busy machine may not keep up with the rate; what it serves must be right all the same.
    assert!(code == Some(0) || code == Some(4), "{code:?}");
    assert_eq!(result["faults"]["counts"], json!({}));
    assert_eq!(count(&result, "idle_connections"), 30);
    assert_eq!(count(&result, "tenth.idle_connections"), 3);
    assert!(figure(&result, "ratio.cpu_us_per_delivery") > 0.0);
}

#[test]
fn a_stalled_reader_is_compared_with_none_and_gets_everything_in_the_end() {
    let args = ["slow-readers", "--ephemeral", "--members", "5", "--bytes", "4000"];
    let more = ["--baseline", "without", "--rate", "2000/s", "--warmup", "100ms", "--for", "2s"];
    let (code, result) = run(&[&args[..], &more].concat());
    // A busy machine may not keep up with the rate; what it serves must be right all the same.
    assert!(code == Some(0) || code == Some(1) || code == Some(4), "{code:?}");
    assert_eq!(result["faults"]["counts"], json!({}));
    assert!(figure(&result, "owed_when_it_woke") > 100.0, "it slept");
    let names = figures(&result);
    assert!(names.contains(&"extra.server_rss_grown_bytes".to_owned()), "{names:?}");
    assert!(!names.contains(&"without.owed_when_it_woke".to_owned()), "{names:?}");
}

#[test]
fn redis_is_the_yardstick_of_durable_and_the_store_catches_up() {
    let args = ["durable", "--baseline", "redis", "--warmup", "100ms", "--for", "700ms"];
    let (code, result) = run(&args);
    assert_eq!((code, &result["verdict"]), (Some(0), &json!("pass")));
    for name in ["ratio.kept_posts_per_s", "redis.posts_per_s", "redis.fdatasync_p99_ms"] {
        assert!(figure(&result, name) > 0.0, "{name}");
    }
    let (kept, acked) = (figure(&result, "kept_posts_per_s"), figure(&result, "posts_per_s"));
    assert!(kept > 0.0 && kept <= acked, "{kept} of {acked}");
    assert!(figure(&result, "store_lag_bytes") >= 0.0);
}

#[test]
fn at_a_rate_the_answer_is_held_against_the_disk() {
    // A busy machine may not keep even this pace, or not wake the generator in time; then there are no
    // latencies to tell, and the run says why.
    for _ in 0..5 {
        let (_, result) = run(&["durable", "--rate", "50/s", "--warmup", "0", "--for", "2s"]);
        assert_eq!(result["faults"]["counts"], json!({}));
        let only = &result["series"]["server"][0];
        if [&only["overloaded"], &only["late"]].contains(&&json!(true)) {
            assert!(!figures(&result).contains(&"ack_p99_over_bar".to_owned()));
            assert!(only["notes"].to_string().contains("are left out"), "{}", only["notes"]);
            continue;
        }
        let (answer, sync) = (figure(&result, "ack_p99_ms"), figure(&result, "fdatasync_p99_ms"));
        let over = figure(&result, "ack_p99_over_bar");
        assert!((over - answer / (10.0 + 5.0 * sync)).abs() < 1e-6, "{over}");
        return;
    }
}

#[test]
fn latecomers_come_while_the_load_lasts() {
    let args = ["latecomers", "--ephemeral", "--count", "250", "--rate", "300/s"];
    let (code, result) = run(&[&args[..], &["--warmup", "200ms", "--for", "100ms"]].concat());
    assert_ne!(code, Some(3), "{}", result["faults"]);
    assert_eq!(count(&result, "latecomers"), 250);
    // Each reads past the head that it was told, so the window is as long as they need.
    assert!(figure(&result, "window_s") > 0.1);
    assert!(figure(&result, "latecomers_read") >= 250.0 * 20.0);
}

#[test]
fn whoever_is_cut_off_during_the_load_misses_nothing() {
    let args = ["churn", "--ephemeral", "--rooms", "2", "--members", "3", "--rate", "200/s"];
    let more = ["--count", "150", "--warmup", "100ms", "--for", "1s"];
    let (code, result) = run(&[&args[..], &more].concat());
    // A busy machine may not keep up with the rate; what it serves must be right all the same.
    assert!(code == Some(0) || code == Some(4), "{code:?}");
    assert_eq!(result["faults"]["counts"], json!({}));
    assert_eq!(count(&result, "cuts_and_resumes"), 150);
    assert!(figure(&result, "resumes_per_s") > 0.0);
    // The six that stay have it while the others come and go.
    assert!(figure(&result, "deliveries_per_s") > 0.0);
}

#[test]
fn everybody_is_cut_off_and_comes_back_to_all_of_it() {
    let args = ["resume-storm", "--ephemeral", "--rooms", "2", "--members", "5", "--rate", "100/s"];
    let (code, result) = run(&[&args[..], &["--warmup", "100ms", "--for", "500ms"]].concat());
    assert!(code == Some(0) || code == Some(4), "{code:?}");
    assert_eq!(result["faults"]["counts"], json!({}));
    assert_eq!(count(&result, "resumed"), 10);
    let connected = figure(&result, "all_connected_s");
    assert!(connected > 0.0 && figure(&result, "all_caught_up_s") >= connected);
}

#[test]
fn every_reader_of_a_replay_gets_the_room() {
    for tls in [&[][..], &["--tls"]] {
        let (code, result) = run(&[&["replay", "--count", "2000"], tls].concat());
        assert_eq!((code, &result["verdict"]), (Some(0), &json!("pass")));
        assert!(figure(&result, "replayed_entries") >= 2_000.0);
    }
}

#[test]
fn as_many_people_as_asked_for_join() {
    let args = ["idle", "--ephemeral", "--rooms", "2", "--members", "5", "--people", "10"];
    let (code, result) = run(&[&args[..], &["--for", "0"]].concat());
    assert_eq!((code, &result["verdict"]), (Some(0), &json!("pass")));
    assert_eq!(count(&result, "connections"), 10);
    let notes = result["series"]["server"][0]["notes"].to_string();
    assert!(notes.contains("10 of 10 joins bring a token that the server sees for"), "{notes}");
    assert!(figure(&result, "joins_per_s") > 0.0);
}

#[test]
fn a_soak_ends_with_nothing_left_and_nothing_found() {
    let (code, result) = run(&["soak", "--for", "4s"]);
    assert_eq!(result["faults"]["counts"], json!({}));
    assert_ne!(code, Some(3));
    assert_eq!(count(&result, "gauges_left"), 0, "{}", result["series"]["server"][0]["notes"]);
    for name in ["redactions", "rooms_founded", "cuts_and_resumes"] {
        assert!(figure(&result, name) >= 1.0, "{name}");
    }
    for name in
        ["descriptors_left", "threads_left", "tasks_left", "rss_end_ratio", "rss_reread_ratio"]
    {
        figure(&result, name);
    }
}

#[test]
fn a_baseline_that_says_nothing_of_a_scenario_is_refused() {
    for (args, says) in [
        (&["smoke", "--baseline", "redis"][..], "durable"),
        (&["durable", "--baseline", "redis", "--rate", "9/s"], "--in-flight"),
        (&["durable", "--baseline", "floor"], "--baseline floor goes"),
        (&["fanout", "--baseline", "without"], "--idle-rooms"),
        (&["churn", "--idle-rooms", "3", "--idle-members", "1"], "goes with smoke"),
    ] {
        let (code, told) = started::refused(args);
        assert_eq!(code, Some(2), "{args:?}: {told}");
        assert!(told.contains(says), "{args:?}: {told}");
    }
}

#[test]
fn a_bar_that_does_not_hold_fails_the_run_and_lines_tell_of_it_unless_quiet() {
    let args = ["smoke", "--ephemeral", "--warmup", "0", "--for", "300ms"];
    let bar = ["--threshold", "posts_per_s<0.1", "--threshold", "posts_per_s>0.1"];
    let (code, result) = run(&[&args[..], &bar].concat());
    assert_eq!((code, &result["verdict"]), (Some(1), &json!("threshold")));
    let holds: Vec<_> = result["held"].as_array().unwrap().iter().map(|it| &it["holds"]).collect();
    assert_eq!(holds, [&json!(false), &json!(true)]);
    let told = |quiet: &[&str]| started::told(&[&args[..], quiet].concat());
    assert!(told(&[]).contains("smoke, run 1 of 1: server"), "lines, as this is no terminal");
    assert_eq!(told(&["--quiet"]), "");
}
