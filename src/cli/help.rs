//! The help page: examples first, verbs in groups, every key with its variable in the long form.

use std::fmt::Write as _;

use clap::{Command, CommandFactory as _};
use wardroom::config::{Config, KNOBS};

use super::Line;

const TEMPLATE: &str = "\
{about-with-newline}
Examples:
  wardroom                                       serve on http://127.0.0.1:7420
  wardroom --listen 127.0.0.1:0 --ephemeral      serve on a free port, keep nothing
  wardroom token --sub ann --name Ann --ttl 8h   a token to sign in with
  wardroom config check                          every value, and where it came from

{usage-heading} {usage}

Run:
  serve         run a node until it is told to stop; the default verb

Manage:
  token         make a token for trying things out
  import        bring messages from a file into a running node
  config init   write a wardroom.toml with every key, its help and its default

Check:
  log verify    check the record of a stopped node; change nothing
  log stats     count its logs, entries and bytes
  log scrub     mend each copy from the other; leave no erased word behind
  config check  look for mistakes in the configuration
  config show   the values in force; --origin says where from, --json is for machines

Options:
{options}{after-help}";

/// The command as clap sees it.
pub(super) fn command() -> Command {
    Line::command()
        .help_template(TEMPLATE)
        .after_help(
            "wardroom --help lists every key of wardroom.toml; wardroom VERB --help tells more.",
        )
        .after_long_help(keys())
}

/// Every knob with its default and its variable, from the one table of knobs.
fn keys() -> String {
    let defaults = Config::default();
    let mut page = "Keys of wardroom.toml [default] and the variables that override them\n\
        (stronger first: flag, variable, file, default):\n"
        .to_owned();
    for knob in KNOBS {
        let value = match knob.show(&defaults) {
            unset if unset.is_empty() => "unset".to_owned(),
            value => value,
        };
        let _ = writeln!(page, "  {} [{value}]  {}", knob.name, knob.variable());
        let _ = writeln!(page, "      {}", knob.doc);
    }
    page.push_str(
        "  [[auth.issuer]]  in the file only; one table per identity provider\n      \
        name (its iss), jwks_file (its public keys), audience [unset], algorithms [\"EdDSA\", \"ES256\", \"RS256\"]\n",
    );
    page.push_str(
        "\nExit codes: 0 done, 1 a check failed or something was refused, 2 usage, 70 a bug, 74 input or output, 78 configuration.",
    );
    page
}
