//! Every input of the corpus, as a part of `cargo test`.

use super::{run, TARGETS};
use std::fs;
use std::path::{Path, PathBuf};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus")
}

#[test]
fn the_corpus_breaks_nothing() {
    for (target, _) in TARGETS {
        let inputs = fs::read_dir(corpus().join(target)).unwrap_or_else(|e| panic!("no corpus for {target}: {e}"));
        let mut replayed = 0;
        for input in inputs {
            let path = input.unwrap().path();
            let data = fs::read(&path).unwrap();
            let done = std::panic::catch_unwind(|| run(target, &data));
            assert!(done.is_ok(), "{} breaks {target}", path.display());
            replayed += 1;
        }
        assert!(replayed > 0, "the corpus of {target} is empty");
    }
}

#[test]
fn every_target_has_its_binary() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/Cargo.toml")).unwrap();
    for (target, _) in TARGETS {
        assert!(manifest.contains(&format!("name = \"{target}\"\n")), "{target} is not in fuzz/Cargo.toml");
    }
    let folders = fs::read_dir(corpus()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    for folder in folders {
        assert!(TARGETS.iter().any(|(target, _)| **target == folder), "a corpus without a target: {folder}");
    }
}

#[test]
fn empty_and_short_inputs_break_nothing() {
    for (target, _) in TARGETS {
        run(target, b"");
        for byte in [0, 1, 2, 7, 128, 255] {
            run(target, &[byte]);
            run(target, &[byte; 64]);
        }
    }
}
