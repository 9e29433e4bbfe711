//! `wardroom.toml`: each key with its line and column.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::knob::{KNOBS, Knob};
use super::place::{ConfigError, Place, Problem, nearest};
use super::raw::Raw;
use super::{ConfigFile, DEFAULT_FILE, Issuer, issuer};

/// A value that somebody gave for a knob.
pub(super) struct Given {
    pub(super) knob: &'static Knob,
    pub(super) raw: Raw,
    pub(super) place: Place,
}

/// What a file gives.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) path: Option<PathBuf>,
    pub(super) given: Vec<Given>,
    pub(super) issuers: Vec<Issuer>,
}

/// Reads the file. What is wrong inside it goes to `problems`.
pub(super) fn read(
    file: &ConfigFile,
    problems: &mut Vec<Problem>,
) -> Result<Contents, ConfigError> {
    let (path, required) = match file {
        ConfigFile::None => return Ok(Contents::default()),
        ConfigFile::IfPresent => (Path::new(DEFAULT_FILE), false),
        ConfigFile::Named(path) => (path.as_path(), true),
    };
    match fs::read_to_string(path) {
        Ok(text) => {
            let (given, issuers) = parse(path, &text, problems);
            Ok(Contents { path: Some(path.to_path_buf()), given, issuers })
        }
        Err(source) if !required && source.kind() == io::ErrorKind::NotFound => {
            Ok(Contents::default())
        }
        Err(source) => Err(ConfigError::Unreadable { path: path.to_path_buf(), source }),
    }
}

fn parse(path: &Path, text: &str, problems: &mut Vec<Problem>) -> (Vec<Given>, Vec<Issuer>) {
    // The parser goes on after an error, so that one slip does not hide the others.
    let (document, errors) = DeTable::parse_recoverable(text);
    let place = |span| Place::in_file(path, text, &span);
    for error in &errors {
        problems.push(Problem {
            place: place(error.span().unwrap_or_default()),
            what: error.message().replace('\n', ", "),
            next: syntax_advice(error.message()).to_owned(),
        });
    }
    let (mut given, mut issuers) = (Vec::new(), Vec::new());
    for (key, value) in document.get_ref() {
        let name: &str = key.get_ref();
        if let Some(knob) = Knob::named(name) {
            given.push(Given { knob, raw: raw(value.get_ref()), place: place(value.span()) });
        } else if !sections().any(|section| section == name) {
            problems.push(unknown(place(key.span()), None, name));
        } else if let DeValue::Table(table) = value.get_ref() {
            for (key, value) in table {
                let inner: &str = key.get_ref();
                if (name, inner) == ("auth", "issuer") {
                    issuers = issuer::read(value.get_ref(), place(key.span()), &place, problems);
                    continue;
                }
                match Knob::named(&format!("{name}.{inner}")) {
                    Some(knob) => given.push(Given {
                        knob,
                        raw: raw(value.get_ref()),
                        place: place(value.span()),
                    }),
                    None => problems.push(unknown(place(key.span()), Some(name), inner)),
                }
            }
        } else {
            problems.push(Problem {
                place: place(key.span()),
                what: format!("`{name}` is a section, not a key"),
                next: format!("write [{name}] on a line of its own and its keys below"),
            });
        }
    }
    (given, issuers)
}

fn syntax_advice(message: &str) -> &'static str {
    if message.contains("duplicate") {
        "keep one of the two: a key that is set twice has no clear meaning"
    } else {
        "the file is TOML: sections as [name], keys as name = value, texts in \"quotes\""
    }
}

fn unknown(place: Place, section: Option<&str>, name: &str) -> Problem {
    let keys = || KNOBS.iter().map(|knob| knob.name);
    let what = match section {
        Some(section) => format!("unknown key `{name}` in [{section}]"),
        None => format!("unknown key or section `{name}`"),
    };
    let siblings = keys().filter_map(|key| match (section, key.split_once('.')) {
        (Some(section), Some((of, key))) => (of == section).then_some(key),
        (None, None) => Some(key),
        _ => None,
    });
    let here = siblings.chain(sections().filter(|_| section.is_none()));
    // A key of the right name in the wrong section is as common as a slip of the finger.
    let elsewhere = keys().find(|key| key.rsplit('.').next() == Some(name));
    let next = match (nearest(name, here), elsewhere) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, Some(key)) => format!("did you mean `{key}`?"),
        (None, None) => "every key is listed by: wardroom config check".to_owned(),
    };
    Problem { place, what, next }
}

/// The names of the sections.
pub(super) fn sections() -> impl Iterator<Item = &'static str> {
    let mut last = "";
    KNOBS.iter().filter_map(|knob| knob.name.split_once('.')).filter_map(move |(section, _)| {
        let fresh = section != last;
        last = section;
        fresh.then_some(section)
    })
}

fn raw(value: &DeValue<'_>) -> Raw {
    match value {
        DeValue::String(text) => Raw::Text(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Raw::Other("a number that is too large"), Raw::Whole),
        DeValue::Boolean(truth) => Raw::Truth(*truth),
        DeValue::Array(list) => list
            .iter()
            .map(|item| item.get_ref().as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .map_or(Raw::Other("a list of other things than texts"), Raw::List),
        DeValue::Float(_) => Raw::Other("a number with a fraction"),
        DeValue::Datetime(_) => Raw::Other("a date"),
        DeValue::Table(_) => Raw::Other("a table"),
    }
}
