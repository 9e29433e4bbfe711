//! Rooms in which nobody says anything, and connections joined there: what every node has most of.

use std::rc::Rc;

use super::{Outcome, Run};
use crate::failure::Failure;
use crate::meter::as_f64;
use crate::target::Target;
use crate::traffic::{Pace, Plan, Traffic};

pub(super) struct Crowd(Traffic);

impl Crowd {
    /// Founds the silent rooms and joins their members; `None` if there are to be none.
    pub(super) async fn gather(target: &Rc<Target>, run: &Run) -> Result<Option<Self>, Failure> {
        let silence = run.silence;
        if silence.rooms == 0 {
            return Ok(None);
        }
        let plan = Plan {
            rooms: silence.rooms,
            members: silence.members,
            pace: Pace::InFlight(1),
            bytes: run.plan.bytes,
        };
        Ok(Some(Self(Traffic::prepare(Rc::clone(target), plan).await?)))
    }

    /// Everybody must still be there, and must have heard nothing that was not said.
    pub(super) async fn dismiss(self, outcome: &mut Outcome) -> Result<(), Failure> {
        outcome.figure("idle_connections", as_f64(self.0.members.len() as u64), "connections");
        let (mut faults, _) = self.0.verdict().await?;
        // First: they are few in kind, and would not be told behind many of the load.
        faults.merge(std::mem::take(&mut outcome.faults));
        outcome.faults = faults;
        Ok(())
    }
}
