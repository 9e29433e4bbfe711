//! A state's facts as bytes, the same for the same state on every node. A field that is added to a
//! type listed here does not compile until it is named here too; [`super::FOLD`] is raised then.
//!
//! Numbers are LEB128; lists and maps are a count and what it counts, in order; a choice is a number.

use std::collections::BTreeMap;
use std::str::FromStr;

use wardroom_protocol::ids::{LogName, Mid, Position, PrincipalId, RoomId, TopicId};

use crate::domain::access::{Access, JoinPolicy, Posting, RoomRole, Standing};
use crate::domain::mailbox::Read;
use crate::domain::topic::Topics;
use crate::domain::{Author, Class, Identity, Lane, Line, Machine, Mailbox, Ordinals, Room, Topic};
use crate::log::{Cut, Cutter};

/// What can be put into bytes and cut out of them again.
pub(super) trait Fact: Sized {
    fn put(&self, out: &mut Vec<u8>);
    fn cut(from: &mut Cutter<'_>) -> Result<Self, Cut>;
}

impl Fact for u64 {
    fn put(&self, out: &mut Vec<u8>) {
        let mut left = *self;
        while left >= 0x80 {
            out.push(left.to_le_bytes()[0] | 0x80);
            left >>= 7;
        }
        out.push(left.to_le_bytes()[0]);
    }

    fn cut(from: &mut Cutter<'_>) -> Result<Self, Cut> {
        let mut value = 0;
        for shift in (0..Self::BITS).step_by(7) {
            let byte = from.u8()?;
            let bits = Self::from(byte & 0x7f);
            // Nothing is shifted out at the top: there is one way only to write a number.
            if bits.leading_zeros() < shift {
                return Err(Cut);
            }
            value |= bits << shift;
            if byte < 0x80 {
                return if byte == 0 && shift > 0 { Err(Cut) } else { Ok(value) };
            }
        }
        Err(Cut)
    }
}

impl Fact for bool {
    fn put(&self, out: &mut Vec<u8>) {
        u64::from(*self).put(out);
    }

    fn cut(from: &mut Cutter<'_>) -> Result<Self, Cut> {
        match u64::cut(from)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Cut),
        }
    }
}

fn put_count(count: usize, out: &mut Vec<u8>) {
    (count as u64).put(out);
}

/// A count of things that take a byte each at least.
fn cut_count(from: &mut Cutter<'_>) -> Result<usize, Cut> {
    let count = usize::try_from(u64::cut(from)?).map_err(|_| Cut)?;
    if count > from.rest().len() { Err(Cut) } else { Ok(count) }
}

impl<T: Fact> Fact for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }

    fn cut(from: &mut Cutter<'_>) -> Result<Self, Cut> {
        if bool::cut(from)? { T::cut(from).map(Some) } else { Ok(None) }
    }
}

impl<T: Fact> Fact for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        put_count(self.len(), out);
        for item in self {
            item.put(out);
        }
    }

    fn cut(from: &mut Cutter<'_>) -> Result<Self, Cut> {
        (0..cut_count(from)?).map(|_| T::cut(from)).collect()
    }
}

impl<K: Fact + Ord, V: Fact> Fact for BTreeMap<K, V> {
    fn put(&self, out: &mut Vec<u8>) {
        put_count(self.len(), out);
        for (key, value) in self {
            key.put(out);
            value.put(out);
        }
    }

    fn cut(from: &mut Cutter<'_>) -> Result<Self, Cut> {
        (0..cut_count(from)?).map(|_| Ok((K::cut(from)?, V::cut(from)?))).collect()
    }
}

impl<A: Fact, B: Fact> Fact for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }

    fn cut(from: &mut Cutter<'_>) -> Result<Self, Cut> {
        Ok((A::cut(from)?, B::cut(from)?))
    }
}

