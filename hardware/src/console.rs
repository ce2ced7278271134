//! How the programs talk: a closed standard output is an error, and an error is told once.

use std::{
    fmt::Display,
    io::{self, Write as _},
};

use anyhow::Context as _;

/// A line on the standard output.
pub fn say(text: impl Display) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).context("the standard output was closed")
}

/// An error with its causes, leaving out those that it names itself.
pub fn told(error: &anyhow::Error) -> String {
    let mut told = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !told.contains(&cause) {
            told = format!("{told}: {cause}");
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let cause = io::Error::other("no such thing");
        let naming = anyhow::Error::new(cause).context("file: no such thing");
        assert_eq!(told(&naming), "file: no such thing");
        let adding = anyhow::Error::new(io::Error::other("no such thing")).context("file");
        assert_eq!(told(&adding), "file: no such thing");
    }
}
