//! `wardroom serve` as a script sees it: ready file, banner, signals, refusals.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;

use serde_json::Value;
use wardroom::identity::DevKey;

use crate::command::{Place, end};
use crate::node::Node;

#[test]
fn the_ready_file_tells_where_it_serves_and_goes_with_the_node() {
    for signal in ["-TERM", "-INT"] {
        let place = Place::new();
        place.file("ready.json.0.new", "of another one");
        let node = Node::start(&place, &["--data", "d"]);
        assert_eq!(node.ready["pid"], node.id());
        let address = node.get("url").strip_prefix("http://").unwrap().to_owned();
        assert!(TcpStream::connect(&address).is_ok(), "{address}");
        assert_eq!(node.get("socket"), format!("ws://{address}/v1/socket"));
        assert_eq!(node.ready.as_object().unwrap().len(), 3);

        assert_eq!(node.stop(signal).0, Some(0), "{signal}");
        assert!(!place.path("ready.json").exists(), "the file goes with the node");
    }
}

#[test]
fn a_hangup_ends_no_node() {
    let place = Place::new();
    let node = Node::start(&place, &["--ephemeral"]);
    let address = node.get("url").strip_prefix("http://").unwrap().to_owned();
    for _ in 0..3 {
        let sent = Command::new("kill").args(["-HUP", &node.id().to_string()]).status();
        assert!(sent.unwrap().success());
        assert!(TcpStream::connect(&address).is_ok(), "it has nothing to read again, and goes on");
    }
    assert_eq!(node.stop("-TERM").0, Some(0));
}

/// A full disk, or a pipe that nobody reads any more: log lines are lost, and nothing else.
#[test]
fn a_node_whose_log_lines_cannot_be_written_serves_and_stops() {
    let place = Place::new();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let node = Node::start_telling(&place, &["--data", "d"], full);
    let address = node.get("url").strip_prefix("http://").unwrap().to_owned();
    for _ in 0..3 {
        let mut peer = TcpStream::connect(&address).unwrap();
        let ask = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        peer.write_all(ask.as_bytes()).unwrap();
        let mut told = String::new();
        peer.read_to_string(&mut told).unwrap();
        assert!(told.starts_with("HTTP/1.1 200"), "{told}");
    }
    assert_eq!(node.stop("-TERM").0, Some(0));
}

#[test]
fn serve_is_the_default_verb() {
    for verb in [&[][..], &["serve"][..]] {
        let place = Place::new();
        let node = Node::start(&place, &[verb, &["--ephemeral", "--node", "ward-3"]].concat());
        assert_eq!(node.stop("-TERM").0, Some(0));
    }
}

#[test]
fn the_banner_says_where_to_go_and_how_to_get_in() {
    let place = Place::new();
    let node = Node::start(&place, &["--data", "the data"]);
    let (url, socket) = (node.get("url").to_owned(), node.get("socket").to_owned());
    let (code, banner) = node.stop("-TERM");
    assert_eq!(code, Some(0));
    assert!(banner.lines().count() <= 20, "{banner}");
    assert!(banner.lines().all(|line| line.chars().count() <= 200), "{banner}");
    for part in [&url, &socket, "the data", "this machine only", "Ctrl+C"] {
        assert!(banner.contains(part), "{part}\n{banner}");
    }

    // The command that it shows, pasted into a shell, makes a token of this node.
    let command = banner.lines().find_map(|line| line.trim_start().strip_prefix("Token")).unwrap();
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", command]).current_dir(place.path("")).env_clear();
    let token = end(&mut shell);
    assert_eq!((token.code, token.err.as_str()), (0, ""));
    let key = DevKey::open_or_create(&place.path("the data/keys")).unwrap();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap();
    let now = u64::try_from(now.as_millis()).unwrap();
    let claims = key.verifier("wardroom-dev").verify(token.out.trim(), now).unwrap();
    assert_eq!(claims.roles, ["moderator"]);
}

#[test]
fn log_lines_go_to_stderr_and_can_be_json() {
    let place = Place::new();
    place.file("wardroom.toml", "[telemetry]\nformat = \"json\"\n");
    let node = Node::start(&place, &["--ephemeral"]);
    let (code, banner) = node.stop("-TERM");
    assert_eq!(code, Some(0));
    assert!(banner.starts_with("Wardroom "), "{banner}");
    let lines = fs::read_to_string(place.path("stderr")).unwrap();
    assert!(lines.contains("asked to stop; draining"), "{lines}");
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
    }
}

#[test]
fn a_port_that_is_taken_ends_with_74_and_the_remedy() {
    let place = Place::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = place.run(&["--ephemeral", "--ready-file", "ready.json", "--listen", &address]);
    assert_eq!((ended.code, ended.out.as_str()), (74, ""));
    for part in [address.as_str(), "another program has it", "--listen 127.0.0.1:0"] {
        assert!(ended.err.contains(part), "{part}\n{}", ended.err);
    }
    assert!(!place.path("ready.json").exists());
}

#[test]
fn an_address_that_others_reach_ends_with_78_and_both_ways_out() {
    let place = Place::new();
    let ended = place.run(&["--listen", "0.0.0.0:0"]);
    assert_eq!((ended.code, ended.out.as_str()), (78, ""));
    for part in ["flag --listen", "--listen 127.0.0.1:7420", "server.trusted_proxy = true"] {
        assert!(ended.err.contains(part), "{part}\n{}", ended.err);
    }
    assert!(!place.path("wardroom-data").exists(), "nothing was made");
}

#[test]
fn a_ready_file_that_cannot_be_written_ends_the_node_with_74() {
    let place = Place::new();
    let arguments = ["--ephemeral", "--listen", "127.0.0.1:0", "--ready-file", "no/where.json"];
    let ended = place.run(&arguments);
    assert_eq!(ended.code, 74, "{}", ended.err);
    assert!(ended.err.contains("failed to write the ready file no/where.json"), "{}", ended.err);
}

#[test]
fn wrong_usage_of_serve_ends_with_2() {
    let place = Place::new();
    for arguments in [
        &["--listen", "localhost"][..],
        &["serve", "--listen", "7420"][..],
        &["--ephemeral", "config", "check"][..],
    ] {
        assert_eq!(place.run(arguments).code, 2, "{arguments:?}");
    }
}

/// A limit of its address space: a node that would end in the midst of its work does not begin it.
#[test]
fn too_little_address_space_is_refused_at_the_start() {
    let limited = |place: &Place, bytes: u64| {
        let mut command = Command::new("prlimit");
        command.arg(format!("--as={bytes}")).arg(env!("CARGO_BIN_EXE_wardroom"));
        command
            .args(["--data", "d", "--listen", "127.0.0.1:0"])
            .env_clear()
            .current_dir(place.path("."));
        command
    };
    let least = 2 * 1024 * 1024 * 1024;
    let place = Place::new();
    let ended = end(&mut limited(&place, least - 1));
    assert_eq!(ended.code, 74, "{ended:?}");
    assert!(ended.err.contains("may map 2047 MiB") && ended.err.contains("ulimit -v"), "{ended:?}");
    assert!(!place.path("d").exists(), "nothing was started");
}
