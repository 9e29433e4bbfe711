//! The floor: the least a chat server can do. One encoded frame per message, one bare `write` per
//! member, no log, no rules, no memory of what was said. It speaks just enough of `wardroom.v1` that
//! the same generator can load it, so its processor time per delivery is a yardstick of the same run.
//!
//! Bundling, it holds a room's frames back until as many messages are there as are in flight, and writes
//! each member all of them at once. No server can write less often, and none could wait like this: what it
//! costs then is a bound below which nothing can come.

mod socket;

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use wardroom_protocol::SOCKET_PATH;
use wardroom_protocol::envelope::Command;
use wardroom_protocol::join::Join;
use wardroom_protocol::message::Post;
use wardroom_protocol::room::CreateRoom;

use crate::failure::Failure;
use crate::options::Break;
use socket::Peer;

/// The one epoch of the floor.
const EPOCH: u64 = 1_700_000_000;

/// How long a frame is held back at most, for the last ones of a run.
const HELD: Duration = Duration::from_millis(100);

/// The message that is broken, if one is asked for.
const BROKEN: u64 = 5;

#[derive(Default)]
struct Room {
    seq: u64,
    members: Vec<Rc<Peer>>,
    /// Messages held back, and whose they are.
    held: Vec<Rc<Peer>>,
    /// A frame held back, to come too late.
    late: Vec<u8>,
}

type Rooms = Rc<RefCell<HashMap<String, Room>>>;

/// Serves until the process is ended. `bundle`: so many messages of a room in one write.
pub async fn serve(ready: &Path, broken: Option<Break>, bundle: u32) -> Result<(), Failure> {
    let listener =
        TcpListener::bind("127.0.0.1:0").await.map_err(Failure::io("listen on this machine"))?;
    let address = listener.local_addr().map_err(Failure::io("learn the own port"))?;
    let line = json!({
        "socket": format!("ws://{address}{SOCKET_PATH}"),
        "pid": std::process::id(),
    });
    let temporary = ready.with_extension("new");
    fs::write(&temporary, format!("{line}\n"))
        .and_then(|()| fs::rename(&temporary, ready))
        .map_err(Failure::io(format!("write {}", ready.display())))?;
    let rooms = Rooms::default();
    if bundle > 1 {
        tokio::task::spawn_local(release_late(Rc::clone(&rooms)));
    }
    loop {
        let (stream, _) = listener.accept().await.map_err(Failure::io("accept a connection"))?;
        tokio::task::spawn_local(one(stream, Rc::clone(&rooms), broken, bundle));
    }
}

async fn one(stream: TcpStream, rooms: Rooms, broken: Option<Break>, bundle: u32) {
    // A peer that breaks off or speaks another language is simply gone.
    let Ok(Some(peer)) = Peer::upgrade(stream).await else {
        return;
    };
    let peer = Rc::new(peer);
    let mut input = Vec::new();
    while let Ok(true) = peer.read(&mut input).await {
        while let Some(text) = socket::take_text(&mut input) {
            answer(&peer, &rooms, &text, broken, bundle);
        }
        if broken == Some(Break::Cut) && is_member(&peer, &rooms) {
            break;
        }
    }
    for room in rooms.borrow_mut().values_mut() {
        room.members.retain(|member| !Rc::ptr_eq(member, &peer));
    }
}

fn is_member(peer: &Rc<Peer>, rooms: &Rooms) -> bool {
    let joined = |room: &Room| room.members.iter().any(|member| Rc::ptr_eq(member, peer));
    rooms.borrow().values().any(joined)
}

/// Releases what waits for messages that may never come.
async fn release_late(rooms: Rooms) {
    loop {
        tokio::time::sleep(HELD).await;
        rooms.borrow_mut().values_mut().for_each(Room::release);
    }
}

impl Room {
    fn hold(&mut self, author: &Rc<Peer>, reply: &[u8], frame: &[u8], bundle: u32) {
        self.members.iter().for_each(|member| member.hold(frame));
        author.hold(reply);
        self.held.push(Rc::clone(author));
        if self.held.len() >= bundle as usize {
            self.release();
        }
    }

