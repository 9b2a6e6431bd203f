//! `Connection`: one Unix socket with one frame under way at a time, and a deadline for it.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::net::{connect, socket_with, AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use crate::frame::{u32_at, HEADER, LENGTH, MAX_REPLY};
use crate::Failure;

/// Kept between replies; what a larger reply took is given back.
const INBOX: usize = 64 << 10;

pub struct Connection {
    stream: UnixStream,
    /// the socket's timeout for one read and one write
    armed: Duration,
    inbox: Vec<u8>,
    /// of the last frame
    pub id: u64,
}

impl Connection {
    /// Never waits: a Unix socket is connected at once or, where the server does not accept, not at all.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let stream = connected(path).map_err(|_| Failure::Gone)?;
        stream.set_nonblocking(false).map_err(|_| Failure::Gone)?;
        Ok(Self { stream, armed: Duration::ZERO, inbox: vec![0; 4096], id: 0 })
    }

    /// Sends a frame and waits for the next one; returns its payload.
    ///
    /// budget: the time for all of it, which began at `start`. After an error the connection is of no more use, for a late
    /// reply would be taken for the next one's.
    pub fn exchange(&mut self, frame: &[u8], start: Instant, budget: Duration) -> Result<&[u8], Failure> {
        self.arm(budget)?;
        let mut sent = 0;
        while sent < frame.len() {
            match self.stream.write(&frame[sent..]) {
                Ok(0) => return Err(Failure::Gone),
                Ok(n) => sent += n,
                Err(e) => interrupted(e.kind())?,
            }
            if sent < frame.len() {
                self.arm(left(start, budget)?)?;
            }
        }
        let (mut filled, mut whole) = (0, LENGTH);
        while filled < whole {
            match self.stream.read(&mut self.inbox[filled..]) {
                Ok(0) => return Err(Failure::Gone),
                Ok(n) => filled += n,
                Err(e) => interrupted(e.kind())?,
            }
            if whole == LENGTH && filled >= LENGTH {
                let length = u32_at(&self.inbox, 0) as usize;
                if !(HEADER..=MAX_REPLY).contains(&length) {
                    return Err(Failure::Nonsense("a frame of an impossible length"));
                }
                whole = LENGTH + length;
                if whole > self.inbox.len() {
                    self.inbox.resize(whole, 0);
                }
            }
            if filled < whole {
                self.arm(left(start, budget)?)?;
            }
        }
        if filled > whole {
            return Err(Failure::Nonsense("bytes behind the reply"));
        }
        Ok(&self.inbox[LENGTH..whole])
    }

    /// Gives back the memory of a large reply.
    pub fn trim(&mut self) {
        self.inbox.truncate(INBOX);
        self.inbox.shrink_to(INBOX);
    }

    fn arm(&mut self, timeout: Duration) -> Result<(), Failure> {
        if timeout != self.armed {
            let set = self.stream.set_read_timeout(Some(timeout)).and_then(|()| self.stream.set_write_timeout(Some(timeout)));
            set.map_err(|_| Failure::Gone)?;
            self.armed = timeout;
        }
        Ok(())
    }
}

fn connected(path: &Path) -> rustix::io::Result<UnixStream> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    connect(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(UnixStream::from(socket))
}

/// What is left of the budget, more than nothing.
fn left(start: Instant, budget: Duration) -> Result<Duration, Failure> {
    budget.checked_sub(start.elapsed()).filter(|d| !d.is_zero()).ok_or(Failure::Late)
}

fn interrupted(kind: ErrorKind) -> Result<(), Failure> {
    match kind {
        ErrorKind::Interrupted => Ok(()),
        ErrorKind::WouldBlock | ErrorKind::TimedOut => Err(Failure::Late),
        _ => Err(Failure::Gone),
    }
}
