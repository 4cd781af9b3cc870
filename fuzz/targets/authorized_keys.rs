//! authorized_keys: whatever a file says, a line that cannot be read is told of, and only a line that lists the key admits it.

use super::core::host_key;
use super::input::Input;
use crate::authorized_keys::{AuthorizedKeys, Place, Request};

const ADDRESSES: &[&str] = &["127.0.0.1", "10.1.2.3", "::1", "::ffff:10.1.2.3", "fe80::1%eth0", "UNKNOWN", ""];
const HOSTS: &[Option<&str>] = &[None, Some("host.example.org"), Some("127.0.0.1"), Some("")];

/// The options come first and stand in front of a key that is known; then the rest of the file.
pub(super) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let (address, host) = (input.pick(ADDRESSES), input.pick(HOSTS));
    let now = if input.bool() { 1_600_000_000 } else { u64::MAX };
    let options: Vec<u8> = input.bytes().iter().copied().filter(|&b| b != b'\n').collect();
    let text = input.rest();
    let key = host_key().public().clone();
    let request = Request { user: "user", key: &key, cert: None, address, host, now };

    let mut others = AuthorizedKeys::default();
    others.add(text, "file");
    others.add_principals(text, "principals");
    let lines = text.split(|&b| b == b'\n').count();
    for rejected in others.rejected() {
        assert!((1..=lines).contains(&rejected.place.line) && !rejected.reason.is_empty());
    }
    // The key is made for the process: no input can hold it.
    assert!(others.check(&request).is_err());

    let line = [&options[..], b" ", key.to_line("c").as_bytes(), b"\n"].concat();
    let mut keys = AuthorizedKeys::default();
    keys.permit_environment(["*".to_owned()]);
    keys.add(&[&line[..], text].concat(), "file");
    let Ok(found) = keys.check(&request) else { return };
    assert_eq!((found.line, found.file.as_str()), (1, "file"));
    assert!(found.environment.iter().all(|(name, _)| !name.is_empty() && !name.contains('=')));
    assert!(found.permit_open.iter().chain(&found.permit_listen).all(|place| place.port != Some(0)));
    assert!(found.merge(&found).is_ok());
    // An authority is trusted for certificates alone.
    let mut trusting = AuthorizedKeys::default();
    trusting.add_authority(key.clone(), Place { file: "cas".into(), line: 1 });
    assert!(trusting.check(&request).is_err());
}
