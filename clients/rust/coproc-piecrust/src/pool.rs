//! `Pool`: a few connections, kept open, and when to leave the server alone.
//!
//! A server that failed is not asked again before a pause is over, which doubles from failure to failure; then one request
//! tries, while the others still go without. So a server that hangs costs one deadline a pause, not one a request.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::connection::Connection;
use crate::Failure;

/// A socket's timeout is never zero, which would mean none.
const LEAST: Duration = Duration::from_micros(1);

pub struct Pool {
    path: PathBuf,
    most: usize,
    first_pause: Duration,
    longest_pause: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    idle: Vec<Connection>,
    used: usize,
    unplugged: bool,
    /// zero: the last request went well
    pause: Duration,
    /// not before this time
    until: Option<Instant>,
}

/// The place of one connection in use, given back when dropped.
struct Place<'a>(&'a Pool);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.lock().used -= 1;
    }
}

impl Pool {
    /// most: connections at once, at least one. pauses: the first after a failure, and the longest.
    pub fn new(path: PathBuf, most: usize, first_pause: Duration, longest_pause: Duration) -> Self {
        Self { path, most: most.max(1), first_pause, longest_pause: longest_pause.max(first_pause), state: Mutex::default() }
    }

    /// Sends the frame that `write` makes for an id, and hands its payload to `read`.
    ///
    /// A connection that was kept and turns out to be dead is replaced once: its server may have been restarted, and asking
    /// twice does no harm, since answers depend on the question alone.
    pub fn exchange<T>(
        &self,
        budget: Duration,
        mut write: impl FnMut(&mut Vec<u8>, u64),
        mut read: impl FnMut(&[u8], u64) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let start = Instant::now();
        let (_place, kept) = self.take(start)?;
        let mut frame = Vec::with_capacity(1024);
        let mut once = |connection: &mut Connection, start, budget| {
            connection.id = connection.id.wrapping_add(1);
            write(&mut frame, connection.id);
            let id = connection.id;
            read(connection.exchange(&frame, start, budget)?, id)
        };
        let mut last = None;
        let mut result = Err(Failure::Gone);
        if let Some(mut connection) = kept {
            result = once(&mut connection, start, budget);
            last = Some(connection);
            if matches!(result, Err(Failure::Gone)) {
                self.lock().idle.clear();
                last = None;
            }
        }
        if last.is_none() {
            result = Connection::open(&self.path).and_then(|mut connection| {
                let now = Instant::now();
                let result = once(&mut connection, now, budget.saturating_sub(now - start).max(LEAST));
                last = Some(connection);
                result
            });
        }
        self.settle(last, result.as_ref().err());
        result
    }

    /// Whether the server may be asked from now on. What is under way ends first, within its deadline.
    pub fn plug(&self, plugged: bool) {
        let mut state = self.lock();
        state.unplugged = !plugged;
        (state.pause, state.until) = (Duration::ZERO, None);
        state.idle.clear();
    }

    pub fn is_plugged(&self) -> bool {
        !self.lock().unplugged
    }

    fn take(&self, now: Instant) -> Result<(Place<'_>, Option<Connection>), Failure> {
        let mut state = self.lock();
        if state.unplugged || state.used >= self.most || state.until.is_some_and(|until| now < until) {
            return Err(Failure::NotAsked);
        }
        if !state.pause.is_zero() {
            state.until = Some(now + state.pause); // this one tries, the others wait for what comes of it
        }
        state.used += 1;
        let kept = state.idle.pop();
        drop(state);
        Ok((Place(self), kept))
    }

    fn settle(&self, connection: Option<Connection>, failure: Option<&Failure>) {
        let mut state = self.lock();
        let was_well = state.pause.is_zero();
        let keep = match failure {
            Some(Failure::Busy(after)) => {
                state.until = Some(Instant::now() + (*after).clamp(self.first_pause, self.longest_pause));
                true
            }
            Some(failure) if failure.is_of_the_server() => {
                state.pause = (state.pause * 2).clamp(self.first_pause, self.longest_pause);
                state.until = Some(Instant::now() + state.pause);
                if was_well {
                    tracing::warn!("coproc: {failure}; host queries are answered in process");
                }
                false
            }
            _ => {
                (state.pause, state.until) = (Duration::ZERO, None);
                if !was_well {
                    tracing::info!("coproc: the co-processor answers again");
                }
                true
            }
        };
        if let (true, false, Some(mut connection)) = (keep, state.unplugged, connection) {
            connection.trim();
            state.idle.push(connection);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
