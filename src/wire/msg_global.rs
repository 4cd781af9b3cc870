//! Global requests (RFC 4254 section 4).

use super::message::messages;
use super::numbers;

messages! {
    /// SSH_MSG_GLOBAL_REQUEST, RFC 4254 section 4; `data` is parsed by the request's own struct.
    GlobalRequest = numbers::GLOBAL_REQUEST, { request: name, want_reply: bool, data: rest }
    /// SSH_MSG_REQUEST_SUCCESS, RFC 4254 section 4.
    RequestSuccess = numbers::REQUEST_SUCCESS, { data: rest }
    /// SSH_MSG_REQUEST_FAILURE, RFC 4254 section 4.
    RequestFailure = numbers::REQUEST_FAILURE, {}
}
