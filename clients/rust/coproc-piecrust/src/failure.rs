//! `Failure`: why the co-processor gave no answer. None of these is ever an answer: Dusk's own code gives it instead.

use std::fmt;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No server, or the connection broke.
    Gone,
    /// No answer before the deadline.
    Late,
    /// The server has no room now; after this long there may be.
    Busy(Duration),
    /// The server does not take the frame; the code is that of the wire.
    Refused(u16),
    /// What came back cannot be an answer to what was asked.
    Nonsense(&'static str),
    /// Nothing at the server could answer this request.
    Unserved,
    /// The server says that Dusk's own function panics on these bytes; whether it does, that function shows.
    Panics,
    /// Not asked: it failed a moment ago, is unplugged, or all connections are in use.
    NotAsked,
}

impl Failure {
    /// It says something about the server, and not about one request.
    pub const fn is_of_the_server(self) -> bool {
        matches!(self, Failure::Gone | Failure::Late | Failure::Busy(_) | Failure::Refused(_) | Failure::Nonsense(_))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Gone => write!(f, "the co-processor is gone"),
            Failure::Late => write!(f, "the co-processor is late"),
            Failure::Busy(after) => write!(f, "the co-processor is busy, retry after {after:?}"),
            Failure::Refused(code) => write!(f, "the co-processor refuses the frame, code {code}"),
            Failure::Nonsense(what) => write!(f, "the co-processor answers nonsense: {what}"),
            Failure::Unserved => write!(f, "the co-processor could not serve this request"),
            Failure::Panics => write!(f, "Dusk's own function panics on this request"),
            Failure::NotAsked => write!(f, "the co-processor was not asked"),
        }
    }
}

impl std::error::Error for Failure {}
