//! Times blst, arkworks and dusk-bls12_381 on one thread, one JSON line a figure: {"lib", "curve", "op", "n", "ns_per_op"}.
//!
//! Arguments: names of libraries (none: all), `--max-log=L` (largest sum of multiples 2^L, 14), `--budget-ms=B` (time a figure, 250).

mod arkworks;
mod blst_side;
mod dusk;
mod timer;

use timer::Bench;

fn main() {
    let mut bench = Bench { max_log: 14, budget_ns: 250e6 };
    let mut wanted = Vec::new();
    for argument in std::env::args().skip(1) {
        if let Some(value) = argument.strip_prefix("--max-log=") {
            bench.max_log = value.parse().expect("--max-log=L: a number");
        } else if let Some(value) = argument.strip_prefix("--budget-ms=") {
            bench.budget_ns = 1e6 * value.parse::<f64>().expect("--budget-ms=B: a number");
        } else {
            wanted.push(argument);
        }
    }
    let libraries: [(&str, fn(&Bench)); 3] = [("blst", blst_side::run), ("arkworks", arkworks::run), ("dusk-bls12_381", dusk::run)];
    for (name, run) in libraries {
        if wanted.is_empty() || wanted.iter().any(|w| w == name) {
            run(&bench);
        }
    }
}
