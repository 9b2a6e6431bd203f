//! `Client`: asks the co-processor, in time or not at all.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::frame::{self, Class, Kind};
use crate::memo::Memo;
use crate::pool::Pool;
use crate::stats::{add, Counters};
use crate::{foresee, Call, Failure, Functions, Request, Retbuf, Stats};

/// Calls in one frame of a batch, and the bytes that they may take: a part of what servers take by default, and a block's worth.
const BATCH: usize = 2048;
const BATCH_BYTES: usize = 8 << 20;

/// How to reach the co-processor, and how far to trust its pace.
#[derive(Clone, Debug)]
pub struct Config {
    /// the socket of `coproc serve --uds PATH`
    pub socket: PathBuf,
    /// whose share of the server this node uses; at most 255 bytes
    pub tenant: String,
    /// for one host query; then Dusk's own code answers
    pub deadline: Duration,
    /// for one frame of `preverify`
    pub batch_deadline: Duration,
    /// at once; a host query that finds all in use is answered in process
    pub connections: usize,
    /// after a failure nothing is asked for this long, doubled from failure to failure ...
    pub first_pause: Duration,
    /// ... up to this
    pub longest_pause: Duration,
    /// what the co-processor is asked for; the rest is answered in process
    pub remote: Functions,
    /// verdicts kept in this process; 0: none
    pub memo: usize,
    /// Dusk's own code checks one in so many answers; 0: none
    pub audit: u64,
}

impl Config {
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self {
            socket: socket.into(),
            tenant: String::new(),
            deadline: Duration::from_millis(100),
            batch_deadline: Duration::from_secs(10),
            connections: 8,
            first_pause: Duration::from_millis(5),
            longest_pause: Duration::from_secs(1),
            remote: Functions::VERIFICATIONS,
            memo: 16_384,
            audit: 256,
        }
    }
}

/// A co-processor and what stands in for it. Clones share connections, memo and counters.
#[derive(Clone)]
pub struct Client(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    config: Config,
    pool: Pool,
    pub memo: Memo,
    pub counters: Counters,
}

impl Client {
    /// Connects when it is first asked: a node starts without its co-processor as well.
    ///
    /// Panics where the tenant's name has more than 255 bytes.
    pub fn new(config: Config) -> Self {
        assert!(config.tenant.len() <= 255, "a tenant's name has at most 255 bytes");
        let pool = Pool::new(config.socket.clone(), config.connections, config.first_pause, config.longest_pause);
        Self(Arc::new(Inner { pool, memo: Memo::new(config.memo), counters: Counters::default(), config }))
    }

    /// Verifies ahead of the block: the answers, in order, are in the memos of this process and of the server afterwards.
    ///
    /// What gets no answer is left to the block. Once the server fails, the rest is not asked for.
    pub fn preverify(&self, requests: &[Request]) -> Vec<Result<Retbuf, Failure>> {
        let mut answers = Vec::with_capacity(requests.len());
        for batch in batches(requests) {
            let read = |count, body: &[u8]| frame::read_answers(count, body, batch.iter().map(Request::as_call));
            match self.0.frame(Kind::Execute, batch, read) {
                Ok(found) => answers.extend(found),
                Err(failure) => {
                    answers.resize(requests.len(), Err(failure));
                    break;
                }
            }
        }
        for (request, answer) in requests.iter().zip(&answers) {
            if let Ok(answer) = answer {
                self.0.memo.put(&request.as_call(), answer);
            }
        }
        answers
    }

    /// Has the server answer ahead into its own memo, without waiting for the answers.
    pub fn warm(&self, requests: &[Request]) -> Result<(), Failure> {
        batches(requests).try_for_each(|batch| self.0.frame(Kind::Warm, batch, |_, _| Ok(())))
    }

    /// One call over the socket: no memo, nobody in its stead.
    pub fn ask(&self, request: &Request) -> Result<Retbuf, Failure> {
        self.0.ask(&request.as_call())
    }

