//! How many may be here at once. A place is taken before anything is done for a peer and given back
//! when its holder is dropped, however that comes.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use crate::config::Server;

/// Places of a node.
#[derive(Debug)]
pub struct Places {
    most_handshakes: usize,
    most_seats: usize,
    /// 0: as many as there are.
    most_per_address: usize,
    /// Whether a peer's address says who it is. Behind a proxy every peer has the proxy's, and whom that
    /// speaks for is known only once a request's headers are read.
    peers_have_addresses: bool,
    handshakes: Mutex<Handshakes>,
    seats: AtomicUsize,
    by_address: Mutex<HashMap<IpAddr, usize>>,
}

/// Places of connections that are not upgraded yet, as they are taken.
#[derive(Debug, Default)]
struct Handshakes {
    taken: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// All are taken.
    Node,
    /// This address has as many as one may have.
    Address,
}

impl Places {
    /// As many as are configured, and at most as many as this process may have descriptors.
    #[must_use]
    pub fn new(server: &Server, descriptors: usize) -> Self {
        let most_handshakes = server.max_handshakes.min(descriptors / 4).max(1);
        let most_seats = server.max_connections.min(descriptors - most_handshakes.min(descriptors));
        Self {
            most_handshakes,
            most_seats: most_seats.max(1),
            most_per_address: server.max_per_address,
            peers_have_addresses: !server.trusted_proxy,
            handshakes: Mutex::default(),
            seats: AtomicUsize::new(0),
            by_address: Mutex::default(),
        }
    }

    /// A place for a connection of this peer that is not upgraded yet. One address may hold as many as
    /// it leaves free: a hospital that comes back at once gets half of all while nobody else comes, and
    /// whoever holds places in silence, from one address or from a few, leaves some to others.
    pub(super) fn handshake(self: &Arc<Self>, peer: IpAddr) -> Result<Handshake, Full> {
        let address = self.peers_have_addresses.then(|| household(peer));
        let mut handshakes = self.handshakes.lock();
        let free = self.most_handshakes.saturating_sub(handshakes.taken);
        if free == 0 {
            return Err(Full::Node);
        }
        if let Some(address) = address {
            let held = handshakes.by_address.entry(address).or_default();
            if *held >= free {
                return Err(Full::Address);
            }
            *held += 1;
        }
        handshakes.taken += 1;
        drop(handshakes);
        Ok(Handshake { places: Arc::clone(self), address })
    }

    /// A place for a WebSocket of this address.
    pub(super) fn seat(self: &Arc<Self>, address: IpAddr) -> Result<Seat, Full> {
        if !take(&self.seats, self.most_seats) {
            return Err(Full::Node);
        }
        if self.most_per_address == 0 {
            return Ok(Seat { places: Arc::clone(self), address: None });
        }
        let address = household(address);
        let mut by_address = self.by_address.lock();
        let held = by_address.entry(address).or_default();
        if *held >= self.most_per_address {
            drop(by_address);
            self.seats.fetch_sub(1, Ordering::AcqRel);
            return Err(Full::Address);
        }
        *held += 1;
        drop(by_address);
        Ok(Seat { places: Arc::clone(self), address: Some(address) })
    }
}

fn take(places: &AtomicUsize, most: usize) -> bool {
    let one_more = |taken| (taken < most).then_some(taken + 1);
    places.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).is_ok()
}

/// What counts as one address: an IPv4 address, whichever way it is written, or the /64 of an IPv6
/// address, which is the least that one customer gets.
fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.into(),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

/// Takes one off an address's count, which goes with the last.
fn give_back(by_address: &mut HashMap<IpAddr, usize>, address: IpAddr) {
    if let Some(held) = by_address.get_mut(&address) {
        *held -= 1;
        if *held == 0 {
            by_address.remove(&address);
        }
    }
}

/// The place of a connection in its handshakes.
#[derive(Debug)]
pub(super) struct Handshake {
    places: Arc<Places>,
    /// Whose count it is on, if peers have addresses.
    address: Option<IpAddr>,
}

impl Drop for Handshake {
    fn drop(&mut self) {
        let mut handshakes = self.places.handshakes.lock();
        handshakes.taken -= 1;
        if let Some(address) = self.address {
            give_back(&mut handshakes.by_address, address);
        }
    }
}

