//! Round trip of a cached answer: `round-trip SOCKET [COUNT]` prints a JSON line for each size of argument.

use std::time::{Duration, Instant};
use std::{env, process};

use coproc_piecrust::{Client, Config, Failure, Function, Request, Rules};

/// Not counted: connections, caches and the processor's clock settle.
const WARM_UP: usize = 1_000;

fn main() {
    let mut args = env::args().skip(1);
    let (Some(socket), count) = (args.next(), args.next()) else { usage() };
    let count = count.map_or(Some(20_000), |n| n.parse().ok()).filter(|n| *n > 0).unwrap_or_else(|| usage());
    let client = Client::new(Config { deadline: Duration::from_secs(10), ..Config::new(socket) });
    for (function, bytes) in [(Function::Sha256, 64), (Function::VerifyBls, 344), (Function::VerifyPlonk, 3_232)] {
        if let Err(e) = measure(&client, function, bytes, count) {
            eprintln!("round-trip: {}: {e}", function.name());
            process::exit(1);
        }
    }
}

/// The time of an answer does not depend on what it is: the argument buffer holds zeros, which every function can read.
fn measure(client: &Client, function: Function, bytes: usize, count: usize) -> Result<(), Failure> {
    let rules = Rules::in_force().expect("rules of the wire");
    let request = Request::new(function, rules, &vec![0; bytes]);
    for _ in 0..WARM_UP {
        client.ask(&request)?;
    }
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        client.ask(&request)?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let at = |share: f64| times[((count as f64 * share) as usize).min(count - 1)].as_nanos() as f64 / 1e3;
    println!(
        r#"{{"bench":"round trip of a cached answer","client":"rust","op":"{}","bytes":{bytes},"count":{count},"min_us":{:.1},"p50_us":{:.1},"p99_us":{:.1},"max_us":{:.1}}}"#,
        function.name(),
        at(0.0),
        at(0.5),
        at(0.99),
        at(1.0),
    );
    Ok(())
}

fn usage() -> ! {
    eprintln!("round-trip SOCKET [COUNT]");
    process::exit(2)
}
