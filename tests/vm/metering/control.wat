(module
  (import "env" "spent" (func $spent (result i64)))
  (import "env" "emit" (func $emit (param P i32 i32)))
  (import "env" "caller" (func $caller (result i32)))
  (import "env" "panic" (func $panic (param i32)))
  (type $unary (func (param i32) (result i32)))
  (memory (export "memory") %INDEX% 3)
  (global (export "A") P (P.const 1024))
  (global $g (mut i32) (i32.const 3))
  (table 8 funcref)
  (elem (i32.const 1) $leaf $loop3 $traps $caller)
  (func $leaf (type $unary) (i32.add (local.get 0) (i32.const 1)))
  (func $nothing)
  (func $pair (result i32 i64) (i32.const 1) (i64.const 2))
  (func $loop3 (type $unary) (loop $l (br_if $l (i32.lt_s (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 3)))) (local.get 0))
  (func $traps (type $unary) (i64.store (P.const 8) (i64.const 1)) (unreachable))
  (func $note (i64.store (P.const 1024) (call $spent)))
  (func (export "f") (param $n i32) (result i32) (local $i i32) (local $w i64) (local $v v128)
%BODY%))

;; nothing
  (i32.const 0)

;; return
  (return (i32.const 0))

;; return in the middle
  (if (local.get $n) (then (return (i32.const 0)))) (drop (i64.add (i64.const 1) (i64.const 2))) (i32.const 0)

;; unreachable at once
  (unreachable)

;; unreachable after stores
  (i64.store (P.const 8) (i64.const 1)) (i64.store (P.const 16) (i64.const 1)) (unreachable)

;; unreachable after a call
  (drop (call $leaf (i32.const 1))) (i64.store (P.const 8) (i64.const 1)) (unreachable)

;; division by zero after stores
  (i64.store (P.const 8) (i64.const 1)) (i32.div_s (i32.const 1) (local.get $i))

;; division by zero after a call
  (drop (call $leaf (i32.const 1))) (i64.store (P.const 8) (i64.const 1)) (i32.div_s (i32.const 1) (local.get $i))

;; division by zero after a branch
  (i64.store (P.const 8) (i64.const 1)) (block $b (br_if $b (i32.const 0))) (i32.div_s (i32.const 1) (local.get $i))

;; division by zero in a loop
  (loop $l (i64.store (P.const 8) (i64.const 1)) (local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if $l (i32.lt_s
  (local.get $i) (i32.const 3)))) (i32.div_s (i32.const 1) (i32.const 0))

;; load past 4 GiB by its offset
  (i64.store (P.const 8) (i64.const 1)) (drop (i64.load offset=4294967295 (P.const 0))) (i32.const 0)

;; load past 4 GiB by its address
  (i64.store (P.const 8) (i64.const 1)) (drop (i64.load offset=4294967288 (P.const 4294967295))) (i32.const 0)

;; store past 4 GiB by its offset
  (i64.store offset=4294967289 (P.const 0) (i64.const 1)) (i32.const 0)

;; vector load past 4 GiB by its offset
  (i64.store (P.const 8) (i64.const 1)) (drop (v128.load offset=4294967281 (P.const 0))) (i32.const 0)

;; lane store past 4 GiB by its offset
  (i64.store (P.const 8) (i64.const 1)) (v128.store32_lane offset=4294967293 3 (P.const 0) (local.get $v)) (i32.const 0)

;; load in the last bytes of 4 GiB by its offset
  (if (i32.const 0) (then (drop (i64.load offset=4294967288 (P.const 0))))) (i32.const 0)

;; block
  (block (drop (i32.const 1))) (i32.const 0)

;; block never left by a branch carries its cost
  (drop (i32.const 1)) (block (drop (i32.const 1)) (block (drop (i32.const 1)))) (call $note) (i32.const 8)

;; block left by a branch
  (block $b (drop (i32.const 1)) (br $b)) (drop (i32.const 1)) (call $note) (i32.const 8)

;; block with a result left by a branch
  (drop (block $b (result i32) (br $b (i32.const 5)))) (call $note) (i32.const 8)

;; code after a branch costs nothing
  (block $b (br $b) (i64.store (P.const 8) (i64.const 1)) (loop $l (br $l))) (i32.const 0)

;; code after return costs nothing
  (i32.const 0) (return) (i64.store (P.const 8) (i64.const 1)) (drop (i32.const 1)) (i32.const 3)

;; blocks in dead code
  (block $b (br $b) (block (if (i32.const 1) (then (br 1)) (else (nop))) (loop (br 0))) (br_table 0 0 0 (i32.const 1))) (i32.const
  0)

;; branch out of the function
  (block (br 1 (i32.const 0))) (i32.const 0)

;; conditional branch out of the function
  (drop (br_if 0 (i32.const 0) (local.get $n))) (drop (i32.const 1)) (i32.const 0)

;; branch table out of the function
  (i32.const 0) (local.get $n) (br_table 0 0 0)

;; if taken
  (if (i32.const 1) (then (drop (i32.const 1)) (drop (i32.const 1)))) (call $note) (i32.const 8)

;; if not taken
  (if (i32.const 0) (then (drop (i32.const 1)) (drop (i32.const 1)))) (call $note) (i32.const 8)

;; if with else taken
  (if (i32.const 1) (then (drop (i32.const 1))) (else (i64.store (P.const 8) (i64.const 1)))) (call $note) (i32.const 8)

;; if with else not taken
  (if (i32.const 0) (then (drop (i32.const 1))) (else (i64.store (P.const 8) (i64.const 1)))) (call $note) (i32.const 8)

