//! Which verifications a transaction will ask for: it is run in a session that is thrown away, where every verification that
//! is not known answers yes and is noted. Where the proofs hold, as in honest transactions they do, the block asks for just these.

use std::cell::RefCell;
use std::collections::HashSet;
use std::panic::{catch_unwind, AssertUnwindSafe};

use piecrust::Session;

use crate::{Call, Client, Request, Retbuf};

thread_local! {
    static NOTED: RefCell<Option<Noted>> = const { RefCell::new(None) };
}

#[derive(Default)]
struct Noted {
    requests: Vec<Request>,
    seen: HashSet<[u8; 32]>,
}

/// Ends the noting also where the session panics.
struct Noting;

impl Drop for Noting {
    fn drop(&mut self) {
        NOTED.take();
    }
}

impl Client {
    /// Runs transactions in `session`, of a VM that this client is registered on, and returns the verifications that they
    /// asked for and that the memo does not know.
    ///
    /// The session ends here and nothing of it can be committed, since in it verifications are taken to succeed. None: a
    /// transaction made the VM panic.
    pub fn foresee(&self, mut session: Session, run: impl FnOnce(&mut Session)) -> Option<Vec<Request>> {
        NOTED.set(Some(Noted::default()));
        let noting = Noting;
        let outcome = catch_unwind(AssertUnwindSafe(|| run(&mut session)));
        let noted = NOTED.take();
        drop((noting, session));
        outcome.ok().and(noted).map(|n| n.requests)
    }
}

pub(crate) fn is_on() -> bool {
    NOTED.with_borrow(Option::is_some)
}

/// Yes to a verification, which is noted; to anything else what Dusk's own code answers.
pub(crate) fn note(call: &Call<'_>, own: impl FnOnce() -> Retbuf) -> Retbuf {
    if !call.function.verifies() {
        return own();
    }
    NOTED.with_borrow_mut(|noted| {
        if let Some(noted) = noted {
            if noted.seen.insert(call.digest()) {
                noted.requests.push(Request::from(*call));
            }
        }
    });
    Retbuf::new(&[1])
}
