//! A key's picture ("randomart"), as OpenSSH draws it: a walk over a small board, steered by the fingerprint (Loss, Limmer,
//! von Gernler: The drunken bishop, 2009).

use super::PublicKey;
use crate::crypto::hash::HashAlg;

const WIDTH: usize = 17;
const HEIGHT: usize = 9;
/// By how often a place was visited; the last two mark the start and the end.
const MARKS: &[u8] = b" .o+=*BOX@%&#/^SE";

/// Draws the board with the key's type and size above and the hash below.
pub(super) fn draw(key: &PublicKey) -> String {
    let mut visits = [[0usize; WIDTH]; HEIGHT];
    let (mut x, mut y) = (WIDTH / 2, HEIGHT / 2);
    let most = MARKS.len() - 3;
    for byte in HashAlg::Sha256.digest(&[key.blob()]) {
        for shift in [0, 2, 4, 6] {
            let step = byte >> shift;
            x = if step & 1 == 0 { x.saturating_sub(1) } else { (x + 1).min(WIDTH - 1) };
            y = if step & 2 == 0 { y.saturating_sub(1) } else { (y + 1).min(HEIGHT - 1) };
            if let Some(place) = visits.get_mut(y).and_then(|row| row.get_mut(x)) {
                *place = (*place + 1).min(most);
            }
        }
    }
    let name = match key.key_type() {
        "ssh-ed25519" => "ED25519",
        "ssh-rsa" => "RSA",
        "sk-ssh-ed25519@openssh.com" => "ED25519-SK",
        "sk-ecdsa-sha2-nistp256@openssh.com" => "ECDSA-SK",
        _ => "ECDSA",
    };
    let mut out = frame(&format!("[{name} {}]", key.bits()));
    for (row, line) in visits.iter().enumerate() {
        out.push('|');
        for (column, &count) in line.iter().enumerate() {
            let mark = match (column, row) {
                at if at == (x, y) => MARKS.len() - 1,
                at if at == (WIDTH / 2, HEIGHT / 2) => MARKS.len() - 2,
                _ => count,
            };
            out.push(MARKS.get(mark).copied().unwrap_or(b'?').into());
        }
        out.push_str("|\n");
    }
    out.push_str(frame("[SHA256]").trim_end());
    out
}

/// A line of the frame with its title in the middle.
fn frame(title: &str) -> String {
    let before = WIDTH.saturating_sub(title.len()) / 2;
    let after = WIDTH.saturating_sub(title.len() + before);
    format!("+{}{title}{}+\n", "-".repeat(before), "-".repeat(after))
}