/// The place of a WebSocket.
#[derive(Debug)]
pub(super) struct Seat {
    places: Arc<Places>,
    /// Whose count it is on, if addresses are counted.
    address: Option<IpAddr>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.places.seats.fetch_sub(1, Ordering::AcqRel);
        if let Some(address) = self.address {
            give_back(&mut self.places.by_address.lock(), address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(connections: usize, per_address: usize, handshakes: usize) -> Arc<Places> {
        let server = Server {
            max_connections: connections,
            max_per_address: per_address,
            max_handshakes: handshakes,
            ..Server::default()
        };
        Arc::new(Places::new(&server, 1_000))
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_place_is_given_back_with_its_holder() {
        let places = places(2, 0, 1);
        let first = places.handshake(address("192.0.2.1"));
        assert!(first.is_ok());
        assert_eq!(places.handshake(address("192.0.2.2")).expect_err("full"), Full::Node);
        drop(first);
        assert!(places.handshake(address("192.0.2.2")).is_ok());
        assert_eq!(places.handshakes.lock().taken, 0);
        let one = places.seat(address("::1"));
        let two = places.seat(address("::1"));
        assert!(one.is_ok() && two.is_ok());
        assert_eq!(places.seat(address("::1")).expect_err("full"), Full::Node);
        drop(one);
        assert!(places.seat(address("::1")).is_ok());
    }

    #[test]
    fn one_address_does_not_take_the_others_seats() {
        let places = places(100, 2, 10);
        let held: Vec<_> =
            (0..2).map(|_| places.seat(address("192.0.2.1")).expect("a seat")).collect();
        for same in ["192.0.2.1", "::ffff:192.0.2.1"] {
            assert_eq!(places.seat(address(same)).expect_err("full"), Full::Address);
        }
        assert!(places.seat(address("192.0.2.2")).is_ok());
        let six = ["2001:db8::1", "2001:db8::2"].map(|it| places.seat(address(it)).expect("one"));
        assert_eq!(places.seat(address("2001:db8::3")).expect_err("full"), Full::Address);
        assert!(places.seat(address("2001:db8:0:1::3")).is_ok());
        drop((held, six));
        assert!(places.by_address.lock().is_empty(), "memory follows who is here");
        assert_eq!(places.seats.load(Ordering::Acquire), 0);
    }

    #[test]
    fn an_address_holds_as_many_handshakes_as_it_leaves_free() {
        let places = places(100, 0, 100);
        let hold = |from: &str| -> Vec<_> {
            std::iter::from_fn(|| places.handshake(address(from)).ok()).take(1_000).collect()
        };
        let first = hold("192.0.2.1");
        assert_eq!(first.len(), 50, "half, while it is alone");
        assert_eq!(places.handshake(address("::ffff:192.0.2.1")).expect_err("it"), Full::Address);
        let second = (hold("2001:db8::1"), hold("2001:db8::2"));
        assert_eq!((second.0.len(), second.1.len()), (25, 0), "a /64 is one address");
        for other in ["198.51.100.1", "198.51.100.2", "198.51.100.3"] {
            assert!(places.handshake(address(other)).is_ok(), "others find a place");
        }
        drop(first);
        assert!(places.handshake(address("192.0.2.1")).is_ok());
        drop(second);
        let left = places.handshakes.lock();
        assert!(left.taken == 0 && left.by_address.is_empty(), "memory follows who is here");
    }

    #[test]
    fn a_proxy_that_is_trusted_may_have_every_handshake() {
        let server = Server { max_handshakes: 8, trusted_proxy: true, ..Server::default() };
        let places = Arc::new(Places::new(&server, 1_000));
        let proxy = address("192.0.2.1");
        let held: Vec<_> = (0..8).map(|_| places.handshake(proxy).expect("a place")).collect();
        assert_eq!(places.handshake(proxy).expect_err("full"), Full::Node);
        drop(held);
        assert!(places.handshake(proxy).is_ok());
    }

    #[test]
    fn there_are_never_more_places_than_descriptors() {
        let server = Server { max_connections: 1_000, max_handshakes: 900, ..Server::default() };
        for descriptors in [2, 3, 64, 500, 100_000] {
            let places = Places::new(&server, descriptors);
            assert!(places.most_seats + places.most_handshakes <= descriptors, "{descriptors}");
        }
        let places = Places::new(&server, 100_000);
        assert_eq!((places.most_seats, places.most_handshakes), (1_000, 900));
    }
}
