//! A member: reads its room and hands every frame to the oracle.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use wardroom_protocol::join::From;

use super::Ground;
use crate::failure::Failure;
use crate::frame;
use crate::link::Link;
use crate::oracle::Reader;
use crate::target::Target;

/// Whether a member's receipts count for latency and for the closed window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// There from the start to the end.
    Counted,
    /// Comes and goes: judged by the oracle, and counted as deliveries only.
    Guest,
}

/// Somebody who reads.
#[derive(Debug)]
pub struct Member {
    /// Its room.
    pub desk: usize,
    /// Its number, which chooses its token.
    pub number: usize,
    /// Its place.
    pub reader: RefCell<Reader>,
    part: Part,
}

impl Member {
    /// Connects and joins.
    pub async fn join(
        target: &Target,
        ground: &Ground,
        desk: usize,
        number: usize,
        from: From,
        part: Part,
    ) -> Result<(Rc<Self>, Link), Failure> {
        let (mut link, _) = Link::open(&target.address, target.member(number), None).await?;
        let room = &ground.desks[desk];
        let seam = link.join(&room.log, from).await?;
        if !seam.recovered {
            let about = || format!("a join from {from:?} was not served whole");
            ground.oracle.borrow_mut().admitted_gap(about);
        }
        let reader = RefCell::new(Reader::new(room.index, seam.after));
        Ok((Rc::new(Self { desk, number, reader, part }), link))
    }

    /// Connects again and resumes where it was.
    pub async fn resume(&self, target: &Target, ground: &Ground) -> Result<Link, Failure> {
        let held = self.reader.borrow().position();
        let room = &ground.desks[self.desk].log;
        let token = target.member(self.number);
        let (link, seam) = Link::open(&target.address, token, Some((room, held))).await?;
        if !seam.is_some_and(|seam| seam.recovered && seam.after == held) {
            let about = || format!("a resume from {held} was not served whole");
            ground.oracle.borrow_mut().admitted_gap(about);
        }
        Ok(link)
    }

    /// Whether it has everything that anybody knows of.
    #[must_use]
    pub fn has_all(&self, ground: &Ground) -> bool {
        let reader = self.reader.borrow();
        reader.position().seq >= ground.oracle.borrow().head(reader.room())
    }

    /// Takes in a frame: an entry goes to the oracle and into the figures.
    pub fn take(&self, ground: &Ground, text: &str) {
        if frame::head(text).is_none() {
            if text.starts_with(r#"{"op":"gap""#) {
                let about = || "the server admitted a gap".to_owned();
                ground.oracle.borrow_mut().admitted_gap(about);
            }
            return;
        }
        let now = Instant::now();
        let mid = ground.oracle.borrow_mut().delivered(&mut self.reader.borrow_mut(), text);
        let mut meter = ground.meter.borrow_mut();
        meter.total.delivered += 1;
        let Some(mid) = mid.filter(|_| self.part == Part::Counted) else {
            return;
        };
        let mut flights = ground.flights.borrow_mut();
        let Some(flight) = flights.get_mut(&mid) else {
            return;
        };
        meter.record(|it| &mut it.delivered, now.duration_since(flight.intended));
        meter.record(|it| &mut it.service, now.duration_since(flight.sent));
        flight.receipts += 1;
        let desk = flight.desk;
        let complete = flight.acked && flight.receipts >= ground.desks[desk].members.get();
        drop((flights, meter));
        if complete {
            ground.complete(mid, desk);
        }
    }
}

/// Reads until the connection ends.
pub(super) async fn read(ground: Rc<Ground>, member: Rc<Member>, mut link: Link) {
    loop {
        let taken = link.receive("reading", |text| member.take(&ground, text)).await;
        if let Err(failure) = taken {
            ground.note_end(&failure);
            return;
        }
    }
}

/// How late this thread's timers fire: what a busy generator adds to every latency it reports.
pub(super) async fn watch_timers(ground: Rc<Ground>) {
    const BEAT: Duration = Duration::from_millis(10);
    loop {
        let due = Instant::now() + BEAT;
        tokio::time::sleep_until(due.into()).await;
        ground.meter.borrow_mut().record(|it| &mut it.lag, due.elapsed());
    }
}