    /// Whether the server is there and answers.
    pub fn ping(&self) -> Result<(), Failure> {
        let read = |payload: &[u8], id| frame::read_reply(payload, Kind::Ping, id).map(|_| ());
        self.0.pool.exchange(self.0.config.deadline, frame::write_ping, read)
    }

    /// Asks nothing more; every host query is answered in process.
    pub fn unplug(&self) {
        self.0.pool.plug(false);
    }

    /// Asks again, also where a pause after a failure was not over.
    pub fn plug(&self) {
        self.0.pool.plug(true);
    }

    pub fn is_plugged(&self) -> bool {
        self.0.pool.is_plugged()
    }

    pub fn stats(&self) -> Stats {
        self.0.counters.read()
    }
}

impl Inner {
    /// The answer that the host gives. `call.args` lies where the contract left it.
    pub fn answer(&self, call: Option<Call<'_>>, own: impl FnOnce() -> Retbuf) -> Retbuf {
        let counters = &self.counters;
        let Some(call) = call else {
            add(&counters.local); // rules that the wire has no code for
            return own();
        };
        if let Some(answer) = self.memo.get(&call) {
            add(&counters.memo);
            return answer;
        }
        if foresee::is_on() {
            return foresee::note(&call, own);
        }
        let answer = if !self.config.remote.contains(call.function) {
            add(&counters.local);
            own()
        } else {
            match self.ask(&call) {
                Ok(answer) => self.audited(&call, answer, own),
                Err(failure) => {
                    counters.failed(&failure);
                    own()
                }
            }
        };
        self.memo.put(&call, &answer);
        answer
    }

    fn ask(&self, call: &Call<'_>) -> Result<Retbuf, Failure> {
        let config = &self.config;
        self.pool.exchange(
            config.deadline,
            |out, id| {
                frame::write_calls(out, Kind::Execute, id, Class::Block, &config.tenant, config.deadline, [*call].into_iter());
            },
            |payload, id| {
                let (count, body) = frame::read_reply(payload, Kind::Execute, id)?;
                frame::read_only_answer(count, body, call)
            },
        )
    }

    /// A frame of the class mempool.
    fn frame<T>(&self, kind: Kind, batch: &[Request], read: impl Fn(usize, &[u8]) -> Result<T, Failure>) -> Result<T, Failure> {
        let Config { tenant, batch_deadline: deadline, .. } = &self.config;
        self.pool.exchange(
            *deadline,
            |out, id| frame::write_calls(out, kind, id, Class::Mempool, tenant, *deadline, batch.iter().map(Request::as_call)),
            |payload, id| {
                let (count, body) = frame::read_reply(payload, kind, id)?;
                read(count, body)
            },
        )
    }

    /// The co-processor's answer, or Dusk's where it was looked up and differs; then nothing is asked any more.
    fn audited(&self, call: &Call<'_>, answer: Retbuf, own: impl FnOnce() -> Retbuf) -> Retbuf {
        let number = add(&self.counters.served);
        if self.config.audit == 0 || !number.is_multiple_of(self.config.audit) {
            return answer;
        }
        add(&self.counters.audited);
        let truth = own();
        if truth != answer {
            add(&self.counters.mismatches);
            self.pool.plug(false);
            let name = call.function.name();
            tracing::error!("coproc: {name} answered {answer:?} where Dusk's own code answers {truth:?}; the co-processor is unplugged");
        }
        truth
    }
}

/// Pieces of at most `BATCH` requests and about `BATCH_BYTES`.
fn batches(requests: &[Request]) -> impl Iterator<Item = &[Request]> {
    let mut rest = requests;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fit = |r: &&Request| {
            bytes += frame::size_of(&r.as_call());
            bytes <= BATCH_BYTES
        };
        let count = rest.iter().take(BATCH).take_while(fit).count().max(1).min(rest.len());
        let (batch, behind) = rest.split_at(count);
        rest = behind;
        (!batch.is_empty()).then_some(batch)
    })
}
