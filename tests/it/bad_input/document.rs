//! The rows of `protocol/BAD_INPUT.md`.

const DOCUMENT: &str = include_str!("../../../protocol/BAD_INPUT.md");

/// What the document says of one bad input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// The answer, word for word.
    pub(crate) answer: &'static str,
    /// What becomes of the connection.
    pub(crate) connection: &'static str,
}

/// Every row of every table.
pub(crate) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for line in DOCUMENT.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [name, _, answer, connection] = cells[..] else {
            panic!("a row has four cells: {line}");
        };
        let bare = |cell: &'static str| cell.trim_matches('`');
        rows.push(Row { name: bare(name), answer: bare(answer), connection });
    }
    rows
}
