//! keyboard-interactive rounds (RFC 4256): what both roles count, and the messages in the core's own types.

use super::check_content;
use crate::error::{Error, ErrorKind, Result};
use crate::proto::event::{Prompts, SecretBytes};
use crate::proto::outbox::Outbox;
use crate::wire::msg_auth::{InfoRequest, InfoResponse, MAX_PROMPTS};

/// The rounds of one attempt.
#[derive(Debug)]
pub(super) struct Rounds {
    left: u32,
    /// Prompts of the open round.
    expected: usize,
}

impl Rounds {
    /// At most `most` rounds.
    pub(super) const fn new(most: u32) -> Self {
        Self { left: most, expected: 0 }
    }

    /// Opens a round of so many prompts; false when the attempt has used its rounds up.
    #[must_use]
    pub(super) fn open(&mut self, prompts: usize) -> bool {
        self.expected = prompts;
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }

    /// How many answers the open round wants.
    pub(super) const fn expected(&self) -> usize {
        self.expected
    }
}

/// An INFO_REQUEST in the core's type.
pub(super) fn prompts_of(message: &InfoRequest<'_>) -> Prompts {
    Prompts {
        name: message.name.to_vec(),
        instruction: message.instruction.to_vec(),
        prompts: message.prompts.iter().map(|(text, echo)| (text.to_vec(), *echo)).collect(),
    }
}

/// Whether the application's prompts fit one message.
pub(super) fn check_prompts(prompts: &Prompts) -> Result<()> {
    if prompts.prompts.len() > usize::try_from(MAX_PROMPTS).unwrap_or(usize::MAX) {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("{} prompts in one round; at most {MAX_PROMPTS}", prompts.prompts.len()),
        ));
    }
    let texts: usize = prompts.prompts.iter().map(|(text, _)| text.len() + 5).sum();
    check_content(prompts.name.len() + prompts.instruction.len() + texts)
}

/// Sends an INFO_REQUEST.
pub(super) fn send_prompts(out: &mut Outbox, prompts: &Prompts) {
    let message = InfoRequest {
        name: &prompts.name,
        instruction: &prompts.instruction,
        prompts: prompts.prompts.iter().map(|(text, echo)| (text.as_slice(), *echo)).collect(),
    };
    out.message(|buf| message.encode(buf));
}

/// Whether the answers fit one message.
pub(super) fn check_answers(answers: &[SecretBytes]) -> Result<()> {
    check_content(answers.iter().map(|answer| answer.len() + 4).sum())
}

/// Sends an INFO_RESPONSE.
pub(super) fn send_answers(out: &mut Outbox, answers: &[SecretBytes]) {
    let message = InfoResponse { answers: answers.iter().map(|answer| answer.as_slice()).collect() };
    out.message(|buf| message.encode(buf));
}

/// An INFO_RESPONSE's answers, copied into memory that is wiped.
pub(super) fn answers_of(payload: &[u8]) -> Result<Vec<SecretBytes>> {
    let message = InfoResponse::parse(payload)?;
    Ok(message.answers.iter().map(|answer| SecretBytes::new(answer.to_vec())).collect())
}
