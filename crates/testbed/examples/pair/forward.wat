;; A Stylus program that counts and calls on: one half of a pair, the other being `Relay.sol`.
;;
;; Input: a mode (1 byte), then what the mode takes.
;;   0  the count in slot 0
;;   1  target (20 bytes), data: counts, flushes, calls the target with the data, returns what came; a revert is passed on
;;   2  as 1, but a callee that fails is let be: returns 1 or 0 (1 byte)
;;   3  target, data: as 2, but the call comes before the flush, so that the callee does not see the count
;;   4  value (32 bytes), code: create1; returns the address (20 bytes) and the length of the revert data (4 bytes)
;;   5  value, salt (32 bytes), code: create2; the same answer
;;   6  key, value (32 bytes each): stores to transient storage
;;   7  key: loads from transient storage
;;   8  coinbase (20), number (8), gas limit (8), basefee (32), gas price (32), origin (20), sender (20), own address (20)
;;   9  counts, then traps
;;  10  target, data: static call; returns 1 or 0 (1 byte)
;;  11  target, data: delegate call; returns what came; a revert is passed on
;;  12  key, value, target, data: stores to transient storage, then as 1 without counting
(module
  (import "vm_hooks" "read_args" (func $read_args (param i32)))
  (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
  (import "vm_hooks" "storage_load_bytes32" (func $load (param i32 i32)))
  (import "vm_hooks" "storage_cache_bytes32" (func $cache (param i32 i32)))
  (import "vm_hooks" "storage_flush_cache" (func $flush (param i32)))
  (import "vm_hooks" "transient_load_bytes32" (func $tload (param i32 i32)))
  (import "vm_hooks" "transient_store_bytes32" (func $tstore (param i32 i32)))
  (import "vm_hooks" "call_contract" (func $call (param i32 i32 i32 i32 i64 i32) (result i32)))
  (import "vm_hooks" "static_call_contract" (func $static (param i32 i32 i32 i64 i32) (result i32)))
  (import "vm_hooks" "delegate_call_contract" (func $delegate (param i32 i32 i32 i64 i32) (result i32)))
  (import "vm_hooks" "read_return_data" (func $returned (param i32 i32 i32) (result i32)))
  (import "vm_hooks" "create1" (func $create1 (param i32 i32 i32 i32 i32)))
  (import "vm_hooks" "create2" (func $create2 (param i32 i32 i32 i32 i32 i32)))
  (import "vm_hooks" "msg_value" (func $value (param i32)))
  (import "vm_hooks" "msg_sender" (func $sender (param i32)))
  (import "vm_hooks" "tx_origin" (func $origin (param i32)))
  (import "vm_hooks" "tx_gas_price" (func $gas_price (param i32)))
  (import "vm_hooks" "contract_address" (func $own (param i32)))
  (import "vm_hooks" "block_coinbase" (func $coinbase (param i32)))
  (import "vm_hooks" "block_number" (func $number (result i64)))
  (import "vm_hooks" "block_gas_limit" (func $gas_limit (result i64)))
  (import "vm_hooks" "block_basefee" (func $basefee (param i32)))
  ;; 0: the key of the count; 32: the count; 64: value; 96: length of what came; 128: answer; 1023: input
  (memory (export "memory") 1 1)

  ;; Adds one to the last byte of the count and writes it to the cache.
  (func $bump
    (call $load (i32.const 0) (i32.const 32))
    (i32.store8 (i32.const 63) (i32.add (i32.load8_u (i32.const 63)) (i32.const 1)))
    (call $cache (i32.const 0) (i32.const 32)))

  ;; The data behind mode and target.
  (func $length (param $len i32) (result i32) (i32.sub (local.get $len) (i32.const 21)))

  (func $go (param $len i32) (result i32)
    (call $value (i32.const 64))
    (call $call (i32.const 1024) (i32.const 1044) (call $length (local.get $len)) (i32.const 64) (i64.const -1) (i32.const 96)))

  ;; Hands back what came, with the status as it came.
  (func $pass_on (param $status i32) (result i32)
    (drop (call $returned (i32.const 32768) (i32.const 0) (i32.load (i32.const 96))))
    (call $write_result (i32.const 32768) (i32.load (i32.const 96)))
    (local.get $status))

  (func $verdict (param $status i32)
    (i32.store8 (i32.const 128) (i32.eqz (local.get $status)))
    (call $write_result (i32.const 128) (i32.const 1)))

  (func (export "user_entrypoint") (param $len i32) (result i32)
    (local $mode i32)
    (call $read_args (i32.const 1023))
    (local.set $mode (i32.load8_u (i32.const 1023)))
    (if (i32.eq (local.get $mode) (i32.const 0)) (then
      (call $load (i32.const 0) (i32.const 32))
      (call $write_result (i32.const 32) (i32.const 32))))
    (if (i32.eq (local.get $mode) (i32.const 1)) (then
      (call $bump) (call $flush (i32.const 1))
      (return (call $pass_on (call $go (local.get $len))))))
    (if (i32.eq (local.get $mode) (i32.const 2)) (then
      (call $bump) (call $flush (i32.const 1))
      (call $verdict (call $go (local.get $len)))))
    (if (i32.eq (local.get $mode) (i32.const 3)) (then
      (call $bump)
      (call $verdict (call $go (local.get $len)))
      (call $flush (i32.const 0))))
    (if (i32.eq (local.get $mode) (i32.const 4)) (then
      (call $create1 (i32.const 1056) (i32.sub (local.get $len) (i32.const 33)) (i32.const 1024) (i32.const 128) (i32.const 148))
      (call $write_result (i32.const 128) (i32.const 24))))
    (if (i32.eq (local.get $mode) (i32.const 5)) (then
      (call $create2 (i32.const 1088) (i32.sub (local.get $len) (i32.const 65)) (i32.const 1024) (i32.const 1056) (i32.const 128) (i32.const 148))
      (call $write_result (i32.const 128) (i32.const 24))))
    (if (i32.eq (local.get $mode) (i32.const 6)) (then (call $tstore (i32.const 1024) (i32.const 1056))))
    (if (i32.eq (local.get $mode) (i32.const 7)) (then
      (call $tload (i32.const 1024) (i32.const 128))
      (call $write_result (i32.const 128) (i32.const 32))))
    (if (i32.eq (local.get $mode) (i32.const 8)) (then
      (call $coinbase (i32.const 128))
      (i64.store (i32.const 148) (call $number))
      (i64.store (i32.const 156) (call $gas_limit))
      (call $basefee (i32.const 164))
      (call $gas_price (i32.const 196))
      (call $origin (i32.const 228))
      (call $sender (i32.const 248))
      (call $own (i32.const 268))
      (call $write_result (i32.const 128) (i32.const 160))))
    (if (i32.eq (local.get $mode) (i32.const 9)) (then (call $bump) (call $flush (i32.const 0)) unreachable))
    (if (i32.eq (local.get $mode) (i32.const 10)) (then
      (call $verdict (call $static (i32.const 1024) (i32.const 1044) (call $length (local.get $len)) (i64.const -1) (i32.const 96)))))
    (if (i32.eq (local.get $mode) (i32.const 11)) (then
      (return (call $pass_on (call $delegate (i32.const 1024) (i32.const 1044) (call $length (local.get $len)) (i64.const -1) (i32.const 96))))))
    (if (i32.eq (local.get $mode) (i32.const 12)) (then
      (call $tstore (i32.const 1024) (i32.const 1056))
      (return (call $pass_on (call $call (i32.const 1088) (i32.const 1108) (i32.sub (local.get $len) (i32.const 85))
        (i32.const 64) (i64.const -1) (i32.const 96))))))
    (i32.const 0)))
