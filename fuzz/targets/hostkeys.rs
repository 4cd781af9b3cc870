//! A server's announcement of host keys, the proof, and a client's request for it.

use super::core::host_key;
use super::input::Input;
use crate::proto::hostkeys::{announcement, prove, Announced};

const SESSION: &[u8] = b"session";

/// A byte tells whether an announcement, a proof or a request follows.
pub(super) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let keys = [host_key()];
    match input.u8() % 3 {
        0 => {
            let Ok(announced) = Announced::parse(input.rest(), keys[0].public()) else { return };
            let asked = announced.question();
            let keys = announced.into_keys();
            assert!(keys.len() <= 64 && keys.iter().filter(|key| key.in_use).count() <= 1);
            assert_eq!(asked.is_some(), keys.iter().any(|key| !key.in_use));
        }
        1 => {
            // Another key is in use: the announced one is to be proven, which takes its private half.
            let announced = Announced::parse(&announcement(&keys), other().public()).expect("one key");
            assert!(announced.verify(SESSION, input.rest()).is_err(), "a forged proof");
        }
        _ => {
            let asked = input.rest();
            let Ok(proof) = prove(&keys, SESSION, "ssh-ed25519", asked) else { return };
            let announced = Announced::parse(asked, other().public()).expect("what is proven parses");
            assert!(announced.verify(SESSION, &proof).is_ok_and(|proven| !proven.into_keys().is_empty()));
        }
    }
}

fn other() -> crate::crypto::hostkey::PrivateKey {
    crate::crypto::hostkey::PrivateKey::from_ed25519_seed(zeroize::Zeroizing::new([9; 32])).expect("a seed makes a key")
}
