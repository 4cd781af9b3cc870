/*
 * sshrs.h - SSH-2, client and server. The C interface of libsshrs.
 *
 * Generated from src/ffi by build.rs with cbindgen; edit there.
 *
 * CONVENTIONS. Functions state only what differs from this page.
 *
 * Names      Types are ssh_noun_t, functions ssh_noun_verb. _new and _free make and release a handle, _close ends the
 *            protocol, _is_x answers a bool. Outputs are called out_x and come last. Bytes come as a pointer and a
 *            length; text that is no secret and not the peer's is NUL-terminated UTF-8.
 *
 * Status     ssh_status_t. 0 is SSH_OK; above 0 are outcomes that are no error (SSH_EOF, SSH_PARTIAL, SSH_PENDING);
 *            below 0 are errors in families: -1xx the caller's mistake, -2xx input/output and lifecycle, -3xx the peer broke the
 *            protocol, -4xx no common algorithm, -5xx authentication, -6xx a channel or request was refused, -7xx keys
 *            and host trust, -9xx a bug in this library. Test for an error with `< 0`. Codes decide; texts are for
 *            people and may change.
 *            Any function that returns a status may return SSH_ERR_INVALID_ARGUMENT (a NULL handle or output, a number
 *            out of range, text that is not UTF-8) and SSH_ERR_INTERNAL; any that needs the connection may return the
 *            error that ended it (-2xx, -3xx). An error leaves the handle usable unless it ended the connection
 *            (see ssh_transport_is_active) or the comment says more.
 *
 * Exceptions ssh_get_exception(transport) takes and clears the details of the last error on that transport or on one
 *            of its channels; ssh_get_exception(NULL) those of the calling thread's last error, whatever call failed.
 *            A time-out of a channel call is reported through the thread only, the outcome of an _event call through
 *            the transport only. A call that succeeds leaves both as they were: ask after a failure.
 *
 * Outputs    Every output is set to zero, NULL or false before anything can fail. A pointer output must not be NULL
 *            unless its comment says "may be NULL".
 *
 * Ownership  borrowed         the library uses it during the call only (for a callback's arguments: until it returns)
 *            copied           like borrowed; the library keeps a copy, wiped after use if it is a secret
 *            taken            belongs to the library from now on, also when the call fails
 *            owned result     yours; release it with the function named, ssh_string_free where none is
 *            borrowed result  the library's; valid until the event named
 *
 * Handles    Opaque, safe to use from any thread, several at once. Releasing a handle while another thread is inside a
 *            call with that same handle is the one thing you must not do. _free accepts NULL, never waits, and may be
 *            called in any order: a channel outlives its transport's handle and reports itself closed. The last handle
 *            on a connection ends it.
 *
 * Time       timeout_ms is milliseconds: 0 polls, SSH_WAIT_FOREVER (-1) has no bound, SSH_WAIT_DEFAULT (-2) uses what
 *            the transport's options or ssh_channel_settimeout say. Expiry is SSH_ERR_TIMEOUT and does no harm unless
 *            the comment says so. Anything that waits is woken by the end of the connection and by _close. A question to
 *            the peer is not taken back by a bound that passes, so asking again with 0 asks twice: to ask without waiting
 *            use the _begin or _event function.
 *
 * Options    Structs that begin with `size_t size` are initialised with their _INIT macro. A zero field means the
 *            default; a NULL pointer to the struct means all defaults. They are copied at the call. Newer versions only
 *            append fields.
 *
 * Callbacks  Run with none of the library's locks held and may call any function of the library. Those of a call run
 *            on the calling thread, before it returns; others run on the library's threads. `destroy`, where there is
 *            one, runs exactly once, after the last callback is over. C++ exceptions must not leave a callback.
 *
 * Text       Texts in results have control characters escaped and are safe for a terminal, except where the comment
 *            says "raw". No secret ever enters a text.
 *
 * Process    No global initialisation, no signal handler, no SIGPIPE. No environment variable is read, but for
 *            SSH_AUTH_SOCK by ssh_agent_connect without a path, and by ssh_host_config_get_expanded and
 *            ssh_connect_alias those that the configuration's values name. The library may
 *            be loaded with dlopen but not unloaded. After fork, the child may only call ssh_transport_atfork and _free on
 *            handles it inherited; new handles are made in the process that uses them.
 *
 * Versions   Everything is there since 0.1.0 unless the comment says otherwise.
 */
#ifndef SSHRS_H
#define SSHRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
