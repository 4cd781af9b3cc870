//! See fuzz/targets.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sshrs::fuzz_targets::run("agent", data));
