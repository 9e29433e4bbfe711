//! Bad input before there is a WebSocket.

use super::case::Case;
use super::stage::Stage;
use crate::world::{masked, upgrade};

/// An upgrade with this header line in place of a good one.
fn with(name: &'static str, line: impl Fn(&Stage) -> String + 'static) -> Case {
    Case::request(name, move |stage| upgrade(&line(stage)).into_bytes())
}

/// An upgrade without a header.
fn without(name: &'static str, header: &'static str) -> Case {
    Case::request(name, move |_| {
        let whole = upgrade("");
        let lines = whole.split_inclusive("\r\n").filter(|line| !line.starts_with(header));
        lines.collect::<String>().into_bytes()
    })
}

fn fixed(name: &'static str, line: &'static str) -> Case {
    with(name, move |_| line.to_owned())
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        fixed("origin-foreign", "origin: https://evil.example\r\n"),
        fixed("origin-null", "origin: null\r\n"),
        with("origin-lookalike", |stage| format!("origin: {}.evil.example\r\n", stage.node.url)),
        fixed("origin-other-port", "origin: http://127.0.0.1:1\r\n"),
        with("origin-other-scheme", |stage| {
            format!("origin: https://{}\r\n", stage.node.address())
        }),
        without("key-missing", "sec-websocket-key"),
        fixed("key-short", "sec-websocket-key: AAAA\r\n"),
        fixed("key-not-base64", "sec-websocket-key: !!!!!!!!!!!!!!!!!!!!!!==\r\n"),
        fixed("version-8", "sec-websocket-version: 8\r\n"),
        Case::request("no-upgrade", |_| b"GET /v1/socket HTTP/1.1\r\nhost: x\r\n\r\n".to_vec()),
        fixed("upgrade-to-something-else", "upgrade: h2c\r\n"),
        without("subprotocol-missing", "sec-websocket-protocol"),
        fixed("subprotocol-unknown", "sec-websocket-protocol: graphql-ws\r\n"),
        Case::request("method-post", |_| upgrade("").replace("GET", "POST").into_bytes()),
        Case::request("headers-too-many", |_| upgrade(&"x-more: 1\r\n".repeat(200)).into_bytes()),
        Case::request("headers-too-long", |_| {
            upgrade(&format!("x-long: {}\r\n", "x".repeat(60_000))).into_bytes()
        }),
        Case::request("headers-slow", |_| upgrade("").as_bytes()[..60].to_vec()),
        Case::request("not-http", |_| b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n".to_vec()),
        Case::stranger(
            "compression-asked",
            "sec-websocket-extensions: permessage-deflate\r\n",
            |_| masked(0xc1, &[0xaa, 0x56, 0x4a, 0x01, 0x00]),
        ),
        Case::test("too-many-websockets", "places", "a_node_has_so_many_websockets"),
        Case::test("too-many-of-one-address", "places", "one_address_has_so_many_websockets"),
        Case::test("too-many-handshakes", "places", "so_many_handshakes_are_in_flight"),
        Case::test(
            "too-many-handshakes-of-one-address",
            "places",
            "one_address_does_not_take_every_handshake",
        ),
    ]
}