fn put_text(text: &str, out: &mut Vec<u8>) {
    put_count(text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

fn cut_text<T: FromStr>(from: &mut Cutter<'_>) -> Result<T, Cut> {
    let len = cut_count(from)?;
    let text = std::str::from_utf8(from.take(len)?).map_err(|_| Cut)?;
    text.parse().map_err(|_| Cut)
}

macro_rules! texts {
    ($($type:ty),* $(,)?) => {$(
        impl Fact for $type {
            fn put(&self, out: &mut Vec<u8>) {
                put_text(self.as_str(), out);
            }

            fn cut(from: &mut Cutter<'_>) -> Result<Self, Cut> {
                cut_text(from)
            }
        }
    )*};
}

texts!(RoomId, LogName, PrincipalId);

impl Fact for Machine {
    fn put(&self, out: &mut Vec<u8>) {
        put_text(self, out);
    }

    fn cut(from: &mut Cutter<'_>) -> Result<Self, Cut> {
        cut_text::<String>(from).map(String::into_boxed_str)
    }
}

impl Fact for Mid {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }

    fn cut(from: &mut Cutter<'_>) -> Result<Self, Cut> {
        Self::from_bytes(from.array()?).map_err(|_| Cut)
    }
}

impl Fact for TopicId {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }

    fn cut(from: &mut Cutter<'_>) -> Result<Self, Cut> {
        from.array().map(Self::from_bytes)
    }
}

/// As its steps, and the seq of its head.
impl Fact for Line {
    fn put(&self, out: &mut Vec<u8>) {
        self.steps().to_vec().put(out);
        self.head().seq.put(out);
    }

    fn cut(from: &mut Cutter<'_>) -> Result<Self, Cut> {
        let (steps, head) = (Vec::<(u64, u64)>::cut(from)?, u64::cut(from)?);
        let mut line = Self::default();
        for (epoch, base) in steps {
            line.advance(Position::new(epoch, base.checked_add(1).ok_or(Cut)?));
        }
        if line.head() != Position::ZERO {
            line.advance(Position::new(line.head().epoch, head));
        }
        Ok(line)
    }
}

/// The seqs that do not count, each as its distance from the one before: a byte, mostly.
impl Fact for Ordinals {
    fn put(&self, out: &mut Vec<u8>) {
        self.n().put(out);
        put_count(self.uncounted().len(), out);
        let mut before = 0;
        for seq in self.uncounted() {
            (seq - before).put(out);
            before = *seq;
        }
    }

    fn cut(from: &mut Cutter<'_>) -> Result<Self, Cut> {
        let n = u64::cut(from)?;
        let mut before = 0_u64;
        let uncounted = (0..cut_count(from)?).map(|_| {
            let distance = u64::cut(from)?;
            before = before.checked_add(distance).filter(|_| distance > 0).ok_or(Cut)?;
            Ok(before)
        });
        Ok(Self::resume(n, uncounted.collect::<Result<_, Cut>>()?))
    }
}

impl Fact for Standing {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Member(role) => Some(*role),
            Self::Banned => None,
        }
        .put(out);
    }

    fn cut(from: &mut Cutter<'_>) -> Result<Self, Cut> {
        Ok(Option::<RoomRole>::cut(from)?.map_or(Self::Banned, Self::Member))
    }
}

macro_rules! choices {
    ($($type:ident { $($choice:ident = $number:literal),* })*) => {$(
        impl Fact for $type {
            fn put(&self, out: &mut Vec<u8>) {
                out.push(match self { $(Self::$choice => $number),* });
            }

            fn cut(from: &mut Cutter<'_>) -> Result<Self, Cut> {
                match from.u8()? {
                    $($number => Ok(Self::$choice),)*
                    _ => Err(Cut),
                }
            }
        }
    )*};
}

choices! {
    Class { Discussion = 0, Case = 1, Direct = 2, Mixed = 3 }
    JoinPolicy { Open = 0, Knock = 1, Invite = 2 }
    Posting { Free = 0, Held = 1 }
    RoomRole { Member = 0, Moderator = 1, Owner = 2 }
}

macro_rules! records {
    ($($type:ident { $($field:ident),* })*) => {$(
        impl Fact for $type {
            fn put(&self, out: &mut Vec<u8>) {
                let Self { $($field),* } = self;
                $($field.put(out);)*
            }

            fn cut(from: &mut Cutter<'_>) -> Result<Self, Cut> {
                Ok(Self { $($field: Fact::cut(from)?),* })
            }
        }
    )*};
}

records! {
    Room { line, ordinals, at, specialty, access, topics, pins, authors, control }
    Access { class, join, posting, archived, people }
    Topics { all, order, aliases, moved }
    Topic { began, first, last, messages, by, resolved, merged_into }
    Author { first, last, messages }
    Lane { line, ordinals, at }
    Mailbox { line, ordinals, at, read }
    Read { ranges, at }
    Identity { line, at, principals }
}