;; if whose branch returns
  (if (local.get $n) (then (return (i32.const 0))) (else (drop (i32.const 1)))) (call $note) (i32.const 8)

;; if whose both branches return
  (if (local.get $n) (then (return (i32.const 0))) (else (return (i32.const 0)))) (i32.const 8)

;; if whose else traps
  (if (local.get $n) (then (drop (i32.const 1))) (else (unreachable))) (call $note) (i32.const 8)

;; if in dead code after a branch
  (block $b (br $b) (if (i32.const 1) (then (br $b)) (else (br $b)))) (call $note) (i32.const 8)

;; if left by a branch
  (if $l (local.get $n) (then (drop (i32.const 1)) (br $l))) (call $note) (i32.const 8)

;; if with a result
  (drop (if (result i32) (local.get $n) (then (i32.const 1)) (else (i32.add (i32.const 1) (i32.const 2))))) (call $note)
  (i32.const 8)

;; loop of three
  (drop (call $loop3 (i32.const 0))) (i32.const 0)

;; loop never repeated
  (loop (drop (i32.const 1))) (i32.const 0)

;; loop header alone
  (loop) (loop) (loop) (i32.const 0)

;; loop after a store
  (i64.store (P.const 8) (i64.const 1)) (loop (drop (i32.const 1))) (i32.const 0)

;; loop without end
  (loop $l (br $l)) (i32.const 0)

;; loop with a parameter
  (i32.const 0) (loop $l (param i32) (result i32) (i32.add (i32.const 1)) (local.tee $i) (br_if $l (i32.lt_s (local.get $i)
  (i32.const 4)))) (drop) (call $note) (i32.const 8)

;; loops in loops
  (loop $o (local.set $i (i32.add (local.get $i) (i32.const 1))) (loop $l (br_if $l (i64.lt_s (local.tee $w (i64.add (local.get
  $w) (i64.const 1))) (i64.const 4)))) (br_if $o (i32.lt_s (local.get $i) (i32.const 3)))) (call $note) (i32.const 8)

;; branch table forward
  (block $c (block $b (block $a (br_table $a $b $c (local.get $n))) (drop (i32.const 1))) (drop (i32.const 2))) (call $note)
  (i32.const 8)

;; branch table to a loop
  (block $b (loop $l (local.set $i (i32.add (local.get $i) (i32.const 1))) (br_table $l $l $l $b (local.get $i)))) (call $note)
  (i32.const 8)

;; branch table with a value
  (drop (block $b (result i32) (block $a (result i32) (br_table $a $b (i32.const 7) (local.get $n))) (i32.add (i32.const 1))))
  (call $note) (i32.const 8)

;; call
  (drop (call $leaf (i32.const 1))) (call $note) (i32.const 8)

;; calls in a row
  (call $nothing) (call $nothing) (call $nothing) (call $note) (i32.const 8)

;; call of several results
  (call $pair) (drop) (drop) (call $note) (i32.const 8)

;; call of a host function
  (drop (call $caller)) (call $note) (i32.const 8)

;; spent as an operand
  (i64.store (P.const 1024) (i64.add (i64.mul (call $spent) (i64.const 1000)) (call $spent))) (i32.const 8)

;; call through the table
  (drop (call_indirect (type $unary) (i32.const 1) (i32.const 1))) (call $note) (i32.const 8)

;; call through the table of a loop
  (drop (call_indirect (type $unary) (i32.const 0) (i32.const 2))) (call $note) (i32.const 8)

;; call through the table of a host function
  (drop (call_indirect (result i32) (i32.const 4))) (call $note) (i32.const 8)

;; call through the table past its end
  (i64.store (P.const 8) (i64.const 1)) (drop (call_indirect (type $unary) (i32.const 1) (i32.const 8))) (i32.const 0)

;; call through the table of nothing
  (i64.store (P.const 8) (i64.const 1)) (drop (call_indirect (type $unary) (i32.const 1) (i32.const 0))) (i32.const 0)

;; call through the table of another type
  (i64.store (P.const 8) (i64.const 1)) (drop (call_indirect (type $unary) (i32.const 1) (i32.const 4))) (i32.const 0)

;; trap in a callee
  (drop (call $traps (i32.const 1))) (i32.const 0)

;; panic
  (i64.store (P.const 8) (i64.const 1)) (call $panic (i32.const 0)) (i32.const 0)

;; emit
  (call $emit (P.const 0) (i32.const 3) (i32.const 5)) (call $note) (i32.const 8)

;; emit nothing
  (i64.store (P.const 8) (i64.const 1)) (call $emit (P.const 0) (i32.const 0) (i32.const 0)) (call $note) (i32.const 8)

;; emit without gas, then a short end
  (i64.store (P.const 8) (i64.const 1)) (call $emit (P.const 0) (i32.const 1) (i32.const 1)) (i32.const 0)

;; nop, drop and select
  (nop) (nop) (drop (select (i32.const 1) (i32.const 2) (i32.const 3))) (call $note) (i32.const 8)

;; globals
  (global.set $g (i32.add (global.get $g) (i32.const 1))) (i32.const 0)

;; grow
  (drop (memory.grow (P.const 1))) (drop (memory.size)) (call $note) (i32.const 8)

;; grow too far
  (drop (memory.grow (P.const 0xffffffff))) (call $note) (i32.const 8)

;; fill and copy
  (memory.fill (P.const 70000) (i32.const 7) (P.const 1000)) (memory.copy (P.const 80000) (P.const 70000) (P.const 1000)) (call
  $note) (i32.const 8)

;; fill past the end
  (i64.store (P.const 8) (i64.const 1)) (memory.fill (P.const 70000) (i32.const 7) (P.const 200000)) (i32.const 0)
