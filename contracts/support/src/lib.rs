//! What the contracts share: arguments, answers, and host queries on plain bytes.

#![no_std]

extern crate alloc;

mod input;
pub mod query;

use alloc::vec::Vec;

pub use input::Input;
pub use piecrust_uplink as uplink;
use uplink::arg_buf::with_arg_buf;

/// Runs one exported function: its argument in, its answer to the front of the argument buffer.
pub fn respond(arg_len: u32, function: impl FnOnce(Input) -> Vec<u8>) -> u32 {
    let argument = with_arg_buf(|buffer| buffer[..arg_len as usize].to_vec());
    let answer = function(Input::new(&argument));
    with_arg_buf(|buffer| buffer[..answer.len()].copy_from_slice(&answer));
    answer.len() as u32
}

/// Exports methods of the contract's state, which lives in its memory from one call to the next:
/// `contract!(Counter(0) => Counter; init, add)`.
#[macro_export]
macro_rules! contract {
    ($start:expr => $state:ty; $($name:ident),+ $(,)?) => {
        static mut STATE: $state = $start;
        $(
            #[unsafe(no_mangle)]
            extern "C" fn $name(arg_len: u32) -> u32 {
                // One call runs at a time, and a call that comes back to this contract finds no borrow that is still used:
                // the methods that call other contracts end with the call.
                $crate::respond(arg_len, |input| unsafe { (*core::ptr::addr_of_mut!(STATE)).$name(input) })
            }
        )+
    };
}
