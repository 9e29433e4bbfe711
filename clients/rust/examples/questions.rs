//! Prints the questions of a room that wait for an answer, again whenever that changes: `questions
//! cardiology`, with `WARDROOM_URL` and `WARDROOM_TOKEN` set.

use wardroom_client::{Client, Event, From, Question, Result, Timeline};

#[tokio::main]
async fn main() -> Result<()> {
    let name = std::env::args().nth(1).unwrap_or("cardiology".into());
    let client = Client::from_env()?.name("questions", "1").connect().await?;
    let mut room = client.join(&name, From::Start).await?;
    let mut timeline = Timeline::new(room.log().clone());
    let (mut live, mut told) = (false, Vec::new());
    while let Some(event) = room.next().await {
        timeline.hear(&event);
        live |= matches!(event, Event::CaughtUp(_));
        // What was retracted, hidden or erased asks nothing any more.
        let open = timeline.messages().filter(|it| it.question() == Some(Question::Open));
        let open: Vec<_> = open.filter_map(|it| Some((it.topic(), it.body()?))).collect();
        let now: Vec<String> = open
            .iter()
            .map(|(topic, body)| {
                let name = timeline.topic(topic).and_then(|topic| topic.name);
                format!("[{}] {body}", name.unwrap_or("without a name"))
            })
            .collect();
        if live && now != told {
            println!("-- {} open", now.len());
            for line in &now {
                println!("{line}");
            }
            told = now;
        }
    }
    Ok(())
}
