//! Who is in a room, as a client knows it: an answer to `presence`, kept true by the signals after it.
//!
//! A synchronous state machine. It asks for nothing; it says when its owner should.

use std::collections::BTreeMap;

use wardroom_protocol::identity::Profile;
use wardroom_protocol::ids::PrincipalId;
use wardroom_protocol::presence::{PresenceSignal, Present};

/// Who is in a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    rev: u64,
    online: u64,
    people: Option<BTreeMap<PrincipalId, Profile>>,
}

/// What a signal did to a roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It says what the roster holds already.
    Old,
    /// The roster is as true as before.
    Taken,
    /// The number is true; the people are not known any more. If they are shown and the number is 200
    /// or less, ask again: after a random moment of up to 3 seconds, and at most once in 5.
    AskAgain,
}

impl Roster {
    /// Begins with the first page of an answer.
    #[must_use]
    pub fn new(first: Present) -> Self {
        let mut roster = Self { rev: first.rev, online: first.online, people: None };
        roster.people = first
            .people
            .map(|people| people.into_iter().map(|person| (person.id, person.card)).collect());
        roster
    }

    /// Adds a further page. Signals may have been heard between the pages.
    pub fn add(&mut self, page: Present) {
        match (&mut self.people, page.people) {
            (Some(known), Some(people)) => {
                known.extend(people.into_iter().map(|person| (person.id, person.card)));
            }
            _ => self.people = None,
        }
    }

    /// Takes a signal.
    pub fn hear(&mut self, signal: &PresenceSignal) -> Heard {
        if signal.rev <= self.rev {
            return Heard::Old;
        }
        let next = signal.rev == self.rev + 1;
        (self.rev, self.online) = (signal.rev, signal.online);
        match &mut self.people {
            Some(people) if next && !(signal.joined.is_empty() && signal.left.is_empty()) => {
                for who in &signal.left {
                    people.remove(who);
                }
                people.extend(signal.joined.iter().map(|it| (it.id.clone(), it.card.clone())));
                Heard::Taken
            }
            people => {
                *people = None;
                Heard::AskAgain
            }
        }
    }

    /// How many people are in the room.
    #[must_use]
    pub fn online(&self) -> u64 {
        self.online
    }

    /// Who they are, by id; `None`: too many to be named, or a signal was lost.
    #[must_use]
    pub fn people(&self) -> Option<&BTreeMap<PrincipalId, Profile>> {
        self.people.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use wardroom_protocol::presence::Person;

    use super::*;

    fn person(id: &str) -> Person {
        let card = Profile { name: format!("Synthetic {id}"), ..Profile::default() };
        Person { id: id.parse().expect("an id"), card }
    }

    fn page(rev: u64, ids: &[&str]) -> Present {
        let people = ids.iter().copied().map(person).collect();
        Present { rev, online: ids.len() as u64, people: Some(people), next: None }
    }

    fn signal(rev: u64, online: u64, joined: &[&str], left: &[&str]) -> PresenceSignal {
        PresenceSignal {
            rev,
            online,
            joined: joined.iter().copied().map(person).collect(),
            left: left.iter().map(|id| id.parse().expect("an id")).collect(),
        }
    }

    fn ids(roster: &Roster) -> Option<Vec<&str>> {
        roster.people().map(|people| people.keys().map(PrincipalId::as_str).collect())
    }

    #[test]
    fn the_next_signal_changes_it_and_an_old_one_does_not() {
        let mut roster = Roster::new(page(7, &["a", "b"]));
        assert_eq!(roster.hear(&signal(7, 9, &["x"], &[])), Heard::Old);
        assert_eq!(roster.hear(&signal(8, 2, &["c"], &["a"])), Heard::Taken);
        assert_eq!((roster.online(), ids(&roster)), (2, Some(vec!["b", "c"])));
        // The answer held what the signal tells: nothing changes.
        assert_eq!(roster.hear(&signal(9, 2, &["c"], &["z"])), Heard::Taken);
        assert_eq!(ids(&roster), Some(vec!["b", "c"]));
    }

    #[test]
    fn a_lost_signal_or_a_crowd_leaves_the_number_only() {
        let mut roster = Roster::new(page(7, &["a"]));
        assert_eq!(roster.hear(&signal(9, 3, &["c"], &[])), Heard::AskAgain);
        assert_eq!((roster.online(), ids(&roster)), (3, None));
        assert_eq!(roster.hear(&signal(10, 4, &["d"], &[])), Heard::AskAgain, "until it is asked");
        let mut roster = Roster::new(page(7, &["a"]));
        assert_eq!(roster.hear(&signal(8, 201, &[], &[])), Heard::AskAgain);
        assert_eq!((roster.online(), ids(&roster)), (201, None));
    }

    #[test]
    fn pages_add_up_with_signals_between_them() {
        let mut roster = Roster::new(page(7, &["a", "b"]));
        assert_eq!(roster.hear(&signal(8, 3, &["d"], &["a"])), Heard::Taken);
        roster.add(page(8, &["c", "d"]));
        assert_eq!(ids(&roster), Some(vec!["b", "c", "d"]));
        roster.add(Present { rev: 9, online: 300, people: None, next: None });
        assert_eq!(ids(&roster), None);
    }
}
