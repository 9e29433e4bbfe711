//! A moderator who erases messages.

use wardroom_protocol::ids::Mid;
use wardroom_protocol::message::{Redact, Written};

use super::Ground;
use crate::failure::Failure;
use crate::link::Link;
use crate::random::Random;

/// Erases the words of a random message of a room. Whether there was one.
pub async fn erase_one(
    ground: &Ground,
    link: &mut Link,
    desk: usize,
    random: &mut Random,
) -> Result<bool, Failure> {
    let desk = &ground.desks[desk];
    let Some(of) = ground.oracle.borrow().some_post(desk.index, random) else {
        return Ok(false);
    };
    let mid = Mid::fresh();
    ground.oracle.borrow_mut().erases(desk.index, mid, of);
    let reason = "a load test".to_owned();
    let redact = Redact { room: desk.log.clone(), mid, of, reason };
    let written: Written = link.ask("message.redact", &redact).await?;
    let mut oracle = ground.oracle.borrow_mut();
    oracle.acknowledged(mid, written.position, written.duplicate);
    oracle.erased(of);
    Ok(true)
}
