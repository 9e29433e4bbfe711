//! `[[auth.issuer]]`: identity providers whose tokens count. One table each, in the file only: a
//! list of tables has no good form as a variable or a flag.

use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::place::{Place, Problem, nearest};

/// Keys of one table.
const KEYS: [&str; 4] = ["name", "jwks_file", "audience", "algorithms"];

/// Characters of a name: it is kept with everybody who comes from there, and bounded like names are.
const NAME_CHARS: usize = 200;

/// How an issuer may sign. There is no shared secret among them and no `none`, and never will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// Ed25519.
    EdDsa,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// RSA (PKCS #1 v1.5) with SHA-256.
    Rs256,
}

impl Algorithm {
    /// All of them: what an issuer without a list may use.
    pub const ALL: [Self; 3] = [Self::EdDsa, Self::Es256, Self::Rs256];

    /// The name in tokens, in key sets and in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// One identity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// The claim `iss` of its tokens, to the letter.
    pub name: String,
    /// The file of its public keys, a JSON Web Key Set. Relative to the working directory.
    pub jwks_file: PathBuf,
    /// What its tokens must have among their `aud`. `None`: they must have no `aud`.
    pub audience: Option<String>,
    /// How it may sign.
    pub algorithms: Vec<Algorithm>,
    /// Where the table stands.
    pub place: Place,
}

impl Issuer {
    /// The table as one would write it in `wardroom.toml`.
    #[must_use]
    pub fn show(&self) -> String {
        let names: Vec<_> = self.algorithms.iter().map(|algorithm| algorithm.name()).collect();
        let file = self.jwks_file.display().to_string();
        let audience = match &self.audience {
            Some(audience) => format!("audience = {audience:?}"),
            None => "# audience = \"…\"".to_owned(),
        };
        format!(
            "[[auth.issuer]]\nname = {:?}\njwks_file = {file:?}\n{audience}\nalgorithms = {names:?}",
            self.name
        )
    }
}

/// Reads the value of `auth.issuer`. `place` tells where a span lies in the file.
pub(super) fn read(
    value: &DeValue<'_>,
    at: Place,
    place: &dyn Fn(std::ops::Range<usize>) -> Place,
    problems: &mut Vec<Problem>,
) -> Vec<Issuer> {
    let tables = value.as_array().map(|list| {
        list.iter().map(|item| Some((item.get_ref().as_table()?, place(item.span())))).collect()
    });
    let Some(Some(tables)) = tables else {
        problems.push(Problem {
            place: at,
            what: "`auth.issuer` is a list of tables".to_owned(),
            next: "write [[auth.issuer]] on a line of its own and name, jwks_file, audience and algorithms below; the name that the development key signs for is auth.development_issuer".to_owned(),
        });
        return Vec::new();
    };
    let tables: Vec<(&DeTable<'_>, Place)> = tables;
    tables.into_iter().filter_map(|(table, at)| one(table, at, place, problems)).collect()
}

fn one(
    table: &DeTable<'_>,
    at: Place,
    place: &dyn Fn(std::ops::Range<usize>) -> Place,
    problems: &mut Vec<Problem>,
) -> Option<Issuer> {
    let before = problems.len();
    let (mut name, mut file, mut audience) = (None, None, None);
    let mut algorithms = Algorithm::ALL.to_vec();
    for (key, value) in table {
        let (key_text, text): (&str, _) = (key.get_ref(), value.get_ref().as_str());
        let text = text.filter(|text| !text.is_empty());
        let wrong = match key_text {
            "name" => {
                name = text.filter(|it| it.chars().count() <= NAME_CHARS).map(str::to_owned);
                name.is_none()
                    .then_some("the text that its tokens have as iss, 1 to 200 characters")
            }
            "jwks_file" => {
                file = text.map(|it| Path::new(it).to_path_buf());
                file.is_none().then_some("the path of its public keys, a JSON Web Key Set")
            }
            "audience" => {
                audience = text.map(str::to_owned);
                audience.is_none().then_some("the text that its tokens have in aud")
            }
            "algorithms" => {
                let listed = listed(value.get_ref());
                let wrong = listed.is_none();
                algorithms = listed.unwrap_or_default();
                wrong.then_some("a list of \"EdDSA\", \"ES256\" and \"RS256\", each at most once")
            }
            _ => {
                problems.push(unknown(place(key.span()), key_text));
                None
            }
        };
        if let Some(expected) = wrong {
            problems.push(Problem {
                place: place(value.span()),
                what: format!("wrong value for `{key_text}` in [[auth.issuer]]"),
                next: format!("give {expected}"),
            });
        }
    }
    for key in ["name", "jwks_file"] {
        if !table.iter().any(|(there, _)| there.get_ref() == key) {
            problems.push(Problem {
                place: at.clone(),
                what: format!("`{key}` is missing in [[auth.issuer]]"),
                next: format!("add a line {key} = \"…\" to this table"),
            });
        }
    }
    if problems.len() > before {
        return None;
    }
    Some(Issuer { name: name?, jwks_file: file?, audience, algorithms, place: at })
}

/// At least one, each once, none but ours.
fn listed(value: &DeValue<'_>) -> Option<Vec<Algorithm>> {
    let mut algorithms = Vec::new();
    for item in value.as_array()? {
        let algorithm = Algorithm::named(item.get_ref().as_str()?)?;
        if algorithms.contains(&algorithm) {
            return None;
        }
        algorithms.push(algorithm);
    }
    (!algorithms.is_empty()).then_some(algorithms)
}

fn unknown(place: Place, name: &str) -> Problem {
    let next = match nearest(name, KEYS.into_iter()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the keys of such a table are {}", KEYS.join(", ")),
    };
    Problem { place, what: format!("unknown key `{name}` in [[auth.issuer]]"), next }
}
