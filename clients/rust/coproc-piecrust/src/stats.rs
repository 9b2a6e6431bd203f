//! `Stats`: who answered, and why not the co-processor.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::Failure;

/// Host queries since the client was made. Each is in one of the first four; those of `own` are in one of the reasons too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// by the co-processor
    pub served: u64,
    /// from this process's memo
    pub memo: u64,
    /// by Dusk's own code, where the co-processor was wanted
    pub own: u64,
    /// by Dusk's own code, as configured
    pub local: u64,

    pub gone: u64,
    pub late: u64,
    pub busy: u64,
    pub refused: u64,
    pub nonsense: u64,
    pub unserved: u64,
    pub panics: u64,
    pub not_asked: u64,

    /// answers of the co-processor that Dusk's own code was asked for as well
    pub audited: u64,
    /// ... and where it said otherwise: its answer stood, and the co-processor was unplugged
    pub mismatches: u64,
}

macro_rules! counters {
    ($($name:ident)*) => {
        #[derive(Default)]
        pub(crate) struct Counters { $(pub $name: AtomicU64,)* }

        impl Counters {
            pub fn read(&self) -> Stats {
                Stats { $($name: self.$name.load(Relaxed),)* }
            }
        }
    };
}

counters!(served memo own local gone late busy refused nonsense unserved panics not_asked audited mismatches);

impl Counters {
    /// Dusk's own code answers, for this reason.
    pub fn failed(&self, failure: &Failure) {
        add(&self.own);
        add(match failure {
            Failure::Gone => &self.gone,
            Failure::Late => &self.late,
            Failure::Busy(_) => &self.busy,
            Failure::Refused(_) => &self.refused,
            Failure::Nonsense(_) => &self.nonsense,
            Failure::Unserved => &self.unserved,
            Failure::Panics => &self.panics,
            Failure::NotAsked => &self.not_asked,
        });
    }
}

/// One more; returns the number before.
pub(crate) fn add(counter: &AtomicU64) -> u64 {
    counter.fetch_add(1, Relaxed)
}
