//! One row of the file, checked before anything is sent.

use std::borrow::Cow;

use serde::Deserialize;
use wardroom_client::Draft;
use wardroom_protocol::ids::{LogName, Mid, RoomId};
use wardroom_protocol::limits::NAME_CHARS;
use wardroom_protocol::message::{MessageKind, Post};

use super::error::RowError;

/// A row as it stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text<'a> {
    #[serde(borrow)]
    room: Option<Cow<'a, str>>,
    #[serde(borrow)]
    topic: Option<Cow<'a, str>>,
    #[serde(borrow)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    author: Option<Cow<'a, str>>,
    #[serde(borrow)]
    mid: Option<Cow<'a, str>>,
    #[serde(borrow)]
    reply_to: Option<Cow<'a, str>>,
    #[serde(borrow)]
    body: Option<Cow<'a, str>>,
}

/// Where a row goes that names no topic: every message needs one, and sources have rows without.
pub(super) const NO_TOPIC: &str = "General";

/// A row that can be sent.
pub(super) struct Row {
    pub(super) room: RoomId,
    /// Whether it named no topic and goes under [`NO_TOPIC`].
    pub(super) untitled: bool,
    draft: Draft,
}

impl Row {
    /// Checks a line.
    pub(super) fn parse(line: &str) -> Result<Self, RowError> {
        let text: Text<'_> =
            serde_json::from_str(line).map_err(|error| match error.classify() {
                serde_json::error::Category::Data => RowError::Shape(error.column()),
                _ => RowError::NotJson(error.column()),
            })?;
        let room = parsed("room", text.room, "1 to 64 of a-z, 0-9 and '-'")?;
        let topic = text.topic.ok_or(RowError::Missing("topic"))?;
        let untitled = topic.trim().is_empty();
        let topic = name("topic", Some(if untitled { NO_TOPIC.into() } else { topic }))?;
        let author = name("author", text.author)?;
        let kind = kind(&text.kind.ok_or(RowError::Missing("kind"))?)?;
        let mid = parsed("mid", text.mid, MID_RULE)?;
        let mut draft = Draft::new(topic, text.body.ok_or(RowError::Missing("body"))?)
            .kind(kind)
            .mid(mid)
            .origin(author);
        if text.reply_to.is_some() {
            draft = draft.reply_to(parsed::<Mid>("reply_to", text.reply_to, MID_RULE)?);
        }
        Ok(Self { room, untitled, draft })
    }

    /// The command that posts it.
    pub(super) fn into_post(self) -> Post {
        let log: LogName = self.room.log();
        self.draft.into_post(log)
    }
}

const MID_RULE: &str = "a UUID in its hyphenated form, and not nil";

fn parsed<T: std::str::FromStr>(
    field: &'static str,
    text: Option<Cow<'_, str>>,
    rule: &'static str,
) -> Result<T, RowError> {
    let text = text.ok_or(RowError::Missing(field))?;
    text.parse().map_err(|_| RowError::Field { field, rule })
}

fn name(field: &'static str, text: Option<Cow<'_, str>>) -> Result<String, RowError> {
    let text = text.ok_or(RowError::Missing(field))?;
    let rule = if text.trim().is_empty() {
        "must not be empty"
    } else if text.chars().count() > NAME_CHARS {
        "at most 200 characters"
    } else {
        return Ok(text.into_owned());
    };
    Err(RowError::Field { field, rule })
}

fn kind(text: &str) -> Result<MessageKind, RowError> {
    Ok(match text {
        "message" => MessageKind::Message,
        "question" => MessageKind::Question,
        "answer" => MessageKind::Answer,
        "announcement" => MessageKind::Announcement,
        _ => {
            return Err(RowError::Field {
                field: "kind",
                rule: "message, question, answer or announcement",
            });
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MID: &str = "01941f29-7c00-7fc5-9aec-c9f1a92468c8";

    fn row(change: impl Fn(&mut serde_json::Value)) -> String {
        let mut row = serde_json::json!({
            "room": "cardiology", "topic": "Rounds", "kind": "question", "author": "Sam Example",
            "mid": MID, "body": "A synthetic question",
        });
        change(&mut row);
        row.to_string()
    }

    fn error(line: &str) -> String {
        match Row::parse(line) {
            Ok(_) => panic!("this row must be refused"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_good_row_becomes_an_attributed_post() {
        let line = row(|row| row["reply_to"] = MID.into());
        let post = Row::parse(&line).unwrap_or_else(|error| panic!("{error}"));
        let post = post.into_post();
        assert_eq!(post.room.as_str(), "cardiology");
        assert_eq!(post.mid.to_string(), MID);
        assert_eq!(post.reply_to, Some(post.mid));
        assert_eq!(post.kind, MessageKind::Question);
        assert_eq!(post.origin.map(|it| it.author).as_deref(), Some("Sam Example"));
        assert_eq!(post.body, "A synthetic question");
    }

    #[test]
    fn a_row_without_a_topic_goes_under_one_name() {
        for topic in ["", " \t"] {
            let line = row(|row| row["topic"] = topic.into());
            let row = Row::parse(&line).unwrap_or_else(|error| panic!("{error}"));
            assert!(row.untitled);
            assert_eq!(row.into_post().topic, NO_TOPIC);
        }
    }

    #[test]
    fn a_bad_row_is_named_by_its_field_and_never_repeated() {
        for (line, says) in [
            (row(|row| row["room"] = "Secret Room".into()), "the field room: 1 to 64"),
            (row(|row| row["mid"] = "secret".into()), "the field mid: a UUID"),
            (row(|row| row["reply_to"] = "secret".into()), "the field reply_to: a UUID"),
            (row(|row| row["kind"] = "secret".into()), "the field kind: message,"),
            (row(|row| row["author"] = " ".into()), "the field author: must not be empty"),
            (row(|row| row["topic"] = serde_json::Value::Null), "the field topic is missing"),
            (row(|row| row["author"] = "secret".repeat(40).into()), "the field author: at most"),
            (row(|row| row["body"] = serde_json::Value::Null), "the field body is missing"),
            (row(|row| row["secret"] = 1.into()), "not a row"),
            (row(|row| row["body"] = serde_json::json!({"secret": 1})), "not a row"),
            (r#"{"room":"secret"#.into(), "not JSON"),
            (r#"["secret"]"#.into(), "not a row"),
        ] {
            let error = error(&line);
            assert!(error.contains(says), "{error} does not say {says}");
            assert!(!error.to_lowercase().contains("secret"), "{error}");
        }
    }
}
