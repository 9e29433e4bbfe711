//! People as `~identity` knows them. An id is minted at the first hello of an (issuer, subject);
//! the subject is words there and appears nowhere else.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::RwLock;
use wardroom_protocol::identity::{PrincipalWords, Profile};
use wardroom_protocol::ids::{LogName, PrincipalId};
use wardroom_protocol::limits;

use super::Claims;
use crate::domain::Command;
use crate::domain::access::{Principal, Role};
use crate::entry::RECORD_VERSION;
use crate::guard::{self, Rule};
use crate::room::{Denied, Standing, Submission, Worded};
use crate::seal::{Binding, Keyring};

/// Somebody who said hello.
#[derive(Clone, Debug)]
pub struct Known {
    /// As the domain sees them.
    pub principal: Arc<Principal>,
    /// As others see them.
    pub card: Profile,
}

/// Who has been here.
pub struct Principals {
    identity: Standing,
    keys: Arc<Keyring>,
    /// Registered, as far as this process has seen. A miss costs one idempotent proposal.
    seen: RwLock<BTreeSet<PrincipalId>>,
}

struct Registration<'a>(&'a PrincipalWords);

impl guard::Worded for Registration<'_> {
    fn words(&self, show: &mut dyn FnMut(&'static str, Rule, &str)) {
        show("/d/token", Rule::Name(limits::NAME_CHARS), &self.0.sub);
        show("/d/token", Rule::Name(limits::NAME_CHARS), &self.0.issuer);
        let Profile { name, profession, specialties, level: _, org } = &self.0.card;
        for text in [name].into_iter().chain(profession).chain(specialties).chain(org) {
            show("/d/token", Rule::Name(limits::NAME_CHARS), text);
        }
    }
}

/// Why somebody was not admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotAdmitted {
    /// A name in the token is not one.
    Name(guard::Finding),
    /// Their registration was not written.
    Denied(Denied),
}

impl Principals {
    /// People, kept in `~identity`.
    #[must_use]
    pub fn new(identity: Standing, keys: Arc<Keyring>) -> Self {
        Self { identity, keys, seen: RwLock::default() }
    }

    /// The principal that a verified token names, registered if they are new.
    pub async fn admit(&self, claims: &Claims) -> Result<Known, NotAdmitted> {
        let id = self.keys.principal_id(&claims.iss, &claims.sub);
        let card = Profile {
            name: claims.name.clone(),
            profession: claims.profession.clone(),
            specialties: claims.specialties.clone(),
            level: claims.level,
            org: claims.org.clone(),
        };
        let words = PrincipalWords {
            issuer: claims.iss.clone(),
            sub: claims.sub.clone(),
            card: card.clone(),
        };
        // Cards go into every entry, so their names are screened at each hello.
        let screened = guard::screen(Registration(&words)).map_err(NotAdmitted::Name)?;
        let roles = claims.roles.iter().filter_map(|name| Role::parse(name)).collect();
        let principal = Arc::new(Principal { id: id.clone(), roles });
        if !self.seen.read().contains(&id) {
            let mid = self.keys.registration_mid(&claims.iss, &claims.sub);
            let log = LogName::identity();
            let submission = screened.map(|Registration(words)| {
                let open = serde_json::to_vec(words).expect("words have string keys and no floats");
                let binding = Binding { log: &log, mid: &mid, by: &id, version: RECORD_VERSION };
                Submission {
                    principal: Arc::clone(&principal),
                    mid,
                    command: Command::RegisterPrincipal { principal: id.clone() },
                    // The card may have changed since the first hello; the act is the same.
                    submit: self.keys.submit_hash(&log, "principal.registered", mid.as_bytes()),
                    words: Some(Worded {
                        sealed: self.keys.seal(binding, &open),
                        log: log.clone(),
                        open: open.into(),
                        name: None,
                    }),
                }
            });
            self.identity.write(submission).await.map_err(NotAdmitted::Denied)?;
            self.seen.write().insert(id);
        }
        Ok(Known { principal, card })
    }
}
