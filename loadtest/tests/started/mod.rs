//! The load tester, started as a program against a real node.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

/// The server's binary, built beside this test: `target/<profile>/wardroom`.
pub(crate) fn server() -> PathBuf {
    let mut folder = std::env::current_exe().unwrap();
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    let server = folder.join("wardroom");
    assert!(
        server.is_file(),
        "{} is missing: build the workspace first, with the same profile (cargo build --profile …)",
        server.display()
    );
    server
}

fn start(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wardroom-loadtest"));
    command.args(args).arg("--spawn").arg(server()).output().unwrap()
}

/// Runs it. Gives the exit code and the result as JSON.
pub(crate) fn run(args: &[&str]) -> (Option<i32>, Value) {
    let folder = tempfile::tempdir().unwrap();
    let (json, html) = (folder.path().join("result.json"), folder.path().join("result.html"));
    let files = ["--json", json.to_str().unwrap(), "--html", html.to_str().unwrap()];
    let output = start(&[args, &files].concat());
    let told = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let text = std::fs::read_to_string(json).unwrap_or_else(|_| panic!("no result:\n{told}"));
    let page = std::fs::read_to_string(html).unwrap();
    let alone = !["<script", "src=", "href=", "url("].iter().any(|part| page.contains(part));
    assert!(page.starts_with("<!doctype html>") && alone, "{page}");
    println!("{told}");
    (output.status.code(), serde_json::from_str(&text).unwrap())
}

/// The median of a figure.
pub(crate) fn figure(result: &Value, name: &str) -> f64 {
    let summary = result["series"]["summary"].as_array().unwrap();
    let found = summary.iter().find(|it| it["name"] == name);
    found.unwrap_or_else(|| panic!("no {name}"))["estimate"]["median"].as_f64().unwrap()
}

/// The names of all figures.
#[allow(dead_code, reason = "not every test file asks")]
pub(crate) fn figures(result: &Value) -> Vec<String> {
    let summary = result["series"]["summary"].as_array().unwrap();
    summary.iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect()
}

/// What it says on stderr while it runs.
#[allow(dead_code, reason = "not every test file asks")]
pub(crate) fn told(args: &[&str]) -> String {
    String::from_utf8(start(args).stderr).unwrap()
}

/// A run that cannot be made: the exit code and why.
#[allow(dead_code, reason = "not every test file asks")]
pub(crate) fn refused(args: &[&str]) -> (Option<i32>, String) {
    let output = start(args);
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}
