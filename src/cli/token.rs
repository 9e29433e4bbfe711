//! `wardroom token`: a token signed with the node's development key, alone on stdout.

use std::time::{SystemTime, UNIX_EPOCH};

use wardroom::identity::{Claims, DevKey};

use super::failure::{Exit, Failure};
use super::flags::DataFlags;
use super::print::print_lines;
use super::span;

/// The longest a development token may live, seconds.
const LONGEST: u64 = 30 * 86_400;

#[derive(Debug, clap::Args)]
pub(crate) struct Flags {
    /// The person's id, as an identity provider would give it
    #[arg(long, value_name = "ID", value_parser = text)]
    sub: String,
    /// The name others see
    #[arg(long, value_parser = text)]
    name: String,
    /// The profession, e.g. physician
    #[arg(long, value_parser = text)]
    profession: Option<String>,
    /// A specialty, e.g. cardiology; several by repeating the flag or by commas
    #[arg(long = "specialty", value_name = "SPECIALTY", value_delimiter = ',', value_parser = text)]
    specialties: Vec<String>,
    /// How far the identity is verified; 0 is a name that nobody checked
    #[arg(long, default_value_t = 0)]
    level: u8,
    /// A role: moderator, import; several by repeating the flag or by commas
    #[arg(long = "role", value_name = "ROLE", value_delimiter = ',', value_parser = text)]
    roles: Vec<String>,
    /// The organisation
    #[arg(long, value_parser = text)]
    org: Option<String>,
    /// How long it lives: 30m, 12h, 7d; at most 30d
    #[arg(long, default_value = "1h", value_parser = lifetime)]
    ttl: u64,
    #[command(flatten)]
    data: DataFlags,
}

fn lifetime(text: &str) -> Result<u64, String> {
    match span::seconds(text)? {
        0 => Err("a token lives for at least a second".to_owned()),
        seconds if seconds > LONGEST => Err("a development token lives for 30d at most".to_owned()),
        seconds => Ok(seconds),
    }
}

/// What every text in a token must be: the verifier would refuse it otherwise.
fn text(text: &str) -> Result<String, String> {
    match text.len() {
        0 => Err("it is empty".to_owned()),
        1..=256 => Ok(text.to_owned()),
        _ => Err("it is longer than 256 bytes".to_owned()),
    }
}

pub(crate) fn run(flags: &Flags) -> Result<(), Failure> {
    let config = flags.data.load()?.config;
    if !config.auth.development {
        return Err(Failure::new(
            Exit::Refused,
            "tokens of the development key do not count here (auth.development = false); get one from the identity provider",
        ));
    }
    let iat = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_err(|_| Failure::new(Exit::Io, "this machine's clock stands before 1970; set it"))?
        .as_secs();
    let key = DevKey::open_or_create(&config.data.join("keys"))?;
    let token = key.sign(&Claims {
        iss: config.auth.development_issuer,
        sub: flags.sub.clone(),
        name: flags.name.clone(),
        profession: flags.profession.clone(),
        specialties: flags.specialties.clone(),
        level: flags.level,
        roles: flags.roles.clone(),
        org: flags.org.clone(),
        iat,
        exp: iat + flags.ttl,
    });
    print_lines(&token)
}
