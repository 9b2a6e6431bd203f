//! Dusk's host queries for Piecrust, answered by a coproc server (`coproc serve --uds PATH`) over its Unix socket.
//!
//! Where the server is gone, unplugged, late, busy or answers nonsense, Dusk's own code answers in this process: the failure
//! of a machine is never an answer. Receipts, gas and state roots are those of a VM that is not attached. `docs/node.md` says
//! what a node gains by it, and where.

mod answer;
mod client;
mod connection;
mod dusk;
mod failure;
mod foresee;
mod frame;
mod function;
mod memo;
mod pool;
mod price;
mod query;
mod rules;
mod stats;

pub use answer::{Call, Request, Retbuf};
pub use client::{Client, Config};
pub use failure::Failure;
pub use function::{Function, Functions, UnknownFunction};
pub use price::price;
pub use rules::Rules;
pub use stats::Stats;
