//! A bot that answers "hello" in a room: `hello_bot cardiology`, with `WARDROOM_URL` and
//! `WARDROOM_TOKEN` set.

use wardroom_client::{Client, Draft, Event, From, Result};

#[tokio::main]
async fn main() -> Result<()> {
    let name = std::env::args().nth(1).unwrap_or("cardiology".into());
    let bot = Client::from_env()?.connect().await?;
    let mut room = bot.join(&name, From::Now).await?;
    while let Some(event) = room.next().await {
        let Event::Posted(post) = event else { continue };
        let greeted = post.body().is_some_and(|body| body.trim().eq_ignore_ascii_case("hello"));
        if greeted && post.entry.by != *bot.id() {
            let text = format!("Hello, {}.", post.author().unwrap_or("colleague"));
            let mut answer = room.post(Draft::answer(&post, text));
            // Held, it waits for a moderator, and the bot goes on.
            if !answer.held().await {
                answer.await?;
            }
        }
    }
    Ok(())
}
