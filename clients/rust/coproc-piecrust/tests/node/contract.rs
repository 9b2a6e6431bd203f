//! A contract with one exported function a host query: it hands on its argument buffer, keeps the answer in its state, so that
//! the root depends on it, and emits it as an event, so that the receipt does.

use coproc_piecrust::Function;
use std::fmt::Write;

const NAMES: usize = 1024; // 64 bytes a name
const ARGUMENT: usize = 1 << 16;
const ANSWERS: usize = 3 << 16; // a ring of 1,024 places of 128 bytes, behind its counter

/// Its bytecode. shift: added to the address of the argument buffer, to make it less aligned.
pub fn bytecode(shift: usize) -> Vec<u8> {
    let mut text = format!(
        r#"(module
        (import "env" "hq" (func $hq (param i32 i32 i32) (result i32)))
        (import "env" "emit" (func $emit (param i32 i32 i32)))
        (memory (export "memory") 6)
        (global (export "A") i32 (i32.const {argument}))
        (func $query (param $name i32) (param $name_len i32) (param $len i32) (result i32)
            (local $place i32)
            (local.set $len (call $hq (local.get $name) (local.get $name_len) (local.get $len)))
            (i32.store (i32.const {ANSWERS}) (i32.add (i32.load (i32.const {ANSWERS})) (i32.const 1)))
            (local.set $place (i32.add (i32.const {ANSWERS})
                (i32.shl (i32.and (i32.load (i32.const {ANSWERS})) (i32.const 1023)) (i32.const 7))))
            (i32.store (i32.add (local.get $place) (i32.const 8)) (local.get $len))"#,
        argument = ARGUMENT + shift,
    );
    for word in 0..9 {
        let (from, to) = (ARGUMENT + shift + 8 * word, 16 + 8 * word);
        write!(text, "(i64.store (i32.add (local.get $place) (i32.const {to})) (i64.load (i32.const {from})))").expect("memory");
    }
    text += "(call $emit (local.get $name) (local.get $name_len) (local.get $len)) (local.get $len))";
    for function in Function::ALL {
        let (name, at) = (function.name(), NAMES + 64 * function as usize);
        let len = name.len();
        write!(
            text,
            r#"(data (i32.const {at}) "{name}")
            (func (export "{name}") (param i32) (result i32)
                (call $query (i32.const {at}) (i32.const {len}) (local.get 0)))"#
        )
        .expect("memory");
    }
    wat::parse_str(text + ")").expect("the contract is well formed")
}
