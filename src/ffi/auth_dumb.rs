//! keyboard-interactive with a person at stdin and stdout.

use super::text::safe;
use crate::proto::event::{Prompts, SecretBytes};
use std::io::{self, BufRead, IsTerminal, Write};
use std::mem::MaybeUninit;

/// Turns the terminal's echo off while it lives.
struct Hidden {
    before: libc::termios,
}

impl Hidden {
    fn new() -> Option<Self> {
        if !io::stdin().is_terminal() {
            return None;
        }
        let mut settings = MaybeUninit::uninit();
        // SAFETY: tcgetattr fills the struct where it returns 0.
        let before = unsafe {
            if libc::tcgetattr(libc::STDIN_FILENO, settings.as_mut_ptr()) != 0 {
                return None;
            }
            settings.assume_init()
        };
        let mut quiet = before;
        quiet.c_lflag &= !libc::ECHO;
        quiet.c_lflag |= libc::ECHONL;
        // SAFETY: a valid descriptor and settings that came from it.
        (unsafe { libc::tcsetattr(libc::STDIN_FILENO, libc::TCSAFLUSH, &quiet) } == 0).then_some(Self { before })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // SAFETY: as in `new`. There is nothing to do about a failure.
        unsafe { libc::tcsetattr(libc::STDIN_FILENO, libc::TCSAFLUSH, &self.before) };
    }
}

fn show(bytes: &[u8], end: &str) -> io::Result<()> {
    if bytes.is_empty() && !end.is_empty() {
        return Ok(());
    }
    let mut out = io::stdout().lock();
    write!(out, "{}{end}", safe(&String::from_utf8_lossy(bytes)))?;
    out.flush()
}

/// One line without its end; None at the end of input.
fn read_line(from: &mut impl BufRead) -> Option<SecretBytes> {
    let mut line = SecretBytes::default();
    if from.read_until(b'\n', &mut line).ok()? == 0 {
        return None;
    }
    while matches!(line.last(), Some(b'\n' | b'\r')) {
        line.pop();
    }
    Some(line)
}

/// Asks one round of questions.
pub(super) fn ask(prompts: &Prompts) -> Option<Vec<SecretBytes>> {
    show(&prompts.name, "\n").ok()?;
    show(&prompts.instruction, "\n").ok()?;
    let mut answers = Vec::new();
    for (text, echo) in &prompts.prompts {
        let _hidden = if *echo { None } else { Hidden::new() };
        show(text, "").ok()?;
        answers.push(read_line(&mut io::stdin().lock())?);
    }
    Some(answers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_at_its_newline_and_the_end_of_input_gives_up() {
        let mut input: &[u8] = b"secret\r\n\nlast";
        assert_eq!(read_line(&mut input).unwrap().as_slice(), b"secret");
        assert_eq!(read_line(&mut input).unwrap().as_slice(), b"");
        assert_eq!(read_line(&mut input).unwrap().as_slice(), b"last");
        assert!(read_line(&mut input).is_none());
    }
}
