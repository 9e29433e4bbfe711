//! Where a value was given, and what is wrong with it: what failed, where, why, what to do next.
//!
//! Values of unknown keys are never shown: they might be a secret in the wrong place.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::knob::Knob;
use super::raw::Raw;

/// Where a value was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a file. Lines and columns count from 1, columns in characters.
    File {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// The column.
        column: usize,
        /// The line up to the end of what is meant, and that part's length in characters.
        excerpt: (String, usize),
    },
    /// In this environment variable.
    Variable(String),
    /// By this flag.
    Flag(&'static str),
    /// Nowhere: the default holds.
    Default,
}

impl Place {
    /// The place of a byte range in a file's text.
    pub(super) fn in_file(path: &Path, text: &str, span: &Range<usize>) -> Self {
        let start = floor(text, span.start);
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let end = floor(text, span.end).clamp(start, line_end);
        Self::File {
            path: path.to_path_buf(),
            line: before.matches('\n').count() + 1,
            column: text[line_start..start].chars().count() + 1,
            excerpt: (text[line_start..end].to_owned(), text[start..end].chars().count()),
        }
    }

    /// The line, for listing problems in the order of the file.
    pub(super) fn line(&self) -> usize {
        match self {
            Self::File { line, .. } => *line,
            Self::Variable(_) | Self::Flag(_) | Self::Default => 0,
        }
    }
}

/// The nearest character boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line, column, .. } => {
                write!(f, "{}:{line}:{column}", path.display())
            }
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::Flag(flag) => write!(f, "flag {flag}"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What, and why.
    pub what: String,
    /// What to do next.
    pub next: String,
}

impl Problem {
    pub(super) fn wrong_value(place: Place, knob: &Knob, raw: &Raw) -> Self {
        Self {
            place,
            what: format!("wrong value for `{}`: found {}", knob.name, raw.found()),
            next: format!("give {} ({})", knob.expected(), knob.doc),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)?;
        if let Place::File { line, column, excerpt: (text, length), .. } = &self.place
            && *length > 0
        {
            let number = line.to_string();
            let margin = " ".repeat(number.len());
            // Tabs are kept so that the caret stands under what it means.
            let indent: String =
                text.chars().take(column - 1).map(|c| if c == '\t' { c } else { ' ' }).collect();
            let carets = "^".repeat(*length);
            write!(f, "\n  {number} | {text}\n  {margin} | {indent}{carets}")?;
        }
        write!(f, "\n  {}", self.next)
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("failed to read the configuration file {}: {source}\n  check the path, or leave out --config to run with wardroom.toml or the defaults", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Everything that is wrong, at once.
    #[error("{}", listed(.0))]
    Problems(Vec<Problem>),
}

fn listed(problems: &[Problem]) -> String {
    let all: Vec<_> = problems.iter().map(ToString::to_string).collect();
    all.join("\n")
}

/// The nearest of some names, if it is near enough to be what was meant.
pub(super) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let reach = (name.chars().count() / 3).max(1);
    names
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .filter(|(distance, _)| *distance <= reach)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}
