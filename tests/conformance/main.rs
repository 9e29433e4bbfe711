//! Conformance with RFC 6455: an echo server made of the gateway's reader and the delivery's write
//! gate, nothing else. The Autobahn suite plays against it where it is at hand
//! (`$WARDROOM_SHARED/tools/autobahn`, or `../shared`); a few cases of our own always do.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

mod echo;

use std::path::{Path, PathBuf};
use std::process::Command;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use echo::Echo;

const HANDSHAKE: &str = "GET /echo HTTP/1.1\r\nhost: t\r\nupgrade: websocket\r\n\
    connection: upgrade\r\nsec-websocket-version: 13\r\n\
    sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// A masked client frame; the mask is zero, so the payload shows as it is.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    match payload.len() {
        short @ 0..126 => out.push(0x80 | u8::try_from(short).unwrap()),
        medium @ 126..65_536 => {
            out.push(0x80 | 0x7e);
            out.extend(u16::try_from(medium).unwrap().to_be_bytes());
        }
        long => {
            out.push(0x80 | 0x7f);
            out.extend((long as u64).to_be_bytes());
        }
    }
    out.extend([0; 4]);
    out.extend(payload);
    out
}

/// Sends bytes in pieces of `step`, then reads until the server hangs up.
async fn play(echo: &Echo, bytes: &[u8], step: usize) -> Vec<u8> {
    let mut stream = TcpStream::connect(echo.address()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream.write_all(HANDSHAKE.as_bytes()).await.unwrap();
    for piece in bytes.chunks(step) {
        if stream.write_all(piece).await.is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let frames = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
    answer.split_off(frames)
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_are_echoed_however_they_are_cut() {
    let echo = Echo::start(1 << 20).await;
    let close = frame(0x88, &1000_u16.to_be_bytes());
    for length in [0, 1, 125, 126, 127, 65_535, 65_536, 200_000] {
        let payload = vec![b'x'; length];
        let sent = [frame(0x81, &payload), close.clone()].concat();
        for step in [sent.len(), 1_000, 4_096] {
            let got = play(&echo, &sent, step).await;
            let expected = wardroom::delivery::frame::text(&payload);
            assert!(got.starts_with(&expected), "{length} by {step}");
            assert_eq!(&got[expected.len()..], [0x88, 2, 0x03, 0xe8], "{length} by {step}");
        }
    }
    // Fragments, with a ping between them, byte by byte.
    let parts = [
        frame(0x01, "Herz".as_bytes()),
        frame(0x89, b"are you there"),
        frame(0x00, "".as_bytes()),
        frame(0x80, "töne".as_bytes()),
        close,
    ];
    for step in [1, 7, 10_000] {
        let got = play(&echo, &parts.concat(), step).await;
        let mut expected = vec![0x8a, 13];
        expected.extend(b"are you there");
        expected.extend(wardroom::delivery::frame::text("Herztöne".as_bytes()));
        expected.extend([0x88, 2, 0x03, 0xe8]);
        assert_eq!(got, expected, "by {step}");
    }
}

/// The frames that the suite got, by its reports of each case.
fn received(reports: &Path) -> u64 {
    let files = std::fs::read_dir(reports).unwrap().map(|file| file.unwrap().path());
    let cases = files.filter(|path| path.extension().is_some_and(|ending| ending == "json"));
    let of_case = |path: PathBuf| {
        let report: serde_json::Value =
            serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let by_opcode = report["rxFrameStats"].as_object().unwrap();
        by_opcode.values().map(|count| count.as_u64().unwrap()).sum::<u64>()
    };
    cases.filter(|path| !path.ends_with("index.json")).map(of_case).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn autobahn_finds_no_fault() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let shared = std::env::var_os("WARDROOM_SHARED").map_or(beside, PathBuf::from);
    let suite = shared.join("tools/autobahn/run");
    if !suite.exists() {
        println!(
            "SKIPPED autobahn_finds_no_fault: the Autobahn suite is not at hand; our own cases are the proof here"
        );
        return;
    }
    let echo = Echo::start(20 << 20).await;
    let url = format!("ws://{}/echo", echo.address());
    let out = tempfile::tempdir().unwrap();
    let report = out.path().to_path_buf();
    // 12 and 13 are compression, which wardroom.v1 does not offer.
    let output = tokio::task::spawn_blocking(move || {
        Command::new(suite)
            .args(["--url", &url, "--exclude", "12.*,13.*", "--out"])
            .arg(&report)
            .output()
            .unwrap()
    })
    .await
    .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let end: Vec<_> = told.lines().rev().take(12).collect();
    println!("{}", end.iter().rev().fold(String::new(), |text, line| text + line + "\n"));
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    let received = received(out.path());
    println!("{} frames left through the write gate, {received} came to the suite", echo.frames());
    assert!(received > 1_000, "the suite was played");
    assert_eq!(echo.frames(), received, "every frame came by the gate, and every one arrived");
}
