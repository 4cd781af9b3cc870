//! Authentication that completes an event instead of blocking its caller: the same steps, on the pool.

use super::auth::{password_on, publickey_on, AuthResult};
use super::deadline::Deadline;
use super::event::Event;
use super::requests::no_session;
use super::runtime::Runtime;
use super::shared::Shared;
use super::transport::Transport;
use crate::crypto::hostkey::PrivateKey;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::proto::event::SecretBytes;
use std::sync::Arc;

impl Transport {
    /// As [`Transport::auth_password`] without a change callback. `done` is set at the end; the result is in
    /// [`Transport::is_authenticated`] and [`Transport::take_exception`].
    pub fn auth_password_event(&self, user: &str, password: &[u8], fallback: bool, done: &Event) -> Result<()> {
        let (user, password) = (user.to_owned(), SecretBytes::new(password.to_vec()));
        self.on_pool(done, move |shared| password_on(shared, &user, &password, fallback, None, Deadline::never()))
    }

    /// As [`Transport::auth_publickey`]; see [`Transport::auth_password_event`].
    pub fn auth_publickey_event(&self, user: &str, key: &PrivateKey, done: &Event) -> Result<()> {
        let (user, key) = (user.to_owned(), key.clone());
        self.on_pool(done, move |shared| publickey_on(shared, &user, &key, Deadline::never()))
    }

    fn on_pool(
        &self,
        done: &Event,
        work: impl FnOnce(&Arc<Shared>) -> Result<AuthResult> + Send + 'static,
    ) -> Result<()> {
        {
            let mut core = self.shared().lock()?;
            if !core.is_active() {
                core.live()?;
                return Err(no_session());
            }
            let why = if core.live()?.is_authenticated() {
                "already authenticated"
            } else if core.auth.busy || core.auth_event {
                "another attempt is running"
            } else {
                ""
            };
            if !why.is_empty() {
                return Err(Error::new(ErrorKind::InvalidState, why));
            }
            core.auth_event = true;
        }
        // Not a handle: an application that drops its transport ends the attempt.
        let shared = Arc::clone(self.shared());
        let done = AtEnd { shared: Arc::clone(&shared), event: done.clone() };
        Runtime::get().pool.spawn(Box::new(move || {
            match work(&shared) {
                Ok(result) if result.left.is_empty() => {}
                Ok(result) => shared.replace_exception(
                    Error::new(ErrorKind::AuthFailed, "accepted; more authentication is needed").at(Stage::Auth).with(
                        |detail| {
                            detail.partial = true;
                            detail.methods = result.left;
                        },
                    ),
                ),
                Err(error) => shared.replace_exception(error),
            }
            drop(done);
        }))
    }
}

/// Makes way for the next attempt and sets its event, whatever happens, a panic included.
struct AtEnd {
    shared: Arc<Shared>,
    event: Event,
}

impl Drop for AtEnd {
    fn drop(&mut self) {
        if let Ok(mut core) = self.shared.lock() {
            core.auth_event = false;
        }
        self.event.set();
    }
}
