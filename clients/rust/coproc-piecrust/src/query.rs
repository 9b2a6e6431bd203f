//! The host queries as Piecrust calls them.

use std::any::Any;
use std::sync::Arc;

use dusk_vm::host_queries::hard_fork;
use piecrust::HostQuery;

use crate::answer::alignment;
use crate::client::Inner;
use crate::price::price;
use crate::{dusk, Call, Client, Function, Rules};

struct Query {
    function: Function,
    inner: Arc<Inner>,
}

/// What `deserialize_and_price` tells `execute`.
struct Priced {
    len: usize,
    gas: u64,
}

impl HostQuery for Query {
    fn deserialize_and_price(&self, arg_buf: &[u8], arg: &mut Box<dyn Any>) -> u64 {
        let gas = price(self.function, hard_fork(), arg_buf);
        *arg = Box::new(Priced { len: arg_buf.len(), gas });
        gas
    }

    fn execute(&self, arg: &Box<dyn Any>, arg_buf: &mut [u8]) -> u32 {
        let Priced { len, gas } = *arg.downcast_ref::<Priced>().expect("what deserialize_and_price left");
        let (function, args) = (self.function, &arg_buf[..len]);
        let call = Rules::in_force().map(|rules| Call { function, rules, align: alignment(args.as_ptr()), gas, args });
        let answer = self.inner.answer(call, || dusk::answer(function, args));
        let bytes = answer.as_slice();
        arg_buf[..bytes.len()].copy_from_slice(bytes);
        bytes.len() as u32
    }
}

impl Client {
    /// Registers the eleven host queries on a Piecrust VM, in place of what it has under their names.
    ///
    /// Before `dusk_vm::VM::from`, which keeps what is registered and registers nothing itself:
    ///
    /// ```no_run
    /// # fn node() -> Result<(), piecrust::Error> {
    /// use coproc_piecrust::{Client, Config};
    ///
    /// let client = Client::new(Config::new("/run/coproc/coproc.sock"));
    /// let mut vm = piecrust::VM::new("/var/lib/node/state")?;
    /// client.register(&mut vm);
    /// let vm = dusk_vm::VM::from(vm);
    /// # Ok(())
    /// # }
    /// ```
    pub fn register(&self, vm: &mut piecrust::VM) {
        for function in Function::ALL {
            vm.register_host_query(function.name(), Query { function, inner: Arc::clone(&self.0) });
        }
    }
}
