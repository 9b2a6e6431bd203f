//! The clock of every figure.

use std::hint::black_box;
use std::time::Instant;

/// Inputs that single operations go through in turn: distinct, so that nothing is learnt from the one before.
pub const DISTINCT: usize = 64;

pub struct Bench {
    pub max_log: usize,
    pub budget_ns: f64,
}

impl Bench {
    /// Prints the least nanoseconds an item of many samples of `pass`, which does `items` of them; a sample lasts a millisecond or one pass.
    pub fn pass(&self, lib: &str, curve: &str, op: &str, n: usize, items: usize, mut pass: impl FnMut()) {
        pass();
        let mut repeats = 1usize;
        let mut best = f64::INFINITY;
        let mut spent = 0.0;
        let mut samples = 0;
        while spent < self.budget_ns || samples < 3 {
            let start = Instant::now();
            for _ in 0..repeats {
                pass();
            }
            let ns = start.elapsed().as_nanos() as f64;
            if ns < 1e6 && repeats < 1 << 24 {
                repeats *= 2;
                continue;
            }
            best = best.min(ns / (repeats * items) as f64);
            spent += ns;
            samples += 1;
        }
        println!("{{\"lib\":\"{lib}\",\"curve\":\"{curve}\",\"op\":\"{op}\",\"n\":{n},\"ns_per_op\":{best:.2}}}");
    }

    /// One operation on each of some inputs in turn.
    pub fn each<T, R>(&self, lib: &str, curve: &str, op: &str, n: usize, inputs: &[T], mut one: impl FnMut(&T) -> R) {
        self.pass(lib, curve, op, n, inputs.len(), || {
            for input in inputs {
                black_box(one(black_box(input)));
            }
        });
    }

    /// Sizes of sums of multiples.
    pub fn sums(&self) -> impl Iterator<Item = usize> + '_ {
        [6, 10, 14, 16, 18].into_iter().filter(|log| *log <= self.max_log).map(|log| 1 << log)
    }
}
