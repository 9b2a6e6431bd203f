//! `Rules`: PLONK's version and the hard fork, as they ride in a request.

use dusk_core::plonk::PlonkVersion;
use dusk_vm::host_queries::{host_query_policy, HardFork, HostQueryPolicy};

/// Rules that the wire has a code for: PLONK's version (1 to 3) in the low four bits, the fork's index (0 to 2) above them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rules(u8);

impl Rules {
    /// None for a version of PLONK that is newer than this crate; such calls are answered in process.
    pub fn of(policy: HostQueryPolicy) -> Option<Self> {
        let plonk = match policy.plonk_version {
            PlonkVersion::V1 => 1,
            PlonkVersion::V2 => 2,
            PlonkVersion::V3 => 3,
            _ => return None,
        };
        let fork = match policy.hard_fork {
            HardFork::PreFork => 0,
            HardFork::Aegis => 1,
            HardFork::Boreas => 2,
        };
        Some(Self(plonk | fork << 4))
    }

    /// Those in force on this thread, as dusk-vm has them.
    pub fn in_force() -> Option<Self> {
        Self::of(host_query_policy())
    }

    /// None for a code that stands for no rules.
    pub const fn from_code(code: u8) -> Option<Self> {
        match (code & 15, code >> 4) {
            (1..=3, 0..=2) => Some(Self(code)),
            _ => None,
        }
    }

    pub const fn code(self) -> u8 {
        self.0
    }

    pub const fn hard_fork(self) -> HardFork {
        match self.0 >> 4 {
            0 => HardFork::PreFork,
            1 => HardFork::Aegis,
            _ => HardFork::Boreas,
        }
    }
}
