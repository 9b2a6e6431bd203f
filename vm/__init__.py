"""The contract VM: Piecrust's contracts unchanged, gas to the unit, host functions answered by a `Coprocessor`.

from coproc.vm import VM, Call

with VM(path, coprocessor=cp) as vm, vm.session(base_root=None, rules=rules, metadata={"block_height": height}) as s:
    contract_id = s.deploy(bytecode, owner=owner, gas_limit=limit)
    receipt = s.call(contract_id, "function", argument, gas_limit=limit)
    block = s.execute_block([Call(contract_id, "function", argument, limit)])    # receipts, root, stats
    root = s.commit()
"""

from .block import Block, BlockStats
from .errors import ContractTrap, HostPanic
from .machine import VM
from .receipt import Event, Receipt
from .session import Call, Deployment, Session

__all__ = ["VM", "Block", "BlockStats", "Call", "ContractTrap", "Deployment", "Event", "HostPanic", "Receipt", "Session"]
