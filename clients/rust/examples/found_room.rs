//! Founds a room: `found_room cardiology "Cardiology"`, with `WARDROOM_URL` set and the role `moderator` in
//! `WARDROOM_TOKEN`.

use wardroom_client::protocol::room::{Class, CreateRoom, JoinPolicy};
use wardroom_client::{Client, Result};

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let name = args.next().unwrap_or("cardiology".into());
    let founder = Client::from_env()?.connect().await?;
    let create = CreateRoom {
        room: name.parse()?,
        mid: Client::mid(),
        title: args.next().unwrap_or(name),
        class: Class::Discussion,
        specialty: None,
        join: JoinPolicy::Open,
        with: Vec::new(),
    };
    let written = founder.create_room(create).await?;
    println!("founded at {}", written.position);
    Ok(())
}
