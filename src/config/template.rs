//! The page that `wardroom config init` writes: every key of `wardroom.toml`, commented out. Made from
//! the table of knobs, so that it can neither lack a key nor promise another default.

use std::fmt::Write as _;

use super::{Config, KNOBS, Knob};

const HEAD: &str = "\
# wardroom.toml: every key of a Wardroom node, with its default.
#
# A line that begins with # and a name is a setting: take the # away and change it. A line that begins
# with # and a space is a word about the setting below it. Stronger than this file are the variables named
# here, and flags. A key that is not understood is an error, so look before you start:
#
#     wardroom config check
";

/// Every key with its meaning, what it takes, its variable and its default. As it stands it changes
/// nothing; with each setting's `#` taken away it says what holds anyway.
#[must_use]
pub fn template() -> String {
    let defaults = Config::default();
    let mut page = HEAD.to_owned();
    let mut section = "";
    for knob in KNOBS {
        let (of, key) = knob.name.split_once('.').unwrap_or(("", knob.name));
        if of != section {
            section = of;
            let _ = write!(page, "\n[{section}]\n");
        }
        let _ = write!(
            page,
            "\n# {}\n# Takes {}. Variable: {}.\n",
            knob.doc,
            takes(knob),
            knob.variable()
        );
        // An unset path has no value that one could take the # away from.
        let _ = match knob.show(&defaults) {
            unset if unset.is_empty() => writeln!(page, "# Unset by default; write: {key} = \"…\""),
            value => writeln!(page, "#{key} = {value}"),
        };
    }
    page
}

fn takes(knob: &Knob) -> String {
    let expected = knob.expected();
    knob.unit().map_or(expected.clone(), |unit| format!("{expected}, in {unit}"))
}
