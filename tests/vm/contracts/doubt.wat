;; A contract that runs a script out of its argument, and does what the answers of verifications say.
;; SAMPLES and TABLE are filled in: argument buffers from 262144 on, and from 245760 on for each its place, its length, and where its
;; function's name is and how long. `acc` takes in all that the script sees; `last` is what the last verification or call gave.
(module
  (import "env" "hq" (func $hq (param i32 i32 i32) (result i32)))
  (import "env" "c" (func $c (param i32 i32 i32 i32 i64) (result i32)))
  (import "env" "emit" (func $emit (param i32 i32 i32)))
  (import "env" "spent" (func $spent (result i64)))
  (import "env" "panic" (func $panic (param i32)))
  (memory (export "memory") 16)
  (global (export "A") i32 (i32.const 4096))
  (global $top (mut i32) (i32.const 80000))
  (data (i32.const 16) "topic")
  (data (i32.const 32) "run")
  (data (i32.const 48) "hash")
  NAMES
  TABLE
  SAMPLES

  ;; verify sample $n, its first byte changed by $change; its answer's first byte
  (func $verify (param $n i32) (param $change i32) (result i32)
    (local $row i32)
    (local.set $row (i32.add (i32.const 245760) (i32.mul (i32.const 16) (i32.rem_u (local.get $n) (i32.const COUNT)))))
    (memory.copy (i32.const 4096) (i32.load (local.get $row)) (i32.load offset=4 (local.get $row)))
    (i32.store8 (i32.const 4096) (i32.xor (i32.load8_u (i32.const 4096)) (local.get $change)))
    (drop (call $hq (i32.load offset=8 (local.get $row)) (i32.load offset=12 (local.get $row)) (i32.load offset=4 (local.get $row))))
    (i32.load8_u (i32.const 4096)))

  (func (export "run") (param $length i32) (result i32)
    (local $at i32) (local $end i32) (local $base i32) (local $op i32) (local $x i32) (local $last i32) (local $acc i32) (local $n i32)
    (local.set $base (global.get $top))
    (local.set $at (local.get $base))
    (local.set $end (i32.add (local.get $base) (local.get $length)))
    (memory.copy (local.get $base) (i32.const 4096) (local.get $length))
    (global.set $top (local.get $end))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $op (i32.load8_u (local.get $at)))
        (local.set $x (i32.load8_u offset=1 (local.get $at)))
        (local.set $at (i32.add (local.get $at) (i32.const 2)))
        ;; 0 verify sample x
        (if (i32.eq (local.get $op) (i32.const 0)) (then (local.set $last (call $verify (local.get $x) (i32.const 0)))))
        ;; 1 verify the sample that x and acc say
        (if (i32.eq (local.get $op) (i32.const 1)) (then
          (local.set $last (call $verify (i32.add (local.get $x) (i32.and (local.get $acc) (i32.const 1023))) (i32.const 0)))))
        ;; 2 verify sample x, changed by acc
        (if (i32.eq (local.get $op) (i32.const 2)) (then
          (local.set $last (call $verify (local.get $x) (i32.and (local.get $acc) (i32.const 255))))))
        ;; 3 skip x bytes if the last answer was zero
        (if (i32.eq (local.get $op) (i32.const 3)) (then
          (if (i32.eqz (local.get $last)) (then (local.set $at (i32.add (local.get $at) (local.get $x)))))))
        ;; 4 emit acc
        (if (i32.eq (local.get $op) (i32.const 4)) (then
          (i32.store (i32.const 4096) (local.get $acc))
          (call $emit (i32.const 16) (i32.const 5) (i32.and (local.get $x) (i32.const 7)))))
        ;; 5 add acc to a word of page 5 + x mod 4
        (if (i32.eq (local.get $op) (i32.const 5)) (then
          (local.set $n (i32.add (i32.const 327680) (i32.shl (i32.and (local.get $x) (i32.const 3)) (i32.const 16))))
          (i32.store (local.get $n) (i32.add (local.get $acc) (i32.load (local.get $n))))))
        ;; 6 take in a word of that page
        (if (i32.eq (local.get $op) (i32.const 6)) (then
          (local.set $last (i32.load (i32.add (i32.const 327680) (i32.shl (i32.and (local.get $x) (i32.const 3)) (i32.const 16)))))))
        (if (i32.eq (local.get $op) (i32.const 7)) (then (unreachable)))
        (if (i32.eq (local.get $op) (i32.const 8)) (then
          (i32.store (i32.const 4096) (i32.const 0x6f6e6f6e)) (call $panic (i32.and (local.get $x) (i32.const 3)))))
        ;; 9 loop 16 x times
        (if (i32.eq (local.get $op) (i32.const 9)) (then
          (local.set $n (i32.shl (local.get $x) (i32.const 4)))
          (loop $burn (br_if $burn (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0))))))
        ;; 10 call the contract 01…01 × a byte, with 64 x gas (0: what there is), with the script of the length in the byte after
        (if (i32.eq (local.get $op) (i32.const 10)) (then
          (memory.fill (i32.const 128) (i32.load8_u (local.get $at)) (i32.const 32))
          (local.set $n (i32.load8_u offset=1 (local.get $at)))
          (local.set $at (i32.add (local.get $at) (i32.const 2)))
          (memory.copy (i32.const 4096) (local.get $at) (local.get $n))
          (local.set $at (i32.add (local.get $at) (local.get $n)))
          (local.set $last (call $c (i32.const 128) (i32.const 32) (i32.const 3) (local.get $n) (i64.extend_i32_u (i32.shl (local.get $x) (i32.const 6)))))
          (local.set $acc (i32.add (local.get $acc) (i32.load (i32.const 4096))))))
        (if (i32.eq (local.get $op) (i32.const 11)) (then (local.set $last (memory.grow (i32.const 1)))))
        (if (i32.eq (local.get $op) (i32.const 12)) (then (return (i32.const -7))))
        ;; 13 acc becomes its hash
        (if (i32.eq (local.get $op) (i32.const 13)) (then
          (i32.store (i32.const 4096) (local.get $acc))
          (i64.store (i32.const 4100) (i64.const 0x4FFFFFFFC))
          (drop (call $hq (i32.const 48) (i32.const 4) (i32.const 12)))
          (local.set $acc (i32.load (i32.const 4096)))))
        (if (i32.eq (local.get $op) (i32.const 14)) (then (local.set $last (i32.wrap_i64 (call $spent)))))
        (if (i32.eq (local.get $op) (i32.const 15)) (then (local.set $last (memory.size))))
        (local.set $acc (i32.add (i32.mul (local.get $acc) (i32.const 31)) (local.get $last)))
        (br $next)))
    (global.set $top (local.get $base))
    (i32.store (i32.const 4096) (local.get $acc))
    (i32.store (i32.const 4100) (local.get $last))
    (i32.const 8))
)
