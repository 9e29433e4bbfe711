//! The arrows of the house, read from the source. A module of the server may import only what stands
//! below it in `src/lib.rs`; the domain and the guard are pure; wire bodies are named where they may be.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every hand-written source file below a folder with one of these endings.
fn sources(below: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let skip = ["target", "node_modules", "dist", "vectors", "fixtures", ".git"];
    let mut found = Vec::new();
    let mut folders = vec![below.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder").flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                if !skip.contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Source without comments and without unit tests, so that words about code are not taken for it.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("source is UTF-8");
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The modules in the order of `src/lib.rs`: highest first.
fn order() -> Vec<String> {
    code(&root().join("src/lib.rs"))
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub mod ")?.strip_suffix(';').map(Into::into))
        .collect()
}

/// The modules of the crate that a source names.
fn named(code: &str) -> Vec<String> {
    code.match_indices("crate::")
        .map(|(at, prefix)| {
            let rest = &code[at + prefix.len()..];
            rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or("").to_owned()
        })
        .collect()
}

fn module_of(path: &Path) -> String {
    let relative = path.strip_prefix(root().join("src")).expect("below src");
    let first = relative.components().next().expect("a name").as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn arrows_go_one_way() {
    let order = order();
    let rank = |module: &str| order.iter().position(|known| known == module);
    // Plain data, handed down; anybody may read it.
    let everywhere = ["config", "telemetry", "fault"];
    let mut wrong = Vec::new();
    for path in sources(&root().join("src"), &[".rs"]) {
        let module = module_of(&path);
        let Some(own) = rank(&module) else { continue };
        for other in named(&code(&path)) {
            if other == module || everywhere.contains(&other.as_str()) {
                continue;
            }
            match rank(&other) {
                Some(below) if below > own => {}
                _ => wrong.push(format!("{} names crate::{other}", path.display())),
            }
        }
    }
    assert!(order.len() >= 12, "the modules were read: {order:?}");
    assert!(wrong.is_empty(), "arrows that go up:\n{}", wrong.join("\n"));
}

#[test]
fn the_domain_and_the_guard_are_pure() {
    // What clippy's lists cannot see. The lists themselves are denied in both modules.
    let banned = [
        "std::fs",
        "std::net",
        "std::env",
        "std::process",
        "std::thread",
        "tokio",
        "serde",
        "async ",
        ".await",
        "HashMap",
        "HashSet",
        "SystemTime",
        "Instant",
        "f32",
        "f64",
        "rand",
        "getrandom",
        "tracing",
        "metrics",
        "println!",
        "Mutex",
        "RwLock",
        "static mut",
        "crate::log",
    ];
    for folder in ["src/domain", "src/guard"] {
        let files = sources(&root().join(folder), &[".rs"]);
        assert!(!files.is_empty(), "{folder} holds something");
        for path in files {
            let code = code(&path);
            let lists = "#![deny(clippy::disallowed_methods, clippy::disallowed_types)]";
            if path.ends_with("mod.rs") {
                assert!(code.contains(lists), "{} denies clippy's lists", path.display());
            }
            let code = code.replace(lists, "");
            for word in banned {
                assert!(!code.contains(word), "{} names {word}", path.display());
            }
        }
    }
}

#[test]
fn the_domain_knows_ids_only() {
    for path in sources(&root().join("src/domain"), &[".rs"]) {
        let code = code(&path);
        for (at, _) in code.match_indices("wardroom_protocol::") {
            let rest = &code[at + "wardroom_protocol::".len()..];
            assert!(rest.starts_with("ids"), "{} names more than ids", path.display());
        }
    }
}

#[test]
fn wire_bodies_stay_above_the_rooms() {
    // Facts and words are wire types to entry and identity, frames to delivery; rooms know ids only.
    let allowed: &[(&str, &[&str])] =
        &[("room", &["ids"]), ("cluster", &["ids"]), ("log", &["ids"]), ("seal", &["ids"])];
    for (module, may) in allowed {
        for path in sources(&root().join("src").join(module), &[".rs"]) {
            let code = code(&path);
            for (at, _) in code.match_indices("wardroom_protocol::") {
                let rest = &code[at + "wardroom_protocol::".len()..];
                assert!(
                    may.iter().any(|word| rest.starts_with(word)),
                    "{} names a wire type",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn only_the_doors_hold_a_concurrent_map() {
    for path in sources(&root().join("src"), &[".rs"]) {
        if !path.ends_with("room/doors.rs") {
            assert!(!code(&path).contains("DashMap"), "{} holds a DashMap", path.display());
        }
    }
}

#[test]
fn no_file_is_longer_than_four_hundred_lines() {
    let mut long = Vec::new();
    let endings = [".rs", ".ts", ".tsx", ".mjs", ".css", ".html", ".lua", ".py", ".sh"];
    for path in sources(&root(), &endings) {
        let lines = fs::read_to_string(&path).expect("source is UTF-8").lines().count();
        if lines > 400 {
            long.push(format!("{} has {lines} lines", path.display()));
        }
    }
    assert!(long.is_empty(), "look for the second idea in:\n{}", long.join("\n"));
}

#[test]
fn every_queue_is_bounded() {
    for folder in ["src", "clients/rust/src"] {
        for path in sources(&root().join(folder), &[".rs"]) {
            let code = code(&path);
            for word in ["unbounded_channel", "mpsc::channel()", "channel::unbounded"] {
                assert!(!code.contains(word), "{} makes an unbounded queue", path.display());
            }
        }
    }
}

#[test]
fn no_file_has_a_name_that_says_nothing() {
    let nothing = ["util", "utils", "helper", "helpers", "common", "misc", "manager", "impl"];
    for path in sources(&root(), &[".rs", ".ts", ".tsx", ".mjs"]) {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        assert!(!nothing.contains(&stem.as_str()), "{} says nothing", path.display());
    }
}

/// A test by its target and full name, as `tests/README.md` and `tests/mutants` write them: whether a
/// file of its module holds it.
fn is_a_test(named: &str) -> bool {
    let Some((target, path)) = named.split_once(' ') else { return false };
    let mut modules: Vec<_> = path.split("::").filter(|part| *part != "tests").collect();
    let name = format!("fn {}(", modules.pop().unwrap_or_default());
    let folder = if target == "lib" { "src".into() } else { format!("tests/{target}") };
    let module = root().join(folder).join(modules.join("/"));
    let files = [module.with_extension("rs"), module.join("tests.rs"), module.join("mod.rs")];
    files.iter().any(|file| {
        let text = fs::read_to_string(file).unwrap_or_default();
        text.split("#[test]").skip(1).chain(text.split("#[tokio::test").skip(1)).any(|behind| {
            let signature = behind.split('{').next().unwrap_or_default();
            signature.contains(&name)
        })
    })
}

#[test]
fn every_promise_has_its_tests_and_its_mutants() {
    let read = |file: &str| fs::read_to_string(root().join(file)).expect("it is UTF-8");
    // The ten, as ARCHITECTURE.md numbers them.
    let architecture = read("src/ARCHITECTURE.md");
    let promises: Vec<_> = (1..=10)
        .map(|number| {
            let begin = format!("{number}. ");
            let line = architecture.lines().find_map(|line| line.strip_prefix(&begin));
            line.expect("ten promises")
        })
        .collect();
    let table = read("tests/README.md");
    let rows: Vec<_> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "))
        .filter(|(promise, _)| promise.ends_with('.'))
        .collect();
    assert_eq!(rows.iter().map(|row| row.0).collect::<Vec<_>>(), promises);
    for (promise, tests) in rows {
        let tests: Vec<_> = tests.split(", ").map(|test| test.trim_matches('`')).collect();
        for test in tests {
            assert!(is_a_test(test), "{promise} there is no test {test}");
        }
    }

    let mutants = read("tests/mutants/mutants.toml");
    for mutant in mutants.split("[[mutant]]").skip(1) {
        let value = |key: &str| {
            let line = mutant.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
            line.unwrap_or_else(|| panic!("no {key} in {mutant}")).trim_matches('"')
        };
        assert!(is_a_test(value("test")), "{}: there is no {}", value("name"), value("test"));
        assert!(root().join(value("file")).is_file(), "{}", value("file"));
    }
    for number in 1..=10 {
        let promise = format!("\npromise = {number}\n");
        assert!(mutants.contains(&promise), "nothing breaks promise {number}");
    }
}