    fn release(&mut self) {
        if self.held.is_empty() {
            return;
        }
        self.members.iter().for_each(|member| member.release());
        self.held.drain(..).for_each(|author| author.release());
    }
}

fn answer(peer: &Rc<Peer>, rooms: &Rooms, text: &str, broken: Option<Break>, bundle: u32) {
    let Ok(command) = Command::decode(text) else {
        return;
    };
    let Some(id) = command.id else {
        return;
    };
    let mut rooms = rooms.borrow_mut();
    let ok = match command.op.as_ref() {
        "hello" => json!({}),
        "room.create" => {
            let Ok(create) = command.body::<CreateRoom>() else {
                return;
            };
            rooms.entry(create.room.to_string()).or_default().seq = 0;
            written(0)
        }
        "join" => {
            let Ok(join) = command.body::<Join>() else {
                return;
            };
            let room = rooms.entry(join.room.to_string()).or_default();
            let at = json!({ "epoch": EPOCH, "seq": room.seq });
            let ok = json!({ "position": at, "after": at, "recovered": true });
            reply(peer, id, &ok);
            room.members.push(Rc::clone(peer));
            return;
        }
        "message.post" => {
            let Ok(post) = command.body::<Post>() else {
                return;
            };
            let room = rooms.entry(post.room.to_string()).or_default();
            room.seq += 1;
            let frame = entry(room.seq, &post);
            if bundle > 1 {
                return room.hold(peer, &answer_frame(id, &written(room.seq)), &frame, bundle);
            }
            match (broken, room.members.split_first()) {
                (Some(broken), Some((first, others))) => {
                    for member in others {
                        member.write(&frame);
                    }
                    write_broken(first, room.seq, &post, broken, &mut room.late);
                }
                _ => room.members.iter().for_each(|member| member.write(&frame)),
            }
            written(room.seq)
        }
        _ => return,
    };
    reply(peer, id, &ok);
}

/// What the first member gets of a floor that breaks a promise.
fn write_broken(member: &Peer, seq: u64, post: &Post, broken: Break, late: &mut Vec<u8>) {
    let frame = entry(seq, post);
    match broken {
        Break::Drop if seq == BROKEN => {}
        Break::Double if seq == BROKEN => {
            member.write(&frame);
            member.write(&frame);
        }
        Break::Swap if seq == BROKEN => *late = frame,
        Break::Swap if seq == BROKEN + 1 => {
            member.write(&frame);
            member.write(late);
        }
        Break::Alter if seq == BROKEN => {
            let other = Post { body: "something else".to_owned(), ..post.clone() };
            member.write(&entry(seq, &other));
        }
        _ => member.write(&frame),
    }
}

fn written(seq: u64) -> serde_json::Value {
    json!({ "position": { "epoch": EPOCH, "seq": seq }, "at": 0 })
}

fn reply(peer: &Peer, id: u64, ok: &serde_json::Value) {
    peer.write(&answer_frame(id, ok));
}

fn answer_frame(id: u64, ok: &serde_json::Value) -> Vec<u8> {
    socket::text_frame(&json!({ "id": id, "ok": ok }).to_string())
}

/// An entry as large as a real one.
fn entry(seq: u64, post: &Post) -> Vec<u8> {
    let (room, mid) = (&post.room, &post.mid);
    let words =
        json!({ "card": { "name": "Load Tester" }, "topic": post.topic, "body": post.body });
    socket::text_frame(&format!(
        r#"{{"room":"{room}","epoch":{EPOCH},"seq":{seq},"n":{seq},"at":1700000000000,"by":{{"id":"aaaaaaaaaaaaaaaaaaaaaaaaaa"}},"op":"message.posted","mid":"{mid}","d":{{"topic":"aaaaaaaaaaaaaaaaaaaaaaaaaa","kind":"message"}},"w":{words}}}"#
    ))
}
