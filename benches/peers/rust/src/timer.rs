//! The clock of every figure.

use std::hint::black_box;
use std::mem::zeroed;

/// Inputs that single operations go through in turn: distinct, so that nothing is learnt from the one before.
pub const DISTINCT: usize = 64;

/// Nanoseconds that this process has spent on a processor: what others do meanwhile does not count.
fn processor_ns() -> f64 {
    unsafe {
        let mut time: libc::timespec = zeroed();
        libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time);
        time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
    }
}

pub struct Bench {
    pub max_log: usize,
    pub budget_ns: f64,
}

impl Bench {
    fn print(&self, lib: &str, curve: &str, op: &str, n: usize, ns: f64) {
        println!("{{\"lib\":\"{lib}\",\"curve\":\"{curve}\",\"op\":\"{op}\",\"n\":{n},\"ns_per_op\":{ns:.2}}}");
    }

    /// Prints the least nanoseconds an item of many samples of `pass`, which does `items` of them; a sample lasts a millisecond or one pass.
    pub fn pass(&self, lib: &str, curve: &str, op: &str, n: usize, items: usize, mut pass: impl FnMut()) {
        pass();
        let mut repeats = 1usize;
        let mut best = f64::INFINITY;
        let mut spent = 0.0;
        let mut samples = 0;
        while spent < self.budget_ns || samples < 3 {
            let start = processor_ns();
            for _ in 0..repeats {
                pass();
            }
            let ns = processor_ns() - start;
            if ns < 1e6 && repeats < 1 << 24 {
                repeats *= 2;
                continue;
            }
            best = best.min(ns / (repeats * items) as f64);
            spent += ns;
            samples += 1;
        }
        self.print(lib, curve, op, n, best);
    }

    /// One operation on each of some inputs in turn. Few inputs are timed at a time, so that a disturbance spoils few: the least time of
    /// each few counts, and the figure is their mean.
    pub fn each<T, R>(&self, lib: &str, curve: &str, op: &str, n: usize, inputs: &[T], mut one: impl FnMut(&T) -> R) {
        const FEW: usize = 8;
        let mut best = vec![f64::INFINITY; inputs.len().div_ceil(FEW)];
        let (mut spent, mut rounds) = (0.0, 0);
        while spent < self.budget_ns || rounds < 3 {
            for (few, least) in inputs.chunks(FEW).zip(&mut best) {
                let start = processor_ns();
                for input in few {
                    black_box(one(black_box(input)));
                }
                let ns = processor_ns() - start;
                *least = least.min(ns);
                spent += ns;
            }
            rounds += 1;
        }
        self.print(lib, curve, op, n, best.iter().sum::<f64>() / inputs.len() as f64);
    }

    /// A thousand steps of a chain, each on the result of the one before: a latency.
    pub fn chain(&self, lib: &str, curve: &str, op: &str, mut step: impl FnMut()) {
        const STEPS: usize = 1000;
        self.pass(lib, curve, op, 1, STEPS, || {
            for _ in 0..STEPS {
                step();
            }
        });
    }

    /// Sizes of sums of multiples.
    pub fn sums(&self) -> impl Iterator<Item = usize> + '_ {
        [6, 10, 14, 16, 18].into_iter().filter(|log| *log <= self.max_log).map(|log| 1 << log)
    }
}
