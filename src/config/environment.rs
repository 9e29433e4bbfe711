//! `WARDROOM_SECTION__KEY`: knobs from the environment.

use std::ffi::OsString;

use super::file::Given;
use super::knob::{KNOBS, Knob};
use super::place::{Place, Problem, nearest};
use super::raw::Raw;

/// The short name of `telemetry.filter`, in the manner of `RUST_LOG`. Stronger than the long one.
pub(super) const FILTER_VARIABLE: &str = "WARDROOM_LOG";

const PREFIX: &str = "WARDROOM_";

/// Reads the variables. What is wrong with them goes to `problems`.
pub(super) fn read(
    variables: &[(String, OsString)],
    given: &mut Vec<Given>,
    problems: &mut Vec<Problem>,
) {
    let mut short_filter = None;
    for (name, value) in variables {
        if !name.starts_with(PREFIX) {
            continue;
        }
        let take = |knob| Given {
            knob,
            raw: match value.to_str() {
                Some(text) => Raw::Loose(text.to_owned()),
                None => Raw::Other("a text that is not UTF-8"),
            },
            place: Place::Variable(name.clone()),
        };
        if name == FILTER_VARIABLE {
            short_filter = Knob::named("telemetry.filter").map(take);
        } else if let Some(knob) = KNOBS.iter().find(|knob| knob.variable() == *name) {
            given.push(take(knob));
        } else if let Some(next) = advice(name) {
            problems.push(Problem {
                place: Place::Variable(name.clone()),
                what: "unknown key".to_owned(),
                next,
            });
        }
    }
    given.extend(short_filter);
}

/// What to say about an unknown variable; nothing if it need not be one of ours. A name with `__`
/// always is. Others are let pass unless they look like a slip: Kubernetes sets `WARDROOM_PORT` and
/// the like by itself wherever a service is called `wardroom`.
fn advice(name: &str) -> Option<String> {
    let known: Vec<_> = KNOBS.iter().map(Knob::variable).collect();
    let names = || known.iter().map(String::as_str);
    if let Some(same) = names().find(|known| squeezed(known) == squeezed(name)) {
        return Some(format!("did you mean {same}? section and key are joined by __"));
    }
    if !name.contains("__") {
        let slip = names()
            .find(|known| !known.contains("__") && strsim::damerau_levenshtein(known, name) <= 1)?;
        return Some(format!("did you mean {slip}?"));
    }
    // Compared without the prefix that all share, which would make strangers look near.
    let bare = names().filter_map(|known| known.strip_prefix(PREFIX));
    Some(match nearest(name.strip_prefix(PREFIX)?, bare) {
        Some(near) => format!("did you mean {PREFIX}{near}?"),
        None => "unset it; every key is listed by: wardroom config check".to_owned(),
    })
}

fn squeezed(name: &str) -> String {
    name.replace('_', "").to_uppercase()
}
