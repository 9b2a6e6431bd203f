//! `make test-node`: Dusk's own VM with the co-processor attached, against the same VM without.

mod cases;
mod contract;
mod faults;
mod impostor;
mod mempool;
mod node;
mod real;
mod server;
