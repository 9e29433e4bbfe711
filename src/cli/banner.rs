//! What a person sees when the node serves: where to go, where the data lies, how to get in.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use wardroom::config::{Config, Loaded};

/// At most this many lines; `tests/cli` counts them.
#[derive(Debug)]
pub(crate) struct Banner {
    /// How this program was called.
    program: String,
    data: PathBuf,
    ephemeral: bool,
    file: Option<PathBuf>,
    /// The file was named on the command line or in the environment, so the token verb needs it too.
    file_named: bool,
    /// What the operator must know before letting anybody in.
    caution: &'static str,
    /// Tokens of the development key count.
    development: bool,
}

impl Banner {
    /// What is known before the node serves.
    pub(crate) fn new(loaded: &Loaded, file_named: bool, program: Option<OsString>) -> Self {
        Self {
            program: program
                .map_or_else(|| "wardroom".to_owned(), |name| quoted(&name.to_string_lossy())),
            data: loaded.config.data.clone(),
            ephemeral: loaded.config.ephemeral,
            file: loaded.file.clone(),
            file_named,
            development: loaded.config.auth.development,
            caution: caution(&loaded.config),
        }
    }

    /// The lines.
    pub(crate) fn text(&self, url: &str, socket: &str, took: Duration) -> String {
        let mut page =
            format!("Wardroom {}, ready in {} ms", env!("CARGO_PKG_VERSION"), took.as_millis());
        let web = match wardroom_web::FALLBACK_REASON {
            None => url.to_owned(),
            Some(reason) => format!("{url}   plain page only: {reason}"),
        };
        let data = if self.ephemeral {
            format!(
                "{}   keys only; rooms are in memory and end with the node",
                self.data.display()
            )
        } else {
            self.data.display().to_string()
        };
        let config = self.file.as_ref().map_or_else(
            || "no file; defaults, environment and flags".to_owned(),
            |path| path.display().to_string(),
        );
        for (label, value) in [
            ("Web", web),
            ("Socket", format!("{socket}   wardroom.v1")),
            ("Data", data),
            ("Config", config),
            ("Token", self.token_command()),
        ] {
            let _ = write!(page, "\n  {label:<8}{value}");
        }
        page.push_str("\n  ");
        page.push_str(self.caution);
        page.push_str("\n  Stop    Ctrl+C (drains, then exits)");
        page
    }

    /// The exact command that makes a token for this node.
    fn token_command(&self) -> String {
        if !self.development {
            return "from the identity provider; development tokens are off".to_owned();
        }
        let mut command = format!("{} token", self.program);
        if self.data != Config::default().data {
            let _ = write!(command, " --data {}", quoted(&self.data.to_string_lossy()));
        }
        if let (true, Some(file)) = (self.file_named, &self.file) {
            let _ = write!(command, " --config {}", quoted(&file.to_string_lossy()));
        }
        command + " --sub me --name \"My Name\" --role moderator --ttl 8h"
    }
}

fn caution(config: &Config) -> &'static str {
    if config.server.tls().is_some() {
        return if config.auth.development {
            "TLS by this node. Development tokens count: the sign-in is for trying out, not for patient data."
        } else {
            "TLS by this node. kill -HUP makes it read a new certificate."
        };
    }
    match (config.server.listen.ip().is_loopback(), config.auth.development) {
        (true, true) => {
            "Bound to this machine only. Not for patient data: there is no TLS and the sign-in is for trying out."
        }
        (true, false) => "Bound to this machine only. Not for patient data: there is no TLS.",
        (false, true) => {
            "Other machines can reach this address; it relies on the proxy in front for TLS. Development tokens count."
        }
        (false, false) => {
            "Other machines can reach this address; it relies on the proxy in front for TLS."
        }
    }
}

/// Text as a shell takes it.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%=,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn what_is_shown_can_be_pasted() {
        assert_eq!(quoted("target/release/wardroom"), "target/release/wardroom");
        assert_eq!(quoted("/home/a b"), "'/home/a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
