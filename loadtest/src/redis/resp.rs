//! As much of Redis' protocol as the yardstick speaks: arrays of words out; words, numbers and errors in.

use crate::failure::Failure;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// A word, whichever.
    Done,
    /// A number.
    Number(u64),
    /// It said no, in its words.
    Refused(String),
}

/// Writes a command behind what is there.
pub(super) fn command(out: &mut Vec<u8>, words: &[&str]) {
    let mut line = |mark: char, count: usize| {
        out.extend_from_slice(format!("{mark}{count}\r\n").as_bytes());
    };
    line('*', words.len());
    for word in words {
        out.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        out.extend_from_slice(word.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

/// Takes one whole answer from the front; `None` while it is not all there.
pub(super) fn take(input: &mut Vec<u8>) -> Result<Option<Reply>, Failure> {
    let strange = || Failure::Yardstick("redis-server speaks another protocol".to_owned());
    let Some(end) = input.windows(2).position(|pair| pair == b"\r\n") else {
        return Ok(None);
    };
    let line = std::str::from_utf8(&input[..end]).map_err(|_| strange())?;
    let (mark, rest) = line.split_at_checked(1).ok_or_else(strange)?;
    let mut used = end + 2;
    let reply = match mark {
        "+" => Reply::Done,
        "-" => Reply::Refused(rest.to_owned()),
        ":" => Reply::Number(rest.parse().map_err(|_| strange())?),
        "$" => {
            let length: usize = rest.parse().map_err(|_| strange())?;
            used += length + 2;
            if input.len() < used {
                return Ok(None);
            }
            Reply::Done
        }
        _ => return Err(strange()),
    };
    input.drain(..used);
    Ok(Some(reply))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_go_out_and_answers_come_in_whole() {
        let mut out = Vec::new();
        command(&mut out, &["XLEN", "load"]);
        assert_eq!(out, b"*2\r\n$4\r\nXLEN\r\n$4\r\nload\r\n");
        let all = b"+PONG\r\n$15\r\n1700000000000-0\r\n:42\r\n-ERR no\r\n";
        let mut input = Vec::new();
        let mut heard = Vec::new();
        for byte in all {
            input.push(*byte);
            heard.extend(take(&mut input).expect("this is its protocol"));
        }
        let refused = Reply::Refused("ERR no".to_owned());
        assert_eq!(heard, [Reply::Done, Reply::Done, Reply::Number(42), refused]);
        assert!(input.is_empty());
        assert!(take(&mut b"HTTP/1.1\r\n".to_vec()).is_err());
    }
}
