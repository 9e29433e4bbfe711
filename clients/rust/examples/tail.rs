//! Prints a room: `tail cardiology [start]`, with `WARDROOM_URL` and `WARDROOM_TOKEN` set. It shows
//! the last twenty messages, or the whole room, and then what is said from now on.

use wardroom_client::{Client, Event, From, Result};

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let name = args.next().unwrap_or("cardiology".into());
    let from = match args.next().as_deref() {
        Some("start") => From::Start,
        _ => From::Last(20),
    };
    let client = Client::from_env()?.name("tail", "1").connect().await?;
    let mut room = client.join(&name, from).await?;
    while let Some(event) = room.next().await {
        match event {
            Event::Posted(post) => match &post.words {
                Some(words) => println!(
                    "{} [{}] {}: {}",
                    post.entry.position.seq, words.topic, words.card.name, words.body
                ),
                None => println!("{} (erased)", post.entry.position.seq),
            },
            Event::Redacted(it) => {
                println!("{} erased message {}", it.entry.position.seq, it.facts.seq);
            }
            Event::Gap(gap) => {
                println!("-- {} to {} are missing: {}", gap.from, gap.to, gap.reason);
            }
            Event::Rejoined(it) if !it.joined.recovered => {
                println!("-- forget everything above {}", it.joined.after.seq);
            }
            Event::CaughtUp(position) => println!("-- live from {} on", position.seq),
            Event::Ended(error) => println!("-- over: {}", error.message),
            _ => {}
        }
    }
    println!("-- {:?}", client.state());
    Ok(())
}
