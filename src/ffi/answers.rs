//! Prompts for C callbacks, and where they put their answers.

use super::arg;
use super::guard::guard_unit;
use super::types::{ssh_prompt_t, ssh_prompts_t, ssh_status_t, SSH_OK};
use crate::proto::event::{Prompts, SecretBytes};
use std::cell::RefCell;
use std::ffi::{c_char, c_void};
use zeroize::Zeroizing;

/// Where a callback puts answers.
pub struct ssh_prompt_answers_t {
    slots: RefCell<Vec<SecretBytes>>,
}

impl ssh_prompt_answers_t {
    /// Room for `count` answers, empty ones at first.
    pub(super) fn new(count: usize) -> Self {
        Self { slots: RefCell::new(vec![SecretBytes::default(); count]) }
    }

    /// The answers, if the callback did not give up.
    pub(super) fn finish(self, status: ssh_status_t) -> Option<Vec<SecretBytes>> {
        (status == SSH_OK).then(|| self.slots.into_inner())
    }
}

/// Sets one answer, inside the callback that was given the answers.
///
/// index: of the prompt, from 0.
/// answer: copied; bytes without a terminating NUL.
/// Returns SSH_OK, or SSH_ERR_INVALID_ARGUMENT where there is no such prompt.
#[no_mangle]
pub unsafe extern "C" fn ssh_prompt_answers_set(
    answers: *mut ssh_prompt_answers_t,
    index: usize,
    answer: *const c_void,
    answer_len: usize,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (answers, bytes) = unsafe { (arg::handle(answers.cast_const())?, arg::bytes(answer, answer_len)?) };
        let mut slots = answers.slots.try_borrow_mut().map_err(|_| arg::invalid("the answers are in use"))?;
        let slot = slots.get_mut(index).ok_or_else(|| arg::invalid(format!("there is no prompt {index}")))?;
        *slot = Zeroizing::new(bytes.to_vec());
        Ok(())
    })
}

/// Bytes with a NUL behind them, for C.
pub(super) fn terminated(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    out.push(0);
    out
}

/// One round of prompts in the shape C sees, together with what it points to.
pub(super) struct CPrompts {
    name: Vec<u8>,
    instruction: Vec<u8>,
    texts: Vec<(Vec<u8>, bool)>,
}

impl CPrompts {
    pub(super) fn new(prompts: &Prompts) -> Self {
        Self {
            name: terminated(&prompts.name),
            instruction: terminated(&prompts.instruction),
            texts: prompts.prompts.iter().map(|(text, echo)| (terminated(text), *echo)).collect(),
        }
    }

    /// Lends the prompts for the length of a call.
    pub(super) fn lend<T>(&self, call: impl FnOnce(&ssh_prompts_t) -> T) -> T {
        let pointer = |bytes: &[u8]| bytes.as_ptr().cast::<c_char>();
        // Each has its NUL, so nothing wraps.
        let len = |bytes: &[u8]| bytes.len().saturating_sub(1);
        let prompts: Vec<ssh_prompt_t> = self
            .texts
            .iter()
            .map(|(text, echo)| ssh_prompt_t { text: pointer(text), text_len: len(text), echo: *echo })
            .collect();
        call(&ssh_prompts_t {
            size: std::mem::size_of::<ssh_prompts_t>(),
            name: pointer(&self.name),
            name_len: len(&self.name),
            instruction: pointer(&self.instruction),
            instruction_len: len(&self.instruction),
            prompts: prompts.as_ptr(),
            prompts_len: prompts.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_land_where_they_belong() {
        let mut answers = ssh_prompt_answers_t::new(2);
        let p: *mut ssh_prompt_answers_t = &mut answers;
        // SAFETY: locals.
        unsafe {
            assert_eq!(ssh_prompt_answers_set(p, 1, b"two".as_ptr().cast(), 3), SSH_OK);
            assert!(ssh_prompt_answers_set(p, 2, std::ptr::null(), 0) < 0);
            assert!(ssh_prompt_answers_set(std::ptr::null_mut(), 0, std::ptr::null(), 0) < 0);
        }
        let answers = answers.finish(SSH_OK).unwrap();
        assert_eq!(answers.iter().map(|a| a.to_vec()).collect::<Vec<_>>(), [b"".to_vec(), b"two".to_vec()]);
        assert!(ssh_prompt_answers_t::new(1).finish(1).is_none());
    }

    #[test]
    fn prompts_are_terminated_and_counted() {
        let prompts =
            Prompts { name: b"n".to_vec(), instruction: Vec::new(), prompts: vec![(b"Password: ".to_vec(), false)] };
        CPrompts::new(&prompts).lend(|c| {
            assert_eq!((c.name_len, c.instruction_len, c.prompts_len), (1, 0, 1));
            // SAFETY: one prompt was just counted.
            let first = unsafe { &*c.prompts };
            assert_eq!((first.text_len, first.echo), (10, false));
            // SAFETY: it is NUL-terminated.
            assert_eq!(unsafe { std::ffi::CStr::from_ptr(first.text) }, c"Password: ");
        });
    }
}
