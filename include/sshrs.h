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

/** The version of the library this header belongs to. */
#define SSHRS_VERSION "0.1.0"

/* ==== Types ==================================================================================================== */

/** A connection to an agent. */
typedef struct ssh_agent_t ssh_agent_t;

/** Keys an agent listed. */
typedef struct ssh_agent_keys_t ssh_agent_keys_t;

/** An agent: a keyring in memory, and those it answers. */
typedef struct ssh_agent_server_t ssh_agent_server_t;

/** A use of a key that is to be confirmed. */
typedef struct ssh_agent_confirm_t ssh_agent_confirm_t;

/** Where a callback puts answers. */
typedef struct ssh_prompt_answers_t ssh_prompt_answers_t;

/** Whom a server admits. */
typedef struct ssh_authorized_keys_t ssh_authorized_keys_t;

/** A certificate of a user's or host's key, whose signature by the authority it names is verified. */
typedef struct ssh_cert_t ssh_cert_t;

/** Options of a command line and of files, in OpenSSH's format, for hosts to be looked up in. */
typedef struct ssh_config_t ssh_config_t;

/** A flag that can be waited for. */
typedef struct ssh_event_t ssh_event_t;

/** Everything known about an error. */
typedef struct ssh_exception_t ssh_exception_t;

/** What a command printed and how it ended. */
typedef struct ssh_exec_result_t ssh_exec_result_t;

/** One SSH connection. */
typedef struct ssh_transport_t ssh_transport_t;

/** One channel of a connection. */
typedef struct ssh_channel_t ssh_channel_t;

/** The options of one host. It never changes, so results borrowed from it live as long as it. */
typedef struct ssh_host_config_t ssh_host_config_t;

/** A public or private key. */
typedef struct ssh_key_t ssh_key_t;

/** Which host keys are trusted. */
typedef struct ssh_known_hosts_t ssh_known_hosts_t;

/** A key revocation list: which keys and certificates are no longer good. */
typedef struct ssh_krl_t ssh_krl_t;

/** What a user may do; never changes. */
typedef struct ssh_permissions_t ssh_permissions_t;

/** Tells which of many channels, transports and events are ready, through one descriptor: for event loops. */
typedef struct ssh_ready_t ssh_ready_t;

/** A channel made one with a descriptor, or with another channel; data goes both ways without the application. */
typedef struct ssh_relay_t ssh_relay_t;

/** A transport's algorithm lists. */
typedef struct ssh_security_options_t ssh_security_options_t;

/** A signature that is asked for. */
typedef struct ssh_sign_request_t ssh_sign_request_t;

/** SSHFP records of a host, as a lookup finds them; see ssh_sshfp_answer_add. */
typedef struct ssh_sshfp_answer_t ssh_sshfp_answer_t;

/** One question to a server's application. */
typedef struct ssh_ticket_t ssh_ticket_t;

/** Success. */
#define SSH_OK 0

/** The end of the stream: no more data will come. */
#define SSH_EOF 1

/** An authentication step was accepted and another must follow. */
#define SSH_PARTIAL 2

/** What was begun is not answered yet. */
#define SSH_PENDING 3

/** No bound on the waiting. */
#define SSH_WAIT_FOREVER (-1)

/** The bound set for the handle: see each function. */
#define SSH_WAIT_DEFAULT (-2)

/** The error is that of a call, a channel or a file; the connection, if there is one, was not the cause. */
#define SSH_STAGE_NONE 0

/** Resolving and connecting. */
#define SSH_STAGE_CONNECT 1

/** Exchange of identification strings (RFC 4253 section 4.2). */
#define SSH_STAGE_IDENT 2

/** Key exchange (RFC 4253 sections 7 and 8). */
#define SSH_STAGE_KEX 3

/** Authentication (RFC 4252). */
#define SSH_STAGE_AUTH 4

/** The connection protocol (RFC 4254). */
#define SSH_STAGE_OPEN 5

/** Key exchange methods. */
#define SSH_LIST_KEX 1

/** Host key algorithms. */
#define SSH_LIST_HOST_KEY 2

/** Ciphers, both directions. */
#define SSH_LIST_CIPHER 3

/** Ciphers, client to server. */
#define SSH_LIST_CIPHER_C2S 4

/** Ciphers, server to client. */
#define SSH_LIST_CIPHER_S2C 5

/** MACs, both directions. */
#define SSH_LIST_MAC 6

/** MACs, client to server. */
#define SSH_LIST_MAC_C2S 7

/** MACs, server to client. */
#define SSH_LIST_MAC_S2C 8

/** Compression, both directions. */
#define SSH_LIST_COMPRESSION 9

/** Compression, client to server. */
#define SSH_LIST_COMPRESSION_C2S 10

/** Compression, server to client. */
#define SSH_LIST_COMPRESSION_S2C 11

/**
 * Signature algorithms for public key authentication. To name those of certificates ("...-cert-v01@openssh.com") lets a
 * server's users log in with them, as far as check_auth_publickey grants it; they are off by default.
 */
#define SSH_LIST_PUBKEY 12

/** OpenSSH's own format. */
#define SSH_KEY_FORMAT_OPENSSH 0

/**
 * PKCS#8 in PEM (RFC 5958), which OpenSSL and most other programs read; a comment given is not written. OpenSSH reads ed25519 keys in it since 9.6.
 */
#define SSH_KEY_FORMAT_PKCS8 1

/**
 * PKCS#1 for RSA keys, SEC1 for ECDSA keys, none for ed25519: what programs read that know nothing newer. Only without
 * a passphrase.
 */
#define SSH_KEY_FORMAT_PEM 2

/** The host key must be the one given, or known. */
#define SSH_HOSTKEY_CHECK 0

/**
 * An unknown host key is accepted as well; a changed or revoked one is not. It is not remembered: ssh_known_hosts_add
 * does that.
 */
#define SSH_HOSTKEY_ACCEPT_NEW 1

/** No check: whoever answers gets the credentials. */
#define SSH_HOSTKEY_ANY 2

/** The host is known with this key. */
#define SSH_KNOWN_HOST_MATCH 1

/** Nothing is known about the host. */
#define SSH_KNOWN_HOST_UNKNOWN 2

/** The host is known with another key. */
#define SSH_KNOWN_HOST_MISMATCH 3

/** The key is marked as revoked. */
#define SSH_KNOWN_HOST_REVOKED 4

/** A line of a known_hosts file without a marker: the key is the host's. */
#define SSH_KNOWN_HOST_PLAIN 0

/** A line with @cert-authority: the key signs certificates of hosts. */
#define SSH_KNOWN_HOST_CERT_AUTHORITY 1

/** A line with @revoked: the key must not be used. */
#define SSH_KNOWN_HOST_MARKED_REVOKED 2

/** No log. */
#define SSH_LOG_NONE 0

/** Why a connection failed. */
#define SSH_LOG_ERROR 1

/** What looks wrong but goes on. */
#define SSH_LOG_WARNING 2

/** One line per step of a connection. */
#define SSH_LOG_INFO 3

/** Messages and decisions, and dumps where asked for. */
#define SSH_LOG_DEBUG 4

/** Ends reading. */
#define SSH_SHUT_RD 0

/** Ends writing. */
#define SSH_SHUT_WR 1

/** Ends both. */
#define SSH_SHUT_RDWR 2

/** ssh_channel_recv would not wait: data, the end of it, or an error. */
#define SSH_READY_READABLE 1

/** ssh_channel_recv_stderr would not wait. */
#define SSH_READY_READABLE_STDERR 2

/** ssh_channel_send is worth trying, as ssh_channel_fileno_send says. */
#define SSH_READY_WRITABLE 4

/** The channel was closed, by either side or with its connection; on a transport: the connection is over. */
#define SSH_READY_CLOSED 8

/** ssh_channel_recv_exit_status would not wait. */
#define SSH_READY_EXIT_STATUS 16

/** An event is set; on a channel: ssh_channel_finish has an answer. */
#define SSH_READY_DONE 32

/** ssh_transport_accept would not wait. */
#define SSH_READY_ACCEPTABLE 64

/** No state: clears the handle's interest when it is told. */
#define SSH_READY_ONESHOT 256

/** A terminal may be asked for. */
#define SSH_PERMIT_PTY 1

/** An agent may be forwarded. */
#define SSH_PERMIT_AGENT_FORWARDING 2

/** X11 may be forwarded. */
#define SSH_PERMIT_X11_FORWARDING 3

/** Ports and Unix sockets may be forwarded. */
#define SSH_PERMIT_PORT_FORWARDING 4

/** The user's ~/.ssh/rc may be run, which is the application's part. */
#define SSH_PERMIT_USER_RC 5

/** What has no name here, tunnels for one; not where "restrict" was said. */
#define SSH_PERMIT_OTHERS 6

/** A user's certificate. */
#define SSH_CERT_USER 1

/** A host's certificate. */
#define SSH_CERT_HOST 2

/** The outcome of a call: SSH_OK, SSH_EOF, SSH_PARTIAL, SSH_PENDING or SSH_ERR_*. */
typedef int32_t ssh_status_t;

/**
 * Settings of a transport, for the ssh_transport_new_* functions; initialise with SSH_TRANSPORT_OPTIONS_INIT. In the
 * times SSH_WAIT_FOREVER lifts the bound.
 */
typedef struct ssh_transport_options_t {
    /** sizeof(ssh_transport_options_t). */
    size_t size;
    /**
     * Receive window of new channels, bytes; brought into [32768, 2^32-1]. Default 2097152, from where it grows; a size set
     * here stays unless max_window is set too.
     */
    uint64_t window;
    /** Largest data packet accepted on a channel, bytes; brought into [4096, 2^32-1]. Default 32768. */
    uint64_t max_packet;
    /** Resolving and connecting with SSH_WAIT_DEFAULT. Default 30000. */
    int64_t connect_timeout_ms;
    /** The peer's identification string. Default 15000. */
    int64_t banner_timeout_ms;
    /** One key exchange. Default 15000. */
    int64_t handshake_timeout_ms;
    /** The server's answer to one authentication request. Default 30000. */
    int64_t auth_timeout_ms;
    /** Opening a channel with SSH_WAIT_DEFAULT. Default 3600000. */
    int64_t channel_timeout_ms;
    /** A send that a key exchange holds back. Default 30000. */
    int64_t send_timeout_ms;
    /** How long closing may try to send DISCONNECT. Default 1000. */
    int64_t close_timeout_ms;
    /** New keys after this many bytes in one direction, and never above the cipher's own bound. Default 2^30. */
    uint64_t rekey_bytes;
    /** New keys after this many packets in one direction. Default 2^31. */
    uint64_t rekey_packets;
    /** New keys after this long. Default 3600000. */
    int64_t rekey_interval_ms;
    /**
     * Copied; what follows "SSH-2.0-" in our identification string. Default "sshrs_" and the version. 1 to
     * 200 printable ASCII characters without space and '-'.
     */
    const char *software;
    /** Server: from the start to a successful login. Default 120000. */
    int64_t login_grace_ms;
    /** Server: bytes taken from a client that is not logged in. Default 4194304. */
    uint64_t max_preauth_bytes;
    /** Server: packets taken from a client that is not logged in. Default 2000. */
    uint64_t max_preauth_packets;
    /** Server: failed attempts, whatever the method and user, after which the connection ends. Default 6. */
    uint32_t max_auth_attempts;
    /** Server: rounds of questions in one keyboard-interactive attempt. Default 16. */
    uint32_t max_interactive_rounds;
    /**
     * Channels at once, both sides' together. One counts until it is closed, its handles are freed, and, if the peer
     * opened it, it was accepted. Default 1000.
     */
    uint32_t max_channels;
    /** Server: environment variables for one channel. Default 128. */
    uint32_t max_environment;
    /** Requests on one channel that are not answered yet. With so many, the peer's input waits. Default 64. */
    uint32_t max_pending_requests;
    /** Global requests that are not answered yet. With so many, the peer's input waits. Default 64. */
    uint32_t max_pending_globals;
    /** Which of a host's addresses are tried: 4 for IPv4 only, 6 for IPv6 only. Default 0: all. */
    uint32_t address_family;
    /**
     * Server: do not tell clients all host keys once they are in, and do not prove to hold them
     * (ssh_transport_set_hostkeys_handler is the other end of it).
     */
    bool no_hostkeys;
    /**
     * Bits that an RSA key of the peer must have, as RequiredRSASize of OpenSSH: the server's host key, or else connecting
     * fails with SSH_ERR_KEY_WEAK; on a server a user's key, or else it is refused. From 2048, below which keys are not
     * read at all, to 16384. Default 2048.
     */
    uint32_t required_rsa_size;
    /**
     * What a channel's receive window may grow to, bytes, and what the windows of all channels together may grow by;
     * brought into [32768, 2^32-1]. A window doubles while the peer fills more than half of it in one round trip and the
     * application reads what arrives; that of a channel nobody reads never grows. A value up to that of window turns
     * growth off. Default 67108864, or the value of window where that is set.
     */
    uint64_t max_window;
} ssh_transport_options_t;

/**
 * A byte stream of the caller's, for ssh_transport_new_stream; initialise with SSH_STREAM_INIT. send and recv are
 * called from two threads of the library, one for each, and may block until close is called.
 */
typedef struct ssh_stream_t {
    /** sizeof(ssh_stream_t). */
    size_t size;
    /** Passed to every function. */
    void *user_data;
    /** Takes 1 to data_len bytes and returns how many; 0: closed; below 0: failed. */
    int64_t (*send)(void *user_data, const void *data, size_t data_len);
    /** Puts 1 to buf_len bytes into buf and returns how many; 0: the stream ended; below 0: failed. */
    int64_t (*recv)(void *user_data, void *buf, size_t buf_len);
    /** Makes send and recv return. May come from any thread and more than once. */
    void (*close)(void *user_data);
    /** May be NULL. Told once, before the first byte, how long send and recv may block: SSH_WAIT_FOREVER. */
    void (*settimeout)(void *user_data, int64_t timeout_ms);
    /** May be NULL. Releases user_data. */
    void (*destroy)(void *user_data);
} ssh_stream_t;

/**
 * Looks up the SSHFP records of a host (RFC 4255) and adds them to the answer. Runs on the thread of
 * ssh_transport_connect with no lock held, and may block; the deadline does not interrupt it. Not called for addresses.
 */
typedef void (*ssh_sshfp_lookup_cb_t)(void *user_data, const char *host, ssh_sshfp_answer_t *answer);

/** What ssh_transport_connect checks and logs in with; initialise with SSH_CONNECT_OPTIONS_INIT. */
typedef struct ssh_connect_options_t {
    /** sizeof(ssh_connect_options_t). */
    size_t size;
    /** Borrowed; the server's key must be this one. */
    const ssh_key_t *hostkey;
    /** Borrowed; where to look the server up if hostkey is NULL. */
    const ssh_known_hosts_t *known_hosts;
    /**
     * Borrowed; the name to look up. Default: the host given to ssh_transport_new_host or ssh_transport_new_address.
     */
    const char *known_host_name;
    /**
     * The port to look up. Default: the port given to ssh_transport_new_host or ssh_transport_new_address; 22
     * for all other transports, which know of none.
     */
    uint32_t known_host_port;
    /** SSH_HOSTKEY_CHECK, SSH_HOSTKEY_ACCEPT_NEW or SSH_HOSTKEY_ANY. */
    int32_t hostkey_policy;
    /** Borrowed; NULL: negotiate and check the host key, do not log in. */
    const char *username;
    /** Borrowed; the private key to log in with, tried first. NULL: none. */
    const ssh_key_t *key;
    /** Copied; the password, tried after the key. NULL: none. */
    const void *password;
    /** Its bytes. */
    size_t password_len;
    /**
     * Looks up SSHFP records of the host, beside known_hosts, as ssh does with VerifyHostKeyDNS: a validated record that
     * fits is enough, unless the key is revoked; one that does not fit keeps SSH_HOSTKEY_ACCEPT_NEW from accepting an
     * unknown key; a record that fits but is not validated is only told of. NULL: nobody.
     */
    ssh_sshfp_lookup_cb_t sshfp_lookup;
    /** Passed to sshfp_lookup. */
    void *sshfp_user_data;
} ssh_connect_options_t;

/** How to open a channel; initialise with SSH_CHANNEL_OPTIONS_INIT. */
typedef struct ssh_channel_options_t {
    /** sizeof(ssh_channel_options_t). */
    size_t size;
    /** Receive window, bytes; one set here never grows. Default: the transport's. */
    uint64_t window;
    /** Largest data packet accepted, bytes. Default: the transport's. */
    uint64_t max_packet;
    /** Borrowed; where to connect, for "direct-tcpip" and "forwarded-tcpip". */
    const char *dest_host;
    /** Borrowed; where the connection comes from, for those two and "x11". Default "127.0.0.1". */
    const char *src_host;
    /** Port of dest_host. */
    uint32_t dest_port;
    /** Port of src_host. */
    uint32_t src_port;
    /** Borrowed; the type-specific data of any other kind of channel (RFC 4254 section 5.1). */
    const void *open_data;
    /** Its bytes. */
    size_t open_data_len;
    /**
     * Borrowed; the Unix socket, for "direct-streamlocal@openssh.com" and "forwarded-streamlocal@openssh.com"; NULL:
     * open_data is used.
     */
    const char *dest_path;
} ssh_channel_options_t;

/** Releases what user_data points to. */
typedef void (*ssh_destroy_cb_t)(void *user_data);

/** Who takes the channels of a forward; initialise with SSH_FORWARD_HANDLER_INIT. */
typedef struct ssh_forward_handler_t {
    /** sizeof(ssh_forward_handler_t). */
    size_t size;
    /** Passed to start. Several channels may be taken at once. */
    void *user_data;
    /**
     * May be NULL. Releases user_data, once, when the forward is over or has another handler, or the connection is
     * over, and start has returned from its last call.
     */
    ssh_destroy_cb_t destroy;
    /**
     * Takes a channel, on a thread of its own; may block. The channel is the application's, to be freed with
     * ssh_channel_free, here or later; ssh_channel_get_kind, _get_origin and _get_destination tell what it is for.
     */
    void (*start)(void *user_data, ssh_channel_t *channel);
} ssh_forward_handler_t;

/** A host key a server proved to hold. */
typedef struct ssh_host_key_t {
    /** Borrowed, until the callback returns. */
    const ssh_key_t *key;
    /**
     * It signed the key exchange, so that it is the one ssh_transport_connect checked. No key of the list does where that
     * was one the server no longer announces.
     */
    bool in_use;
} ssh_host_key_t;

/**
 * Takes all of a server's host keys, each proven; those of types this library does not know are left out. Runs on a
 * library thread with no lock held, and may block.
 */
typedef void (*ssh_hostkeys_cb_t)(void *user_data, const struct ssh_host_key_t *keys, size_t keys_len);

/** A line of a known_hosts file. All of it is borrowed, until the callback returns. */
typedef struct ssh_known_host_t {
    /** The path given to ssh_known_hosts_load_file or ssh_known_hosts_add, or "memory". */
    const char *file;
    /** The line there, from 1. */
    size_t line;
    /** SSH_KNOWN_HOST_PLAIN, _CERT_AUTHORITY or _MARKED_REVOKED. */
    int32_t marker;
    /** The line's key; NULL where it cannot be read, or is too weak. */
    const ssh_key_t *key;
    /** The line as it is, without its end; raw, also NUL-terminated. */
    const char *text;
    /** Its bytes. */
    size_t text_len;
    /** What follows the key; raw, up to the first NUL. */
    const char *comment;
} ssh_known_host_t;

/** Takes a line of a known_hosts file. Runs on the calling thread with no lock held. */
typedef void (*ssh_known_host_cb_t)(void *user_data, const struct ssh_known_host_t *line);

/** One question of keyboard-interactive authentication. */
typedef struct ssh_prompt_t {
    /** Raw; also NUL-terminated. */
    const char *text;
    /** Its bytes. */
    size_t text_len;
    /** The answer may be shown while it is typed. */
    bool echo;
} ssh_prompt_t;

/**
 * One round of questions (RFC 4256 section 3.2). The texts are the server's, raw, also NUL-terminated: filter control
 * characters before showing them.
 */
typedef struct ssh_prompts_t {
    /** sizeof(ssh_prompts_t) as the library knows it. */
    size_t size;
    /** Title. */
    const char *name;
    /** Its bytes. */
    size_t name_len;
    /** Instructions. */
    const char *instruction;
    /** Their bytes. */
    size_t instruction_len;
    /** The questions. */
    const ssh_prompt_t *prompts;
    /** How many; may be 0: show name and instruction, answer nothing. */
    size_t prompts_len;
} ssh_prompts_t;

/**
 * Answers one round of questions: puts an answer for each with ssh_prompt_answers_set and returns SSH_OK. A question
 * without an answer gets an empty one; any other return value gives up (SSH_ERR_AUTH_ABORTED).
 */
typedef ssh_status_t (*ssh_interactive_cb_t)(void *user_data,
                                             const ssh_prompts_t *prompts,
                                             ssh_prompt_answers_t *answers);

/**
 * Asked for a new password (RFC 4252 section 8): puts it with ssh_prompt_answers_set at index 0 and returns SSH_OK;
 * any other return value gives up (SSH_ERR_AUTH_ABORTED). The prompt is the server's, raw, also NUL-terminated.
 */
typedef ssh_status_t (*ssh_password_change_cb_t)(void *user_data,
                                                 const char *prompt,
                                                 size_t prompt_len,
                                                 ssh_prompt_answers_t *answers);

/** How ssh_transport_auth_password behaves beyond the plain case; initialise with SSH_PASSWORD_OPTIONS_INIT. */
typedef struct ssh_password_options_t {
    /** sizeof(ssh_password_options_t). */
    size_t size;
    /** Do not fall back to keyboard-interactive where the server refuses the method "password". */
    bool no_fallback;
    /** NULL: a demanded change of the password is SSH_ERR_AUTH_PASSWORD_CHANGE. */
    ssh_password_change_cb_t change;
    /** Passed to change. */
    void *user_data;
} ssh_password_options_t;

/**
 * Receives one line of the log; level is SSH_LOG_*, channel the name set with ssh_transport_set_log_channel, for lines
 * about a channel with its name behind it. Runs on any thread, on several at once too.
 */
typedef void (*ssh_log_cb_t)(void *user_data, uint32_t level, const char *channel, const char *text);

/** Who wants to log in, for ssh_authorized_keys_check; initialise with SSH_AUTHORIZED_KEYS_REQUEST_INIT. */
typedef struct ssh_authorized_keys_request_t {
    /** sizeof(ssh_authorized_keys_request_t). */
    size_t size;
    /** The user to log in as; borrowed. */
    const char *user;
    /** The key as a hook receives it, with its certificate if there is one; borrowed. */
    const ssh_key_t *key;
    /**
     * The peer's address in numbers, as ssh_transport_getpeername gives it; borrowed. NULL: not known, which fits no
     * address.
     */
    const char *address;
    /**
     * The peer's name, where the application looked one up; borrowed; NULL: none. Whoever controls the peer's reverse DNS
     * chooses it.
     */
    const char *host;
    /** Seconds since 1970; 0: by the machine's clock. */
    uint64_t now;
} ssh_authorized_keys_request_t;

/** How a private key is written. Initialise with SSH_KEY_WRITE_OPTIONS_INIT. */
typedef struct ssh_key_write_options_t {
    /** sizeof(ssh_key_write_options_t). */
    size_t size;
    /** One of SSH_KEY_FORMAT_*. */
    uint32_t format;
    /**
     * Rounds of the key derivation that slows down guessing the passphrase; 0: 24 of bcrypt, or 600,000 of PBKDF2.
     */
    uint32_t rounds;
    /**
     * What to encrypt with (aes256-ctr, or AES-256-CBC in PKCS#8); copied; any bytes; NULL: nothing is encrypted.
     */
    const void *passphrase;
    /** Its bytes; not 0 where there is a passphrase. */
    size_t passphrase_len;
    /** One line; copied; NULL: none. */
    const char *comment;
    /** Whether a file that exists is replaced; if not, it is SSH_ERR_FILE. */
    bool replace;
} ssh_key_write_options_t;

/** What a certificate is wanted for. Initialise with SSH_CERT_CHECK_OPTIONS_INIT. */
typedef struct ssh_cert_check_options_t {
    /** sizeof(ssh_cert_check_options_t). */
    size_t size;
    /** Who presents it: SSH_CERT_USER or SSH_CERT_HOST; 0: a user. */
    uint32_t kind;
    /**
     * Whether a certificate that lists no principals is for every name. OpenSSH took such certificates of hosts, and of users
     * whose authority is in their own authorized_keys, until 10.3.
     */
    bool no_principals_is_any;
    /** The time in seconds since 1970; 0: now. */
    uint64_t now;
    /** The names it is wanted for, of which it must list one; a host's may list patterns. NULL: any name. */
    const char *const *principals;
    /** How many. */
    size_t principal_count;
    /**
     * The keys of the authorities that are trusted. NULL: whoever calls compares ssh_cert_get_signature_key itself.
     */
    const ssh_key_t *const *authorities;
    /** How many. */
    size_t authority_count;
    /**
     * The algorithms of the authority's signature that are accepted. NULL: all that are known but SHA-1's "ssh-rsa".
     */
    const char *const *ca_algorithms;
    /** How many. */
    size_t ca_algorithm_count;
    /** What is revoked; NULL: nothing. */
    const ssh_krl_t *krl;
    /** The IP address a user connects from, for source-address; NULL: source-address is not looked at. */
    const char *peer_address;
} ssh_cert_check_options_t;

/** A critical option or an extension. */
typedef struct ssh_cert_option_t {
    /** Its name. */
    const char *name;
    /** Its value; NULL: it has none, as permit-pty. */
    const void *value;
    /** The value's bytes. */
    size_t value_len;
} ssh_cert_option_t;

/** What a new certificate says. Initialise with SSH_CERT_ISSUE_OPTIONS_INIT. All of it is copied. */
typedef struct ssh_cert_issue_options_t {
    /** sizeof(ssh_cert_issue_options_t). */
    size_t size;
    /** SSH_CERT_USER or SSH_CERT_HOST; 0: a user's. */
    uint32_t kind;
    /**
     * Whether a user's certificate has the extensions below alone. Otherwise it has permit-X11-forwarding,
     * permit-agent-forwarding, permit-port-forwarding, permit-pty and permit-user-rc too, as ssh-keygen gives them.
     */
    bool no_default_extensions;
    /** A number for revocation, each once; 0: none. */
    uint64_t serial;
    /** A name for logs and revocation; NULL: empty. */
    const char *key_id;
    /** The user or host names it is for, at most 256. Without any, it is good for nothing on most servers. */
    const char *const *principals;
    /** How many. */
    size_t principal_count;
    /** The first second since 1970 in which it is valid. */
    uint64_t valid_after;
    /** The first second in which it is no longer; 0: without end. */
    uint64_t valid_before;
    /** Options that refuse whoever does not know them: force-command, source-address, verify-required. */
    const ssh_cert_option_t *critical_options;
    /** How many. */
    size_t critical_option_count;
    /** Options that may be passed over. */
    const ssh_cert_option_t *extensions;
    /** How many. */
    size_t extension_count;
    /** The algorithm of the signature; NULL: the best of the authority's key. */
    const char *algorithm;
} ssh_cert_issue_options_t;
/** An authentication step is refused. Zero, so that a hook which forgets to decide lets nobody in. */
#define SSH_AUTH_FAILED 0

/** An authentication step is right: the user is authenticated. */
#define SSH_AUTH_SUCCESSFUL 1

/** An authentication step is right, and another method must follow. */
#define SSH_AUTH_PARTIALLY_SUCCESSFUL 2

/** keyboard-interactive only: ask the questions put into the ticket (ssh_ticket_add_prompt). */
#define SSH_AUTH_ASK 3

/** password only: the password is right but must be changed; the ticket's text is shown (ssh_ticket_set_text). */
#define SSH_AUTH_CHANGE_PASSWORD 4

/** A channel may be opened. */
#define SSH_OPEN_SUCCEEDED 0

/** A channel is refused: not allowed (RFC 4254 section 5.1, as all of these). */
#define SSH_OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED 1

/** A channel is refused: its destination cannot be reached. */
#define SSH_OPEN_FAILED_CONNECT_FAILED 2

/** A channel is refused: its kind is not known. */
#define SSH_OPEN_FAILED_UNKNOWN_CHANNEL_TYPE 3

/** A channel is refused: no room for it. */
#define SSH_OPEN_FAILED_RESOURCE_SHORTAGE 4

/** A request is refused. */
#define SSH_REQUEST_REFUSED 0

/** A request is granted. */
#define SSH_REQUEST_GRANTED 1

/** check_channel_subsystem_request only: granted if ssh_transport_set_subsystem_handler knows the name. */
#define SSH_REQUEST_UNDECIDED 2

/** The hook keeps its ticket: the answer comes, or came already, with ssh_ticket_settle. */
#define SSH_HOOK_PENDING 1000

/** One answer of keyboard-interactive authentication. */
typedef struct ssh_prompt_answer_t {
    /** Raw; also NUL-terminated. */
    const char *text;
    /** Its bytes. */
    size_t text_len;
} ssh_prompt_answer_t;

/**
 * What a server's application decides, for ssh_transport_start_server; initialise with SSH_SERVER_HOOKS_INIT.
 *
 * Hooks of one transport run one after the other, on the library's threads; hooks of several transports at once. A hook
 * may block: only its own transport's hooks wait for it. It may call anything, and free the application's handle of the
 * transport it runs for; the handles passed to it are borrowed and good until it returns.
 *
 * A hook with a ticket returns the answer: SSH_AUTH_*, SSH_OPEN_* or SSH_REQUEST_*; any other number denies. To answer
 * later, from any thread, it keeps the ticket and returns SSH_HOOK_PENDING: see ssh_ticket_settle. A NULL hook denies,
 * where its comment says nothing else. A ticket that is neither settled nor freed leaves its own question open.
 *
 * To serve a command: the hook settles its ticket with SSH_REQUEST_GRANTED, tells the thread that serves to begin, and
 * returns SSH_HOOK_PENDING. What is sent before the request is granted reaches the client before the reply to it, which
 * clients do not expect. The application's own handle of the channel, which outlives the hook, comes from
 * ssh_channel_take, or from ssh_transport_accept; ssh_channel_get_id, the same for all handles, tells which it is.
 *
 * Text is the peer's: raw, NUL-terminated; a request with a NUL inside a text without a length is refused unasked.
 */
typedef struct ssh_server_hooks_t {
    /** sizeof(ssh_server_hooks_t). */
    size_t size;
    /** Passed to every hook. */
    void *user_data;
    /**
     * May be NULL. Releases user_data, once, after the last hook, when the connection is over. Tickets may still be
     * kept then: whoever keeps one must not rely on user_data.
     */
    ssh_destroy_cb_t destroy;
    /**
     * Returns a text shown before the first authentication step (RFC 4252 section 5.4), or NULL for none; copied when
     * the hook returns.
     */
    const char *(*get_banner)(void *user_data, ssh_transport_t *transport);
    /**
     * Returns the methods that can come now, comma-separated; copied when the hook returns. Called before each step, and
     * after one that was refused or partially successful; a method that is not listed is refused without a call of its
     * hook. passed are those this user passed, "" at first. NULL: the methods of which there is a hook, without those
     * passed.
     */
    const char *(*get_allowed_auths)(void *user_data,
                                     ssh_transport_t *transport,
                                     const char *username,
                                     const char *passed);
    /** A user without credentials (RFC 4252 section 5.2). SSH_AUTH_*. */
    int32_t (*check_auth_none)(void *user_data,
                               ssh_ticket_t *ticket,
                               ssh_transport_t *transport,
                               const char *username);
    /** A password (RFC 4252 section 8). SSH_AUTH_*, or SSH_AUTH_CHANGE_PASSWORD. */
    int32_t (*check_auth_password)(void *user_data,
                                   ssh_ticket_t *ticket,
                                   ssh_transport_t *transport,
                                   const char *username,
                                   const char *password,
                                   size_t password_len);
    /**
     * A change of the password, asked for or not. SSH_AUTH_*; SSH_AUTH_CHANGE_PASSWORD: the new one is not acceptable.
     */
    int32_t (*check_auth_password_change)(void *user_data,
                                          ssh_ticket_t *ticket,
                                          ssh_transport_t *transport,
                                          const char *username,
                                          const char *old_password,
                                          size_t old_password_len,
                                          const char *new_password,
                                          size_t new_password_len);
    /**
     * A public key (RFC 4252 section 7). Without a signature the client only asks whether the key would do:
     * SSH_AUTH_SUCCESSFUL and SSH_AUTH_PARTIALLY_SUCCESSFUL both say that it would, and nothing is passed. With one, the
     * signature was verified before the call. SSH_AUTH_*.
     *
     * key has a certificate (ssh_key_get_certificate) if the client showed one, which it can only where SSH_LIST_PUBKEY
     * names algorithms of certificates; it names none unless you add them. It is a user's certificate, and its
     * authority's signature is right: nothing else is checked yet, above all not whether you trust that authority
     * (ssh_cert_get_signature_key), nor user, time and address (ssh_cert_check), nor revocation (ssh_krl_check_cert).
     * A hook that does not look at the certificate decides over the plain key, which proved itself either way.
     */
    int32_t (*check_auth_publickey)(void *user_data,
                                    ssh_ticket_t *ticket,
                                    ssh_transport_t *transport,
                                    const char *username,
                                    const ssh_key_t *key,
                                    const char *algorithm,
                                    bool is_signed);
    /** keyboard-interactive begins (RFC 4256). SSH_AUTH_ASK with questions in the ticket, or SSH_AUTH_*. */
    int32_t (*check_auth_interactive)(void *user_data,
                                      ssh_ticket_t *ticket,
                                      ssh_transport_t *transport,
                                      const char *username,
                                      const char *submethods);
    /** The answers to the questions asked last; as many. SSH_AUTH_*, or SSH_AUTH_ASK for another round. */
    int32_t (*check_auth_interactive_response)(void *user_data,
                                               ssh_ticket_t *ticket,
                                               ssh_transport_t *transport,
                                               const char *username,
                                               const ssh_prompt_answer_t *answers,
                                               size_t answers_len);
    /**
     * A channel of any kind without a hook of its own; "session" above all. An open one arrives through
     * ssh_transport_accept. SSH_OPEN_*; the ticket's text goes with a refusal.
     */
    int32_t (*check_channel_request)(void *user_data,
                                     ssh_ticket_t *ticket,
                                     ssh_transport_t *transport,
                                     const char *kind,
                                     uint32_t channel_id,
                                     const void *open_data,
                                     size_t open_data_len);
    /**
     * A "direct-tcpip" channel: the client wants to reach dest_host (RFC 4254 section 7.2). As check_channel_request.
     */
    int32_t (*check_channel_direct_tcpip_request)(void *user_data,
                                                  ssh_ticket_t *ticket,
                                                  ssh_transport_t *transport,
                                                  uint32_t channel_id,
                                                  const char *dest_host,
                                                  uint32_t dest_port,
                                                  const char *src_host,
                                                  uint32_t src_port);
    /**
     * A "direct-streamlocal@openssh.com" channel: the client wants to reach a Unix socket. As check_channel_request.
     */
    int32_t (*check_channel_direct_streamlocal_request)(void *user_data,
                                                        ssh_ticket_t *ticket,
                                                        ssh_transport_t *transport,
                                                        uint32_t channel_id,
                                                        const char *path);
    /** A terminal (RFC 4254 section 6.2); modes are its encoded terminal modes. SSH_REQUEST_*. */
    int32_t (*check_channel_pty_request)(void *user_data,
                                         ssh_ticket_t *ticket,
                                         ssh_channel_t *channel,
                                         const char *term,
                                         uint32_t width,
                                         uint32_t height,
                                         uint32_t width_pixels,
                                         uint32_t height_pixels,
                                         const void *modes,
                                         size_t modes_len);
    /** A shell (RFC 4254 section 6.5). SSH_REQUEST_*. */
    int32_t (*check_channel_shell_request)(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel);
    /**
     * A command (RFC 4254 section 6.5). SSH_REQUEST_*. A client may ask for a second on the same channel, which the RFC
     * forbids: refuse it.
     */
    int32_t (*check_channel_exec_request)(void *user_data,
                                          ssh_ticket_t *ticket,
                                          ssh_channel_t *channel,
                                          const char *command,
                                          size_t command_len);
    /** A subsystem (RFC 4254 section 6.5). SSH_REQUEST_*. NULL: SSH_REQUEST_UNDECIDED. */
    int32_t (*check_channel_subsystem_request)(void *user_data,
                                               ssh_ticket_t *ticket,
                                               ssh_channel_t *channel,
                                               const char *name);
    /** An environment variable (RFC 4254 section 6.4). SSH_REQUEST_*. */
    int32_t (*check_channel_env_request)(void *user_data,
                                         ssh_ticket_t *ticket,
                                         ssh_channel_t *channel,
                                         const char *name,
                                         const char *value,
                                         size_t value_len);
    /** The terminal's new size (RFC 4254 section 6.7). The client waits for no answer, as a rule. */
    int32_t (*check_channel_window_change_request)(void *user_data,
                                                   ssh_ticket_t *ticket,
                                                   ssh_channel_t *channel,
                                                   uint32_t width,
                                                   uint32_t height,
                                                   uint32_t width_pixels,
                                                   uint32_t height_pixels);
    /** X11 forwarding (RFC 4254 section 6.3.1), by ssh_transport_open_x11_channel. SSH_REQUEST_*. */
    int32_t (*check_channel_x11_request)(void *user_data,
                                         ssh_ticket_t *ticket,
                                         ssh_channel_t *channel,
                                         bool single_connection,
                                         const char *auth_protocol,
                                         const char *auth_cookie,
                                         uint32_t screen);
    /**
     * Agent forwarding (auth-agent-req@openssh.com), by ssh_transport_open_forward_agent_channel. SSH_REQUEST_*.
     */
    int32_t (*check_channel_forward_agent_request)(void *user_data,
                                                   ssh_ticket_t *ticket,
                                                   ssh_channel_t *channel);
    /**
     * A signal for the command, "TERM" for one (RFC 4254 section 6.9). The client waits for no answer, as a rule.
     */
    int32_t (*check_channel_signal_request)(void *user_data,
                                            ssh_ticket_t *ticket,
                                            ssh_channel_t *channel,
                                            const char *signal);
    /** A break of that many milliseconds (RFC 4335). SSH_REQUEST_*. */
    int32_t (*check_channel_break_request)(void *user_data,
                                           ssh_ticket_t *ticket,
                                           ssh_channel_t *channel,
                                           uint32_t milliseconds);
    /**
     * The client wants us to listen (RFC 4254 section 7.1), and a forwarded-tcpip channel for each connection
     * (ssh_transport_open_forwarded_tcpip_channel, with this address and the port). SSH_REQUEST_*; for port 0 the port
     * chosen is put into the ticket (ssh_ticket_set_port).
     */
    int32_t (*check_port_forward_request)(void *user_data,
                                          ssh_ticket_t *ticket,
                                          ssh_transport_t *transport,
                                          const char *address,
                                          uint32_t port);
    /** The client ends such a forward. SSH_REQUEST_*. */
    int32_t (*cancel_port_forward_request)(void *user_data,
                                           ssh_ticket_t *ticket,
                                           ssh_transport_t *transport,
                                           const char *address,
                                           uint32_t port);
    /**
     * Any other global request (RFC 4254 section 4). SSH_REQUEST_*; the reply's data is put into the ticket
     * (ssh_ticket_set_reply).
     */
    int32_t (*check_global_request)(void *user_data,
                                    ssh_ticket_t *ticket,
                                    ssh_transport_t *transport,
                                    const char *kind,
                                    const void *data,
                                    size_t data_len);
    /**
     * The client wants us to listen on a Unix socket (streamlocal-forward@openssh.com), and a
     * forwarded-streamlocal@openssh.com channel for each connection (ssh_transport_open_channel with dest_path).
     * SSH_REQUEST_*.
     */
    int32_t (*check_streamlocal_forward_request)(void *user_data,
                                                 ssh_ticket_t *ticket,
                                                 ssh_transport_t *transport,
                                                 const char *path);
    /** The client ends such a forward. SSH_REQUEST_*. */
    int32_t (*cancel_streamlocal_forward_request)(void *user_data,
                                                  ssh_ticket_t *ticket,
                                                  ssh_transport_t *transport,
                                                  const char *path);
} ssh_server_hooks_t;

/** Who serves a subsystem, for ssh_transport_set_subsystem_handler; initialise with SSH_SUBSYSTEM_HANDLER_INIT. */
typedef struct ssh_subsystem_handler_t {
    /** sizeof(ssh_subsystem_handler_t). */
    size_t size;
    /** Passed to both functions. Several channels may be served at once. */
    void *user_data;
    /**
     * May be NULL. Releases user_data, once, when the handler was replaced or the connection is over, and nobody is
     * served any more.
     */
    ssh_destroy_cb_t destroy;
    /**
     * Serves the subsystem on a thread of its own, after the reply to the client. The channel is borrowed, and closed
     * when this returns.
     */
    void (*start)(void *user_data, ssh_channel_t *channel, const char *name);
    /** May be NULL. Called after start, with the channel closed. */
    void (*finish)(void *user_data, ssh_channel_t *channel, const char *name);
} ssh_subsystem_handler_t;
/** Who signs for a key whose private half is not in this process; initialise with SSH_SIGNER_INIT. */
typedef struct ssh_signer_t {
    /** sizeof(ssh_signer_t). */
    size_t size;
    /** Passed to sign. Several signatures may be asked for at once. */
    void *user_data;
    /**
     * May be NULL. Releases user_data, once, on a library thread: soon after nothing uses the key any more and the last
     * request is answered or freed.
     */
    ssh_destroy_cb_t destroy;
    /**
     * Asks for a signature. Runs on a library thread, or on the thread of a call that signs; may block, and delays
     * nothing but what the signature is for. The request is the application's: it answers it here or later, from any
     * thread, with ssh_sign_request_answer or ssh_sign_request_refuse; ssh_sign_request_free refuses.
     */
    void (*sign)(void *user_data, ssh_sign_request_t *request);
    /**
     * How long an answer is waited for, milliseconds; 0: two minutes; SSH_WAIT_FOREVER. A login waits no longer than its
     * own deadline.
     */
    int64_t timeout_ms;
} ssh_signer_t;

/** A key for an agent; initialise with SSH_AGENT_ADD_OPTIONS_INIT. */
typedef struct ssh_agent_add_options_t {
    /** sizeof(ssh_agent_add_options_t). */
    size_t size;
    /** Copied; what lists of the agent's keys show; NULL: the key's own, see ssh_key_get_comment. */
    const char *comment;
    /** Seconds until the agent removes the key; 0: never. */
    uint32_t lifetime_s;
    /** The agent asks its user before each use. */
    bool confirm;
} ssh_agent_add_options_t;

/** Which of an agent's keys are shown to a server; initialise with SSH_AGENT_AUTH_OPTIONS_INIT. */
typedef struct ssh_agent_auth_options_t {
    /** sizeof(ssh_agent_auth_options_t). */
    size_t size;
    /**
     * Borrowed; the user's own keys, public halves will do: those that the agent holds are shown first, in this order. May
     * be NULL.
     */
    const ssh_key_t *const *identities;
    /** Their number. */
    size_t identities_len;
    /** No other key of the agent is shown. */
    bool identities_only;
} ssh_agent_auth_options_t;

/** An agent of the application's own; initialise with SSH_AGENT_SERVER_OPTIONS_INIT. */
typedef struct ssh_agent_server_options_t {
    /** sizeof(ssh_agent_server_options_t). */
    size_t size;
    /** Passed to confirm. Several uses may be asked about at once. */
    void *user_data;
    /**
     * May be NULL. Releases user_data, once, soon after the agent is freed, its connections are over and the last question
     * is answered or freed; on a library thread.
     */
    ssh_destroy_cb_t destroy;
    /**
     * Asks whether a key may be used; NULL: keys whose use is to be confirmed sign nothing. Runs on a library thread; may
     * block, and delays only the connection that wants the signature, which gives up after five minutes. The question is
     * the application's: it answers it here or later, from any thread, with ssh_agent_confirm_answer;
     * ssh_agent_confirm_free denies.
     */
    void (*confirm)(void *user_data, ssh_agent_confirm_t *confirm);
} ssh_agent_server_options_t;

/** What a connection to an agent server may do; initialise with SSH_AGENT_EXPOSURE_INIT. */
typedef struct ssh_agent_exposure_t {
    /** sizeof(ssh_agent_exposure_t). */
    size_t size;
    /** Borrowed; the only keys it is shown, public halves will do; NULL: all. */
    const ssh_key_t *const *keys;
    /** Their number; 0 with keys not NULL shows none. */
    size_t keys_len;
    /** It lists keys and has them sign, and adds, removes and locks nothing: right for a forwarded channel. */
    bool sign_only;
    /** Every use is to be confirmed, not only those of keys that were added so. */
    bool confirm;
} ssh_agent_exposure_t;
/** Runs the command of a "Match exec"; see ssh_config_set_exec_handler. */
typedef int32_t (*ssh_config_exec_cb_t)(void *user_data, const char *command);

/**
 * Looks a name up; see ssh_config_set_resolver. address_family is 0 for any, 4 or 6. out_canonical has room for
 * out_size bytes and holds an empty text.
 */
typedef int32_t (*ssh_config_resolve_cb_t)(void *user_data,
                                           const char *name,
                                           uint32_t address_family,
                                           char *out_canonical,
                                           size_t out_size);

/**
 * Asked for the passphrase of a private key's file: puts it with ssh_prompt_answers_set at index 0 and returns SSH_OK;
 * any other value passes the key over. attempt is from 0; NumberOfPasswordPrompts says how often it is asked.
 */
typedef ssh_status_t (*ssh_alias_passphrase_cb_t)(void *user_data,
                                                  const char *file,
                                                  uint32_t attempt,
                                                  ssh_prompt_answers_t *answers);

/** Asked for a user's password on a host, likewise. */
typedef ssh_status_t (*ssh_alias_password_cb_t)(void *user_data,
                                                const char *username,
                                                const char *host,
                                                uint32_t attempt,
                                                ssh_prompt_answers_t *answers);

/** As ssh_interactive_cb_t, with the host that asks. */
typedef ssh_status_t (*ssh_alias_interactive_cb_t)(void *user_data,
                                                   const char *host,
                                                   const ssh_prompts_t *prompts,
                                                   ssh_prompt_answers_t *answers);

/**
 * Asked whether a host key that nobody knows is to be trusted and written to the first file of UserKnownHostsFile, where
 * StrictHostKeyChecking is "ask". The key is borrowed.
 */
typedef bool (*ssh_alias_host_key_cb_t)(void *user_data, const char *host, uint32_t port, const ssh_key_t *key);

/**
 * Runs a ProxyCommand, its tokens expanded, and returns a stream socket that is connected with the command's standard
 * input and output, which the library takes; a negative value where it cannot. Host and user names in the command hold
 * nothing that a shell would read as more than a name.
 */
typedef int (*ssh_alias_proxy_cb_t)(void *user_data, const char *command);

/** How ssh_connect_alias connects; initialise with SSH_CONNECT_ALIAS_OPTIONS_INIT. */
typedef struct ssh_connect_alias_options_t {
    /** sizeof(ssh_connect_alias_options_t). */
    size_t size;
    /** Borrowed; where to look hosts up. Default: ~/.ssh/config and /etc/ssh/ssh_config. */
    const ssh_config_t *config;
    /**
     * Borrowed; options such as "User=joe", as ssh -o takes them, before all others. What is about the destination itself
     * (HostName, Port, User, ProxyJump, ProxyCommand, HostKeyAlias, Tag) does not hold for the hosts on the way.
     */
    const char *const *settings;
    /** How many. */
    size_t settings_len;
    /** Borrowed; private keys to log in with everywhere, before the identities of the configuration. */
    const ssh_key_t *const *keys;
    /** How many. */
    size_t keys_len;
    /**
     * For all of it together, the time in callbacks among it. Default: no bound but those of the configuration and of
     * each step.
     */
    int64_t timeout_ms;
    /** Passed to the callbacks. */
    void *user_data;
    /** NULL: encrypted keys are passed over. */
    ssh_alias_passphrase_cb_t passphrase;
    /** NULL: the method "password" is not used. */
    ssh_alias_password_cb_t password;
    /** NULL: the method "keyboard-interactive" is not used. */
    ssh_alias_interactive_cb_t interactive;
    /** NULL: unknown host keys are refused, unless StrictHostKeyChecking is "accept-new" or "no". */
    ssh_alias_host_key_cb_t accept_host_key;
    /** NULL: hosts with a ProxyCommand cannot be reached. */
    ssh_alias_proxy_cb_t run_proxy;
} ssh_connect_alias_options_t;

/* ==== Errors =================================================================================================== */

/* -1xx: the caller's mistake. The handle is unharmed. */

/** An argument is NULL, out of range or not valid UTF-8. */
#define SSH_ERR_INVALID_ARGUMENT (-101)

/** The call does not fit the handle's state (started twice, not started, not authenticated, ...). */
#define SSH_ERR_INVALID_STATE (-102)

/** A name is not an algorithm this library knows. */
#define SSH_ERR_UNKNOWN_ALGORITHM (-103)

/** What was asked for is not supported by this build or platform. */
#define SSH_ERR_UNSUPPORTED (-104)

/** A file could not be read or written. */
#define SSH_ERR_FILE (-105)

/** A configuration, from a file or a command line, says something that cannot be followed. */
#define SSH_ERR_CONFIG (-106)

/* -2xx: I/O and lifecycle. */

/** A system call on the connection failed. */
#define SSH_ERR_IO (-201)

/** The deadline passed; the handle is unharmed unless the function's comment says otherwise. */
#define SSH_ERR_TIMEOUT (-202)

/** This side closed the handle. */
#define SSH_ERR_CLOSED (-203)

/** No address of the host accepted a connection. */
#define SSH_ERR_CONNECT_FAILED (-204)

/** The host name could not be resolved. */
#define SSH_ERR_RESOLVE_FAILED (-205)

/** The connection ended without a DISCONNECT message. */
#define SSH_ERR_CONNECTION_LOST (-206)

/** The peer sent DISCONNECT; the exception carries its reason and text. */
#define SSH_ERR_PEER_DISCONNECTED (-207)

/** Nothing was heard from the peer for too long (keepalive). */
#define SSH_ERR_PEER_DEAD (-208)

/** A bound on memory or handles of this process was reached. */
#define SSH_ERR_RESOURCE_LIMIT (-209)

/** The handle was dropped in this process by ssh_transport_atfork. */
#define SSH_ERR_FORKED (-210)

/* -3xx: the peer broke the protocol. The connection has ended. */

/** A message could not be parsed or breaks a MUST of the RFC the text names. */
#define SSH_ERR_PROTOCOL (-301)

/** The identification string is missing, too long or not SSH-2. */
#define SSH_ERR_IDENT (-302)

/** A message arrived that its sender may not send now. */
#define SSH_ERR_UNEXPECTED_MESSAGE (-303)

/** A packet's length field is out of bounds. */
#define SSH_ERR_PACKET_LENGTH (-304)

/** A packet failed its integrity check. */
#define SSH_ERR_MAC_MISMATCH (-305)

/** A key exchange value is malformed or degenerate. */
#define SSH_ERR_KEX_FAILED (-306)

/** The host key's signature over the exchange is wrong. */
#define SSH_ERR_HOST_KEY_SIGNATURE (-307)

/** Strict key exchange was violated (the Terrapin attack looks like this). */
#define SSH_ERR_STRICT_KEX (-308)

/** The peer went past a bound this side sets. */
#define SSH_ERR_LIMIT_EXCEEDED (-309)

/** Compressed data is corrupt or inflates past the packet bound. */
#define SSH_ERR_DECOMPRESS (-310)

/** The host key changed during a rekey. */
#define SSH_ERR_HOST_KEY_CHANGED (-311)

/** The peer asked for a service this side does not offer now. */
#define SSH_ERR_SERVICE_NOT_AVAILABLE (-312)

/* -4xx: no common algorithm. The exception carries both offers. */

/** No common key exchange method. */
#define SSH_ERR_NO_COMMON_KEX (-401)

/** No common host key algorithm. */
#define SSH_ERR_NO_COMMON_HOST_KEY (-402)

/** No common cipher. */
#define SSH_ERR_NO_COMMON_CIPHER (-403)

/** No common MAC. */
#define SSH_ERR_NO_COMMON_MAC (-404)

/** No common compression method. */
#define SSH_ERR_NO_COMMON_COMPRESSION (-405)

/* -5xx: authentication. The connection stays up unless the text says otherwise. */

/** The server refused the credentials. */
#define SSH_ERR_AUTH_FAILED (-501)

/** The server does not accept this method now; the exception lists those it does. */
#define SSH_ERR_AUTH_METHOD_NOT_ALLOWED (-502)

/** No signature algorithm both sides accept for this key. */
#define SSH_ERR_AUTH_NO_SIGNATURE_ALGORITHM (-503)

/** A callback gave up, or gave the wrong number of answers. */
#define SSH_ERR_AUTH_ABORTED (-504)

/** The server wants the password changed first and no callback was given. */
#define SSH_ERR_AUTH_PASSWORD_CHANGE (-505)

/* -6xx: a channel or request was refused. The transport is unharmed. */

/** Refused: administratively prohibited (RFC 4254 section 5.1, reason 1). */
#define SSH_ERR_CHANNEL_PROHIBITED (-601)

/** Refused: connect failed (reason 2). */
#define SSH_ERR_CHANNEL_CONNECT_FAILED (-602)

/** Refused: unknown channel type (reason 3). */
#define SSH_ERR_CHANNEL_UNKNOWN_TYPE (-603)

/** Refused: resource shortage (reason 4). */
#define SSH_ERR_CHANNEL_SHORTAGE (-604)

/** Refused with a reason RFC 4254 does not name. */
#define SSH_ERR_CHANNEL_REFUSED (-605)

/** The peer refused a channel or global request; the handle stays usable. */
#define SSH_ERR_REQUEST_REFUSED (-606)

/** The channel is closed. */
#define SSH_ERR_CHANNEL_CLOSED (-607)

/** Data was written after EOF was sent. */
#define SSH_ERR_CHANNEL_EOF_SENT (-608)

/** The channel closed without an exit status or exit signal. */
#define SSH_ERR_NO_EXIT_STATUS (-609)

/** An X11 connection does not begin with the cookie that was given out; its channel is closed. */
#define SSH_ERR_X11_COOKIE (-610)

/* -7xx: keys and host trust. */

/** The private key is encrypted and no passphrase was given. */
#define SSH_ERR_KEY_NEEDS_PASSPHRASE (-701)

/** The passphrase is wrong. */
#define SSH_ERR_KEY_BAD_PASSPHRASE (-702)

/** The key file uses a cipher or KDF this library does not support. */
#define SSH_ERR_KEY_UNSUPPORTED_CIPHER (-703)

/** The key file is damaged or not a key. */
#define SSH_ERR_KEY_CORRUPT (-704)

/** A private key is needed and this is only the public half. */
#define SSH_ERR_KEY_PUBLIC_ONLY (-705)

/** The key's type is not supported. */
#define SSH_ERR_KEY_UNSUPPORTED_TYPE (-706)

/** The key is too small, or otherwise weak. */
#define SSH_ERR_KEY_WEAK (-707)

/** The file's format is not one this library reads. */
#define SSH_ERR_KEY_UNSUPPORTED_FORMAT (-708)

/** The server's host key is not the expected one. */
#define SSH_ERR_HOST_KEY_MISMATCH (-711)

/** Nothing is known about this host's key. */
#define SSH_ERR_HOST_KEY_UNKNOWN (-712)

/** The host key is marked @revoked. */
#define SSH_ERR_HOST_KEY_REVOKED (-713)

/** The certificate is damaged, or breaks a rule of its format that the text names. */
#define SSH_ERR_CERT_CORRUPT (-721)

/** The authority's signature over the certificate does not verify. */
#define SSH_ERR_CERT_SIGNATURE (-722)

/** A host's certificate was presented by a user, or a user's by a host. */
#define SSH_ERR_CERT_WRONG_KIND (-723)

/** The certificate's validity begins later. */
#define SSH_ERR_CERT_NOT_YET_VALID (-724)

/** The certificate's validity is over. */
#define SSH_ERR_CERT_EXPIRED (-725)

/** The name that is asked for is not among the certificate's principals. */
#define SSH_ERR_CERT_WRONG_PRINCIPAL (-726)

/** A critical option is unknown, damaged, or given twice; whoever does not understand one must refuse. */
#define SSH_ERR_CERT_UNKNOWN_OPTION (-727)

/** The certificate, its key or its authority is on a revocation list. */
#define SSH_ERR_CERT_REVOKED (-728)

/** The certificate may not be used from the peer's address (source-address). */
#define SSH_ERR_CERT_SOURCE_ADDRESS (-729)

/** The certificate authority is not one that is trusted here. */
#define SSH_ERR_CERT_UNTRUSTED (-730)

/** The authority's signature is by an algorithm that is not accepted. */
#define SSH_ERR_CERT_WEAK_SIGNATURE (-731)

/** A key revocation list is damaged, or holds something that must be understood and is not. */
#define SSH_ERR_KRL_CORRUPT (-732)

/** The certificate is for another key than the one it was to be used with. */
#define SSH_ERR_CERT_KEY_MISMATCH (-733)

/** Nothing lists the key for the user, or the line that does refuses it here and now. */
#define SSH_ERR_KEY_NOT_AUTHORIZED (-751)

/** The key is on a revocation list. */
#define SSH_ERR_KEY_REVOKED (-752)

/** The private half is held elsewhere (an agent, a signer's callback) and cannot be written. */
#define SSH_ERR_KEY_NOT_EXPORTABLE (-741)

/** Whoever holds the private half did not sign: it refused, or gave up. */
#define SSH_ERR_SIGN_REFUSED (-742)

/** Whoever holds the private half gave something else than a signature by this key. */
#define SSH_ERR_SIGNER_FAULT (-743)

/** There is no agent, or it does not answer. */
#define SSH_ERR_AGENT_UNAVAILABLE (-744)

/** The agent refused, which it does without a reason. */
#define SSH_ERR_AGENT_REFUSED (-745)

/* -9xx: our bug. */

/** A bug in this library; the handle is unusable, the process is not. */
#define SSH_ERR_INTERNAL (-901)

/* ==== The library ============================================================================================== */

/** Returns the library's version, "MAJOR.MINOR.PATCH". Static text. */
const char *ssh_version(void);

/** Returns a status's constant as text, "SSH_ERR_TIMEOUT", or "SSH_STATUS_UNKNOWN". Static text. */
const char *ssh_status_name(ssh_status_t status);

/** Returns a status in words, "timed out", or "unknown status". Static text. */
const char *ssh_status_text(ssh_status_t status);

/* ==== Memory =================================================================================================== */

/** Releases text the library returned. NULL is allowed. */
void ssh_string_free(char *string);

/** Releases bytes the library returned. NULL is allowed. */
void ssh_bytes_free(uint8_t *bytes);

/* ==== The log ================================================================================================== */

/**
 * Sets the process's log callback, in place of the one before.
 *
 * level: SSH_LOG_*; lines above it are not made. SSH_LOG_NONE, or a NULL callback, turns the log off.
 * user_data: taken, also when the call fails; passed to every call and released with destroy, which may be NULL.
 * Transports log from the moment of the call, whenever they were made. Allowed in callbacks.
 */
ssh_status_t ssh_set_log_callback(uint32_t level,
                                  ssh_log_cb_t callback,
                                  void *user_data,
                                  ssh_destroy_cb_t destroy);

/* ==== Exceptions =============================================================================================== */

/**
 * Takes and clears the details of the last error on a transport or one of its channels.
 *
 * transport: NULL asks for the calling thread's last error, whatever call failed.
 * Returns an owned result, ssh_exception_free; NULL if there is no error.
 * Allowed in callbacks.
 */
ssh_exception_t *ssh_get_exception(ssh_transport_t *transport);

/**
 * Returns the error's SSH_ERR_* status, or SSH_PARTIAL after an _event login that needs a further method; SSH_OK for NULL.
 */
ssh_status_t ssh_exception_code(const ssh_exception_t *exception);

/** Returns where in a connection's life the error happened: SSH_STAGE_*. */
int32_t ssh_exception_stage(const ssh_exception_t *exception);

/** Returns what happened, in words. Borrowed result until ssh_exception_free; "" for NULL. */
const char *ssh_exception_text(const ssh_exception_t *exception);

/** Returns what would help, "" where nothing general can be said. Borrowed result until ssh_exception_free. */
const char *ssh_exception_hint(const ssh_exception_t *exception);

/**
 * Returns the peer's own words from its DISCONNECT (RFC 4253 section 11.1) or refusal (RFC 4254 section 5.1), NULL if
 * it gave none. Borrowed result until ssh_exception_free.
 */
const char *ssh_exception_peer_text(const ssh_exception_t *exception);

/** Returns the peer's reason number from its DISCONNECT or refusal, -1 if it gave none. */
int64_t ssh_exception_peer_reason(const ssh_exception_t *exception);

/**
 * Returns what had no common algorithm ("key exchange", "cipher client to server", ...), NULL if that was not the error.
 * Borrowed result until ssh_exception_free.
 */
const char *ssh_exception_slot(const ssh_exception_t *exception);

/** Returns our list for that slot, comma-separated, NULL likewise. Borrowed result until ssh_exception_free. */
const char *ssh_exception_our_offer(const ssh_exception_t *exception);

/**
 * Returns the peer's list for that slot, comma-separated, NULL likewise. Borrowed result until ssh_exception_free.
 */
const char *ssh_exception_their_offer(const ssh_exception_t *exception);

/**
 * Returns the authentication methods that can continue (RFC 4252 section 5.1), comma-separated, NULL if none are
 * known. Borrowed result until ssh_exception_free.
 */
const char *ssh_exception_methods(const ssh_exception_t *exception);

/**
 * Returns one line for each address that was tried and why it failed, NULL if that was not the error. Borrowed result
 * until ssh_exception_free.
 */
const char *ssh_exception_addresses(const ssh_exception_t *exception);

/** Releases an exception. NULL is allowed. */
void ssh_exception_free(ssh_exception_t *exception);

/* ==== Events =================================================================================================== */

/**
 * Makes an event, not set.
 *
 * out_event: owned result, ssh_event_free.
 */
ssh_status_t ssh_event_new(ssh_event_t **out_event);

/**
 * Waits until an event is set; it stays set.
 *
 * timeout_ms: SSH_WAIT_DEFAULT has no bound.
 * Returns SSH_OK, or SSH_ERR_TIMEOUT.
 */
ssh_status_t ssh_event_wait(ssh_event_t *event, int64_t timeout_ms);

/** Tells whether an event is set; false for NULL. */
bool ssh_event_is_set(const ssh_event_t *event);

/** Sets an event and wakes whoever waits for it. */
ssh_status_t ssh_event_set(ssh_event_t *event);

/** Clears an event, for another use. */
ssh_status_t ssh_event_clear(ssh_event_t *event);

/**
 * Gives a file descriptor that is readable while the event is set, for poll and its kin; never read it.
 *
 * out_fd: borrowed result, valid until ssh_event_free; -1 on failure.
 * Returns SSH_OK, or SSH_ERR_RESOURCE_LIMIT or SSH_ERR_IO where the system has no descriptor left.
 */
ssh_status_t ssh_event_fd(ssh_event_t *event, int *out_fd);

/** Releases an event; operations that will set it go on. NULL is allowed. */
void ssh_event_free(ssh_event_t *event);

/* ==== Events: loops ============================================================================================ */

/**
 * Makes a queue, empty. It tells which of the handles added to it are ready, and has one descriptor for all of them: what
 * poll and epoll do for descriptors, for channels, transports and events of any number of connections.
 *
 * A loop on one thread. Each handle that is ready is told once, then comes SSH_ERR_TIMEOUT; whatever is still ready then
 * leaves the descriptor readable and is told in the next round, as epoll's level-triggered descriptors are:
 *
 *     ssh_ready_add_channel(ready, channel, SSH_READY_READABLE, connection);
 *     for (;;) {
 *         poll(&(struct pollfd){fd, POLLIN, 0}, 1, -1);
 *         while (ssh_ready_next(ready, 0, &flags, &user_data) == SSH_OK)
 *             if (flags & SSH_READY_READABLE)
 *                 read_some(user_data);    (ssh_channel_recv with timeout 0)
 *     }
 *
 * out_ready: owned result, ssh_ready_free.
 * Returns SSH_OK, or SSH_ERR_RESOURCE_LIMIT where the system has no descriptor left.
 */
ssh_status_t ssh_ready_new(ssh_ready_t **out_ready);

/**
 * Gives the queue's file descriptor, which is readable while ssh_ready_next is worth calling, for poll and its kin; never
 * read it. Watch it level-triggered: with EPOLLET a handle that was not drained is not reported again.
 *
 * out_fd: borrowed result, valid until ssh_ready_free; -1 on failure.
 */
ssh_status_t ssh_ready_fd(ssh_ready_t *ready,
                          int *out_fd);

/**
 * Adds a channel to a queue, or, where this handle is in it already, replaces interest and user_data. The handle leaves
 * the queue when it is freed: ssh_ready_next tells nothing of it afterwards.
 *
 * interest: SSH_READY_* flags, what the application waits for now. READABLE: drop it after SSH_EOF, for that stays
 * readable. WRITABLE: set it only while there is something to send. 0 pauses. With SSH_READY_ONESHOT the interest becomes
 * 0 when the handle is told: add it again to go on, as threads that share a queue want it. By then another thread may be
 * told of it, even before this call returns, and may free it.
 * user_data: given back by ssh_ready_next; never used by the library.
 * Returns SSH_OK, also for a channel that is closed.
 */
ssh_status_t ssh_ready_add_channel(ssh_ready_t *ready,
                                   ssh_channel_t *channel,
                                   uint32_t interest,
                                   void *user_data);

/**
 * Adds a transport to a queue, as ssh_ready_add_channel does.
 *
 * interest: SSH_READY_ACCEPTABLE, SSH_READY_CLOSED, SSH_READY_ONESHOT.
 */
ssh_status_t ssh_ready_add_transport(ssh_ready_t *ready,
                                     ssh_transport_t *transport,
                                     uint32_t interest,
                                     void *user_data);

/**
 * Adds an event to a queue, as ssh_ready_add_channel does: those of ssh_transport_start_client_event and
 * ssh_transport_auth_*_event for one. ssh_event_clear makes it unready again.
 *
 * interest: SSH_READY_DONE, SSH_READY_ONESHOT.
 */
ssh_status_t ssh_ready_add_event(ssh_ready_t *ready,
                                 ssh_event_t *event,
                                 uint32_t interest,
                                 void *user_data);

/**
 * Takes a channel out of a queue; ssh_ready_next tells nothing of it afterwards. One that is not in it is no error.
 */
ssh_status_t ssh_ready_remove_channel(ssh_ready_t *ready,
                                      ssh_channel_t *channel);

/** Takes a transport out of a queue, as ssh_ready_remove_channel does. */
ssh_status_t ssh_ready_remove_transport(ssh_ready_t *ready, ssh_transport_t *transport);

/** Takes an event out of a queue, as ssh_ready_remove_channel does. */
ssh_status_t ssh_ready_remove_event(ssh_ready_t *ready, ssh_event_t *event);

/**
 * Gives the next handle that is ready, waiting for one if timeout_ms is not 0.
 *
 * Handles take turns: with timeout 0, SSH_ERR_TIMEOUT comes once every ready handle has been told, and begins the next
 * round, in which those that are still ready are told again. So a loop until SSH_ERR_TIMEOUT ends, whatever it leaves
 * unread. Several threads may ask at once; a handle that stays ready is told to each of them: see SSH_READY_ONESHOT.
 * timeout_ms: SSH_WAIT_DEFAULT has no bound.
 * out_flags: what the handle is ready for, of what it was added for.
 * out_user_data: what it was added with.
 * Returns SSH_OK; SSH_ERR_TIMEOUT, where nothing (more) is ready.
 */
ssh_status_t ssh_ready_next(ssh_ready_t *ready,
                            int64_t timeout_ms,
                            uint32_t *out_flags,
                            void **out_user_data);

/** Releases a queue, before or after the handles in it. NULL is allowed. */
void ssh_ready_free(ssh_ready_t *ready);

/* ==== Keys ===================================================================================================== */

/**
 * Reads a private key from a file.
 *
 * Reads OpenSSH's format, PEM (PKCS#1, SEC1, PKCS#8) and PuTTY's (versions 2 and 3): ed25519, ecdsa and rsa, encrypted
 * ones too. Blocks for the file, and for the time the file's key derivation takes.
 * path: borrowed.
 * passphrase: copied; any bytes; NULL: none.
 * out_key: owned result, ssh_key_free.
 * Returns SSH_OK; SSH_ERR_FILE; SSH_ERR_KEY_NEEDS_PASSPHRASE; SSH_ERR_KEY_BAD_PASSPHRASE; SSH_ERR_KEY_CORRUPT;
 * SSH_ERR_KEY_PUBLIC_ONLY; SSH_ERR_KEY_WEAK; SSH_ERR_KEY_UNSUPPORTED_CIPHER, _TYPE or _FORMAT;
 * SSH_ERR_RESOURCE_LIMIT: no memory for what the file's key derivation takes.
 */
ssh_status_t ssh_key_load_private_file(const char *path,
                                       const void *passphrase,
                                       size_t passphrase_len,
                                       ssh_key_t **out_key);

/**
 * Reads a private key from memory, as ssh_key_load_private_file does.
 *
 * data: borrowed; the file's content.
 */
ssh_status_t ssh_key_load_private_memory(const void *data,
                                         size_t data_len,
                                         const void *passphrase,
                                         size_t passphrase_len,
                                         ssh_key_t **out_key);

/**
 * Reads a public key file: the first of the lines "ssh-ed25519 AAAA... comment", RFC 4716, or PEM.
 *
 * path: borrowed.
 * out_key: owned result, ssh_key_free.
 * Returns SSH_OK; SSH_ERR_FILE; SSH_ERR_KEY_CORRUPT; SSH_ERR_KEY_WEAK; SSH_ERR_KEY_UNSUPPORTED_TYPE or _FORMAT.
 */
ssh_status_t ssh_key_load_public_file(const char *path,
                                      ssh_key_t **out_key);

/**
 * Reads a public key from memory, as ssh_key_load_public_file does.
 *
 * data: borrowed; the file's content.
 */
ssh_status_t ssh_key_load_public_memory(const void *data, size_t data_len, ssh_key_t **out_key);

/**
 * Reads a public key from its blob (RFC 4253 section 6.6).
 *
 * blob: borrowed.
 * out_key: owned result, ssh_key_free.
 * Returns SSH_OK; SSH_ERR_KEY_CORRUPT; SSH_ERR_KEY_WEAK; SSH_ERR_KEY_UNSUPPORTED_TYPE.
 */
ssh_status_t ssh_key_load_public_blob(const void *blob, size_t blob_len, ssh_key_t **out_key);

/**
 * Makes a new private key.
 *
 * Blocks; for RSA up to some seconds.
 * key_type: "ssh-ed25519"; "ecdsa-sha2-nistp256", "...384" or "...521"; "ssh-rsa".
 * bits: for RSA 2048 to 16384, 0 is 3072; 0 for the others, whose type says it.
 * out_key: owned result, ssh_key_free.
 * Returns SSH_OK; SSH_ERR_KEY_UNSUPPORTED_TYPE; SSH_ERR_INVALID_ARGUMENT for other bits.
 */
ssh_status_t ssh_key_generate(const char *key_type, uint32_t bits, ssh_key_t **out_key);

/** Returns a key's type, "ssh-ed25519" for one. Borrowed result until ssh_key_free; NULL for NULL. */
const char *ssh_key_get_name(const ssh_key_t *key);

/** Returns a key's size in bits, as people know it: 256, 384, 521, 3072, ...; 0 for NULL. */
uint32_t ssh_key_get_bits(const ssh_key_t *key);

/** Tells whether a key has its private half; false for NULL. */
bool ssh_key_is_private(const ssh_key_t *key);

/** Tells whether two keys are the same public key; false where one is NULL. */
bool ssh_key_is_equal(const ssh_key_t *a, const ssh_key_t *b);

/**
 * Gives a key's fingerprint, "SHA256:..." as ssh-keygen -l shows it.
 *
 * out_text: owned result.
 */
ssh_status_t ssh_key_get_fingerprint(const ssh_key_t *key, char **out_text);

/**
 * Gives a key's fingerprint in the old form, "MD5:16:27:ac:...", for comparing with what older programs show.
 *
 * out_text: owned result.
 */
ssh_status_t ssh_key_get_fingerprint_md5(const ssh_key_t *key, char **out_text);

/**
 * Gives a key's picture, as ssh-keygen -lv and VisualHostKey show it: eleven lines.
 *
 * out_text: owned result.
 */
ssh_status_t ssh_key_get_randomart(const ssh_key_t *key, char **out_text);

/**
 * Gives a key's comment: that of the file it was read from, where the format has one (OpenSSH's and PuTTY's private keys,
 * one-line and RFC 4716 public keys), or the one set. Empty where there is none.
 *
 * out_comment: owned result.
 */
ssh_status_t ssh_key_get_comment(const ssh_key_t *key,
                                 char **out_comment);

/**
 * Sets a key's comment, which is written with it where none is given to the call that writes.
 *
 * comment: copied; one line; NULL or empty: none.
 */
ssh_status_t ssh_key_set_comment(ssh_key_t *key, const char *comment);

/**
 * Gives the public key as a line for authorized_keys, without a newline.
 *
 * comment: borrowed; one line; NULL: the key's own, see ssh_key_get_comment.
 * out_line: owned result.
 */
ssh_status_t ssh_key_get_public_line(const ssh_key_t *key, const char *comment, char **out_line);

/**
 * Gives the public key's blob (RFC 4253 section 6.6).
 *
 * out_blob: owned result, ssh_bytes_free.
 * out_len: its bytes.
 */
ssh_status_t ssh_key_get_public_blob(const ssh_key_t *key, uint8_t **out_blob, size_t *out_len);

/** Releases a key; a private one is wiped once nothing uses it any more. NULL is allowed. */
void ssh_key_free(ssh_key_t *key);

/* ==== Keys: writing ============================================================================================ */

/**
 * Writes a private key to a file that only its owner may read (mode 0600).
 *
 * The file is whole or not there: it gets its name when everything is on the disk. Blocks for that, and for the key
 * derivation. A symbolic link is replaced, not followed.
 * path: borrowed.
 * options: borrowed; NULL: OpenSSH's format, without passphrase, with the key's own comment.
 * Returns SSH_OK; SSH_ERR_FILE, with the system's words; SSH_ERR_KEY_PUBLIC_ONLY; SSH_ERR_KEY_UNSUPPORTED_TYPE where the
 * format has no place for the key.
 */
ssh_status_t ssh_key_write_private_file(const ssh_key_t *key,
                                        const char *path,
                                        const ssh_key_write_options_t *options);

/**
 * Writes a private key into memory of the caller's, who wipes it after use.
 *
 * options: borrowed; as for ssh_key_write_private_file.
 * buf: out, buf_len bytes; no NUL is written behind the text. May be NULL with buf_len 0, to learn the size; one key has
 * the same size each time.
 * out_len: the bytes written, or, where buf is too small, needed.
 * Returns SSH_OK; SSH_ERR_RESOURCE_LIMIT where buf is too small; SSH_ERR_KEY_PUBLIC_ONLY.
 */
ssh_status_t ssh_key_write_private_memory(const ssh_key_t *key,
                                          const ssh_key_write_options_t *options,
                                          void *buf,
                                          size_t buf_len,
                                          size_t *out_len);

/**
 * Writes the public half as a line, for a file beside the private one (mode 0644).
 *
 * path: borrowed.
 * comment: borrowed; one line; NULL: the key's own, see ssh_key_get_comment.
 * replace: whether a file that exists is replaced.
 * Returns SSH_OK; SSH_ERR_FILE.
 */
ssh_status_t ssh_key_write_public_file(const ssh_key_t *key,
                                       const char *path,
                                       const char *comment,
                                       bool replace);

/* ==== Keys: signing ============================================================================================ */

/**
 * Signs data as SSH does (RFC 4253 section 6.6).
 *
 * algorithm: borrowed; "rsa-sha2-512" or "rsa-sha2-256" for RSA keys, the key's type for the others; NULL: the best that
 * the key makes.
 * data: borrowed.
 * out_blob: owned result, ssh_bytes_free: `string algorithm, string signature`.
 * out_len: its bytes.
 * Returns SSH_OK; SSH_ERR_INVALID_ARGUMENT for an algorithm the key does not make; SSH_ERR_KEY_PUBLIC_ONLY.
 */
ssh_status_t ssh_key_sign(const ssh_key_t *key,
                          const char *algorithm,
                          const void *data,
                          size_t data_len,
                          uint8_t **out_blob,
                          size_t *out_len);

/**
 * Verifies a signature that ssh_key_sign or another SSH program made.
 *
 * algorithm: borrowed; the one that is to have been used: a signature by another of the key's algorithms is refused.
 * data, blob: borrowed.
 * Returns SSH_OK; SSH_ERR_HOST_KEY_SIGNATURE where it does not verify.
 */
ssh_status_t ssh_key_verify(const ssh_key_t *key,
                            const char *algorithm,
                            const void *data,
                            size_t data_len,
                            const void *blob,
                            size_t blob_len);

/**
 * Signs a message or a file's content as `ssh-keygen -Y sign` does (OpenSSH's PROTOCOL.sshsig).
 *
 * sig_namespace: borrowed; what the signature is good for, "file" or "git" for example; it verifies for that alone.
 * data: borrowed.
 * out_text: owned result; the armoured signature.
 * Returns SSH_OK; SSH_ERR_KEY_PUBLIC_ONLY; SSH_ERR_INVALID_ARGUMENT for an empty namespace.
 */
ssh_status_t ssh_key_sign_message(const ssh_key_t *key,
                                  const char *sig_namespace,
                                  const void *data,
                                  size_t data_len,
                                  char **out_text);

/**
 * Verifies a signature that ssh_key_sign_message or `ssh-keygen -Y sign` made, and gives the key that made it.
 *
 * Whether that key is trusted is for the caller to say: compare it with ssh_key_is_equal.
 * signature: borrowed; the armoured text.
 * sig_namespace: borrowed; what the signature must have been made for.
 * data: borrowed; the message.
 * out_key: owned result, ssh_key_free; NULL unless the signature verifies.
 * Returns SSH_OK; SSH_ERR_HOST_KEY_SIGNATURE where it is of another message or namespace; SSH_ERR_KEY_CORRUPT where it is
 * no signature; SSH_ERR_KEY_UNSUPPORTED_TYPE or _FORMAT.
 */
ssh_status_t ssh_key_verify_message(const void *signature,
                                    size_t signature_len,
                                    const char *sig_namespace,
                                    const void *data,
                                    size_t data_len,
                                    ssh_key_t **out_key);

/* ==== Keys: certificates ======================================================================================= */

/**
 * Joins a key and its certificate: what takes the new key shows the certificate in its place.
 *
 * As the user's key of ssh_transport_auth_publickey, and as the host key of ssh_transport_add_server_key. Type, blob,
 * fingerprint and signatures are those of the key; ssh_key_write_private_file writes the key alone.
 * key: borrowed; private or public. It stays as it is, and a certificate it has stays with it alone.
 * cert: copied.
 * out_key: owned result, ssh_key_free. A private half is shared with key; each handle is freed by itself.
 * Returns SSH_OK; SSH_ERR_CERT_KEY_MISMATCH where the certificate is for another key.
 */
ssh_status_t ssh_key_with_certificate(const ssh_key_t *key,
                                      const ssh_cert_t *cert,
                                      ssh_key_t **out_key);

/**
 * Returns a key's certificate: the one it was joined with, or the one the peer showed for it, with a key that
 * check_auth_publickey gets or that ssh_transport_get_remote_server_key gives. NULL where there is none, and for NULL.
 * A borrowed result, good as long as the key.
 *
 * Of a certificate that the peer showed only its authority's signature is verified: whether that authority is trusted,
 * and whether the certificate may be used here and now, is yours to find out (ssh_cert_check, ssh_krl_check_cert).
 */
const ssh_cert_t *ssh_key_get_certificate(const ssh_key_t *key);

/* ==== Certificates ============================================================================================= */

/**
 * Reads a certificate from a file ("id_ed25519-cert.pub"), one line as ssh-keygen -s writes it, and verifies the signature
 * of the authority it names. Whether that authority is trusted is not asked here: ssh_cert_check.
 *
 * path: borrowed.
 * out_cert: owned result, ssh_cert_free.
 * Returns SSH_OK; SSH_ERR_FILE; SSH_ERR_CERT_CORRUPT; SSH_ERR_CERT_SIGNATURE; SSH_ERR_KEY_UNSUPPORTED_TYPE where it is a
 * plain key among others; SSH_ERR_KEY_WEAK and SSH_ERR_KEY_CORRUPT for its key or its authority's.
 */
ssh_status_t ssh_cert_load_file(const char *path,
                                ssh_cert_t **out_cert);

/**
 * Reads a certificate from memory, as ssh_cert_load_file does.
 *
 * data: borrowed; the file's content.
 */
ssh_status_t ssh_cert_load_memory(const void *data, size_t data_len, ssh_cert_t **out_cert);

/**
 * Reads a certificate from its blob (OpenSSH's PROTOCOL.certkeys), as ssh_cert_load_file does.
 *
 * blob: borrowed.
 */
ssh_status_t ssh_cert_load_blob(const void *blob, size_t blob_len, ssh_cert_t **out_cert);

/**
 * Returns a certificate's type, "ssh-ed25519-cert-v01@openssh.com" for one. Borrowed result until ssh_cert_free; NULL for
 * NULL.
 */
const char *ssh_cert_get_type(const ssh_cert_t *cert);

/** Returns whom a certificate is for: SSH_CERT_USER or SSH_CERT_HOST; 0 for NULL. */
uint32_t ssh_cert_get_kind(const ssh_cert_t *cert);

/** Returns a certificate's serial number; 0 where the authority gave none, and for NULL. */
uint64_t ssh_cert_get_serial(const ssh_cert_t *cert);

/**
 * Returns a certificate's key ID: what its authority calls it, for logs. Borrowed result until ssh_cert_free; NULL for
 * NULL.
 */
const char *ssh_cert_get_key_id(const ssh_cert_t *cert);

/** Returns the first second since 1970 in which a certificate is valid; 0 for NULL. */
uint64_t ssh_cert_get_valid_after(const ssh_cert_t *cert);

/**
 * Returns the first second since 1970 in which a certificate is no longer valid; UINT64_MAX: it has no end; 0 for NULL.
 */
uint64_t ssh_cert_get_valid_before(const ssh_cert_t *cert);

/** Returns how many principals, names of users or hosts, a certificate lists; 0 for NULL. */
size_t ssh_cert_get_principal_count(const ssh_cert_t *cert);

/**
 * Returns one of a certificate's principals; for a host it may be a pattern. Decide with ssh_cert_check, not with this.
 *
 * index: from 0.
 * Borrowed result until ssh_cert_free; NULL where there is none.
 */
const char *ssh_cert_get_principal_at(const ssh_cert_t *cert,
                                      size_t index);

/** Returns how many critical options a certificate has: what is not understood of these refuses it. 0 for NULL. */
size_t ssh_cert_get_critical_option_count(const ssh_cert_t *cert);

/**
 * Returns the name of one of a certificate's critical options, and its data as the certificate has it: nothing, or a string
 * with its length in front. ssh_cert_get_critical_option gives a value alone.
 *
 * index: from 0.
 * out_data: may be NULL; raw; borrowed result until ssh_cert_free.
 * out_data_len: may be NULL; its bytes.
 * Borrowed result until ssh_cert_free; NULL where there is none.
 */
const char *ssh_cert_get_critical_option_at(const ssh_cert_t *cert,
                                            size_t index,
                                            const uint8_t **out_data,
                                            size_t *out_data_len);

/** Returns how many extensions a certificate has: what is not understood of these is passed over. 0 for NULL. */
size_t ssh_cert_get_extension_count(const ssh_cert_t *cert);

/** Returns the name of one of a certificate's extensions, and its data, as ssh_cert_get_critical_option_at does. */
const char *ssh_cert_get_extension_at(const ssh_cert_t *cert,
                                      size_t index,
                                      const uint8_t **out_data,
                                      size_t *out_data_len);

/**
 * Returns the value of a critical option, "force-command" for one; empty for an option that has none.
 *
 * name: borrowed.
 * out_value_len: may be NULL; its bytes.
 * Raw; borrowed result until ssh_cert_free, with a NUL behind it; NULL where there is no such option, or its data is no
 * string.
 */
const uint8_t *ssh_cert_get_critical_option(const ssh_cert_t *cert,
                                            const char *name,
                                            size_t *out_value_len);

/**
 * Tells whether a certificate has an extension, "permit-pty" for one; false for NULL.
 *
 * name: borrowed.
 */
bool ssh_cert_has_extension(const ssh_cert_t *cert, const char *name);

/**
 * Gives the key that a certificate certifies.
 *
 * out_key: owned result, ssh_key_free.
 */
ssh_status_t ssh_cert_get_public_key(const ssh_cert_t *cert, ssh_key_t **out_key);

/**
 * Gives the key of a certificate's authority. That it signed the certificate is verified; that it is trusted is not said.
 *
 * out_key: owned result, ssh_key_free.
 */
ssh_status_t ssh_cert_get_signature_key(const ssh_cert_t *cert,
                                        ssh_key_t **out_key);

/**
 * Returns the algorithm of the authority's signature, "rsa-sha2-512" for one. Borrowed result until ssh_cert_free; NULL for
 * NULL.
 */
const char *ssh_cert_get_signature_algorithm(const ssh_cert_t *cert);

/**
 * Gives a certificate's blob (OpenSSH's PROTOCOL.certkeys).
 *
 * out_blob: owned result, ssh_bytes_free.
 * out_len: its bytes.
 */
ssh_status_t ssh_cert_get_blob(const ssh_cert_t *cert, uint8_t **out_blob, size_t *out_len);

/**
 * Gives a certificate as a line for a file, without a newline.
 *
 * comment: borrowed; may be NULL; one line.
 * out_line: owned result.
 */
ssh_status_t ssh_cert_get_line(const ssh_cert_t *cert, const char *comment, char **out_line);

/**
 * Writes a certificate as a line, for a file beside the private key (mode 0644); ssh looks for "id_ed25519-cert.pub" beside
 * "id_ed25519".
 *
 * path: borrowed.
 * comment: borrowed; may be NULL; one line.
 * replace: whether a file that exists is replaced.
 * Returns SSH_OK; SSH_ERR_FILE.
 */
ssh_status_t ssh_cert_write_file(const ssh_cert_t *cert,
                                 const char *path,
                                 const char *comment,
                                 bool replace);

/** Releases a certificate. NULL is allowed. */
void ssh_cert_free(ssh_cert_t *cert);

/* ==== Certificates: deciding and issuing ======================================================================= */

/**
 * Decides whether a certificate may be used, as OpenSSH decides: its authority, revocation, kind, time, names, the
 * authority's algorithm, critical options, and where the peer is.
 *
 * options: borrowed; NULL: a user's, now, for any name, of any authority. Without authorities the caller has to compare
 * ssh_cert_get_signature_key with those it trusts: anyone can sign a certificate.
 * Returns SSH_OK, or what is wrong, the first in this order: SSH_ERR_CERT_UNTRUSTED; SSH_ERR_CERT_REVOKED;
 * SSH_ERR_CERT_WRONG_KIND; SSH_ERR_CERT_NOT_YET_VALID; SSH_ERR_CERT_EXPIRED; SSH_ERR_CERT_WRONG_PRINCIPAL;
 * SSH_ERR_CERT_WEAK_SIGNATURE; SSH_ERR_CERT_UNKNOWN_OPTION; SSH_ERR_CERT_SOURCE_ADDRESS.
 */
ssh_status_t ssh_cert_check(const ssh_cert_t *cert,
                            const ssh_cert_check_options_t *options);

/**
 * Issues a certificate.
 *
 * Blocks where the authority's key is held elsewhere.
 * ca_key: borrowed; the authority's private key.
 * subject_key: borrowed; the key that is certified; its public half is enough.
 * options: borrowed; NULL: a user's, for nobody.
 * out_cert: owned result, ssh_cert_free.
 * Returns SSH_OK; SSH_ERR_KEY_PUBLIC_ONLY; SSH_ERR_INVALID_ARGUMENT, with the rule that is broken.
 */
ssh_status_t ssh_cert_issue(const ssh_key_t *ca_key,
                            const ssh_key_t *subject_key,
                            const ssh_cert_issue_options_t *options,
                            ssh_cert_t **out_cert);

/* ==== Key revocation lists ===================================================================================== */

/**
 * Makes an empty list.
 *
 * out_krl: owned result, ssh_krl_free.
 */
ssh_status_t ssh_krl_new(ssh_krl_t **out_krl);

/**
 * Reads a list from a file: the binary format of ssh-keygen -k, or a public key a line, as sshd's RevokedKeys and ssh's
 * RevokedHostKeys take both.
 *
 * path: borrowed.
 * out_krl: owned result, ssh_krl_free.
 * Returns SSH_OK; SSH_ERR_FILE; SSH_ERR_KRL_CORRUPT, also for what is critical and unknown: then nothing that the list may
 * have revoked can be trusted.
 */
ssh_status_t ssh_krl_load_file(const char *path,
                               ssh_krl_t **out_krl);

/**
 * Reads a list from memory, as ssh_krl_load_file does.
 *
 * data: borrowed; the file's content.
 */
ssh_status_t ssh_krl_load_memory(const void *data, size_t data_len, ssh_krl_t **out_krl);

/**
 * Asks whether a list revokes a key.
 *
 * Returns SSH_OK: it does not; SSH_ERR_KEY_REVOKED.
 */
ssh_status_t ssh_krl_check_key(const ssh_krl_t *krl, const ssh_key_t *key);

/**
 * Asks whether a list revokes a certificate: by its serial number or key ID, or by revoking its key or its authority's.
 *
 * Returns SSH_OK: it does not; SSH_ERR_CERT_REVOKED.
 */
ssh_status_t ssh_krl_check_cert(const ssh_krl_t *krl,
                                const ssh_cert_t *cert);

/** Returns a list's version number; 0 where it has none, and for NULL. */
uint64_t ssh_krl_get_version(const ssh_krl_t *krl);

/** Revokes a key, and with it every certificate for it and every certificate that it signed. */
ssh_status_t ssh_krl_add_key(ssh_krl_t *krl, const ssh_key_t *key);

/**
 * Revokes a key by the hash of its blob, which does not show the key to who reads the list.
 *
 * algorithm: "sha256", or "sha1" for OpenSSH before 7.9.
 * Returns SSH_OK; SSH_ERR_UNKNOWN_ALGORITHM.
 */
ssh_status_t ssh_krl_add_key_hash(ssh_krl_t *krl, const ssh_key_t *key, const char *algorithm);

/**
 * Revokes the key that has this fingerprint.
 *
 * fingerprint: borrowed; "SHA256:..." as ssh_key_get_fingerprint gives it.
 * Returns SSH_OK; SSH_ERR_INVALID_ARGUMENT.
 */
ssh_status_t ssh_krl_add_fingerprint(ssh_krl_t *krl, const char *fingerprint);

/** Revokes a certificate: by its serial number, or by its key ID where it has none. */
ssh_status_t ssh_krl_add_cert(ssh_krl_t *krl, const ssh_cert_t *cert);

/**
 * Revokes certificates by their serial numbers.
 *
 * ca_key: borrowed; whose certificates; NULL: every authority's.
 * first: at least 1.
 * last: at least first; revoked too.
 * Returns SSH_OK; SSH_ERR_INVALID_ARGUMENT.
 */
ssh_status_t ssh_krl_add_serials(ssh_krl_t *krl,
                                 const ssh_key_t *ca_key,
                                 uint64_t first,
                                 uint64_t last);

/**
 * Revokes certificates by their key ID.
 *
 * ca_key: borrowed; whose certificates; NULL: every authority's.
 * key_id: borrowed.
 */
ssh_status_t ssh_krl_add_key_id(ssh_krl_t *krl, const ssh_key_t *ca_key, const char *key_id);

/**
 * Writes a list in the binary format (mode 0644), which ssh-keygen -Q, sshd and ssh read; dated now.
 *
 * path: borrowed; a file that exists is replaced at once, so that sshd never reads half of it.
 * version: counted up by whoever makes lists.
 * comment: borrowed; may be NULL.
 * Returns SSH_OK; SSH_ERR_FILE; SSH_ERR_KRL_CORRUPT where it is longer than any list may be (128 MiB).
 */
ssh_status_t ssh_krl_write_file(const ssh_krl_t *krl,
                                const char *path,
                                uint64_t version,
                                const char *comment);

/** Releases a list. NULL is allowed. */
void ssh_krl_free(ssh_krl_t *krl);

/* ==== Keys: private halves held elsewhere ====================================================================== */

/**
 * Makes a private key whose private half is elsewhere: a callback signs, now or later.
 *
 * It is used like any other key, for logging in, as a host key, for signing. Each signature is verified before it is
 * used. Only writing it fails, with SSH_ERR_KEY_NOT_EXPORTABLE.
 * public_key: borrowed; a private key's public half will do.
 * signer: copied. Its user_data is taken: destroy runs also when the call fails, unless signer itself is refused for its
 * size.
 * out_key: owned result, ssh_key_free.
 * Returns SSH_OK. Calls that sign with the key return SSH_ERR_SIGN_REFUSED where the signer refuses;
 * SSH_ERR_SIGNER_FAULT where it gives something else than a signature by this key and algorithm; SSH_ERR_TIMEOUT.
 */
ssh_status_t ssh_key_new_signer(const ssh_key_t *public_key,
                                const ssh_signer_t *signer,
                                ssh_key_t **out_key);

/**
 * Returns the algorithm to sign with: "rsa-sha2-512" or "rsa-sha2-256" for RSA keys, the key's type for most others.
 * Borrowed result until the request is answered or freed; NULL for NULL.
 */
const char *ssh_sign_request_get_algorithm(const ssh_sign_request_t *request);

/**
 * Returns what is to be signed, with its bytes in out_len. Borrowed result until the request is answered or freed; NULL for
 * NULL.
 */
const void *ssh_sign_request_get_data(const ssh_sign_request_t *request,
                                      size_t *out_len);

/** Returns the public key to sign for. Borrowed result until the request is answered or freed; NULL for NULL. */
const ssh_key_t *ssh_sign_request_get_key(const ssh_sign_request_t *request);

/**
 * Answers a request with a signature, and releases it. From any thread; allowed in the callback itself.
 *
 * request: taken, also when the call fails.
 * signature_blob: copied; `string algorithm, string signature` (RFC 4253 section 6.6), as ssh_key_sign makes it.
 * Returns SSH_OK, also where nobody waits for the answer any more.
 */
ssh_status_t ssh_sign_request_answer(ssh_sign_request_t *request,
                                     const void *signature_blob,
                                     size_t signature_blob_len);

/**
 * Refuses a request, and releases it. From any thread; allowed in the callback itself.
 *
 * request: taken, also when the call fails.
 * text: copied; why, for the error of whoever wanted the signature; may be NULL.
 */
ssh_status_t ssh_sign_request_refuse(ssh_sign_request_t *request, const char *text);

/** Releases a request without an answer, which refuses it. NULL is allowed. */
void ssh_sign_request_free(ssh_sign_request_t *request);

/* ==== Known hosts ============================================================================================== */

/**
 * Makes an empty set of known hosts.
 *
 * out_known_hosts: owned result, ssh_known_hosts_free.
 */
ssh_status_t ssh_known_hosts_new(ssh_known_hosts_t **out_known_hosts);

/**
 * Adds the entries of a file in OpenSSH's known_hosts format, hashed ones too. A file that does not exist has none;
 * lines that cannot be read are skipped, as OpenSSH does.
 *
 * path: borrowed.
 * Returns SSH_OK, or SSH_ERR_FILE.
 */
ssh_status_t ssh_known_hosts_load_file(ssh_known_hosts_t *known_hosts,
                                       const char *path);

/**
 * Adds the entries of a file's content, as ssh_known_hosts_load_file does.
 *
 * data: borrowed.
 */
ssh_status_t ssh_known_hosts_load_memory(ssh_known_hosts_t *known_hosts,
                                         const void *data,
                                         size_t data_len);

/**
 * Adds a list of revoked keys, as ssh's RevokedHostKeys: a binary list of ssh-keygen -k, or a public key a line. A key, a
 * certificate or an authority in it is SSH_KNOWN_HOST_REVOKED for every host, whatever else is listed.
 *
 * path: borrowed.
 * Returns SSH_OK; SSH_ERR_FILE, also where there is no such file; SSH_ERR_KRL_CORRUPT. After a failure every key is
 * SSH_KNOWN_HOST_REVOKED by that file, as the list may revoke it, until the same path is added.
 */
ssh_status_t ssh_known_hosts_add_krl_file(ssh_known_hosts_t *known_hosts,
                                          const char *path);

/**
 * Looks a host's key up.
 *
 * A key with a certificate, as ssh_transport_get_remote_server_key gives one where the server showed it, is known if a
 * @cert-authority line for the host names the authority, and the certificate is a host's, valid now, lists the host's
 * name, and has no critical option; otherwise it is looked up as if it had none, as OpenSSH does. @revoked lines outrank
 * all others, for the key and for the authority. Where nothing is listed with a port other than 22, an entry without a
 * port will do, again as for OpenSSH. A key of another type than those listed is SSH_KNOWN_HOST_MISMATCH too:
 * ssh_known_hosts_prefer makes that rare.
 * host: borrowed; name or address, without port. With port 0 or 22 also a name as the files have it, "[host]:port".
 * port: 0 means 22.
 * key: borrowed; as ssh_transport_get_remote_server_key gives it.
 * out_verdict: SSH_KNOWN_HOST_*; 0, which is none of them, on failure.
 * out_file: may be NULL; owned result, where the line is that decided: the path given to ssh_known_hosts_load_file or
 * ssh_known_hosts_add, or "memory"; or the list of revoked keys. NULL for SSH_KNOWN_HOST_UNKNOWN.
 * out_line: may be NULL; its line there, from 1; 0 for SSH_KNOWN_HOST_UNKNOWN and for a list of revoked keys.
 */
ssh_status_t ssh_known_hosts_check(const ssh_known_hosts_t *known_hosts,
                                   const char *host,
                                   uint32_t port,
                                   const ssh_key_t *key,
                                   int32_t *out_verdict,
                                   char **out_file,
                                   size_t *out_line);

/**
 * Adds a host's key, in memory and, where a path is given, at the end of that file; a new file gets mode 0600.
 * Where a line loaded from this path, without a marker, already lists the key for the host, nothing is added.
 *
 * host: borrowed; name or address, without port.
 * port: 0 means 22.
 * key: borrowed.
 * path: borrowed; NULL: in memory only.
 * hashed: hides the host's name in the file, as OpenSSH's HashKnownHosts does.
 * Returns SSH_OK; SSH_ERR_INVALID_ARGUMENT for a host that is no name or address; SSH_ERR_FILE, and it is added in
 * memory all the same.
 */
ssh_status_t ssh_known_hosts_add(ssh_known_hosts_t *known_hosts,
                                 const char *host,
                                 uint32_t port,
                                 const ssh_key_t *key,
                                 const char *path,
                                 bool hashed);

/**
 * Puts first, among a transport's host key algorithms, those for which a key of this host is known, so that the server
 * shows a key that can be checked. ssh_transport_connect does it by itself.
 *
 * host: borrowed.
 * port: 0 means 22.
 * Returns SSH_OK, or SSH_ERR_INVALID_STATE once the transport was started.
 */
ssh_status_t ssh_known_hosts_prefer(const ssh_known_hosts_t *known_hosts,
                                    const char *host,
                                    uint32_t port,
                                    ssh_transport_t *transport);

/** Releases a set of known hosts. NULL is allowed. */
void ssh_known_hosts_free(ssh_known_hosts_t *known_hosts);

/* ==== Configuration ============================================================================================ */

/**
 * Makes an empty configuration, for the account this process runs as. No file is read and no command is run until one
 * of the functions below is called for it. `~` is the account's home directory, as in OpenSSH, whatever HOME says.
 *
 * out_config: owned result, ssh_config_free.
 * Returns SSH_OK, or SSH_ERR_UNSUPPORTED where the account has no entry among the system's accounts.
 */
ssh_status_t ssh_config_new(ssh_config_t **out_config);

/**
 * Adds a file, as ssh -F does, whoever owns it. Its lines are read for each host that is looked up, and mistakes in
 * them reported then; files it includes are read then too.
 *
 * path: borrowed.
 * Returns SSH_OK, or SSH_ERR_FILE.
 */
ssh_status_t ssh_config_load_file(ssh_config_t *config,
                                  const char *path);

/**
 * Adds text, as if it were a file of this name.
 *
 * name: borrowed; for messages.
 * data: borrowed.
 */
ssh_status_t ssh_config_load_memory(ssh_config_t *config,
                                    const char *name,
                                    const void *data,
                                    size_t data_len);

/**
 * Adds ~/.ssh/config and then /etc/ssh/ssh_config, as ssh does by itself. One that does not exist says nothing.
 *
 * Returns SSH_OK; SSH_ERR_FILE; SSH_ERR_CONFIG where somebody else owns the user's file or can write it.
 */
ssh_status_t ssh_config_load_defaults(ssh_config_t *config);

/**
 * Sets an option, as ssh -o does: before all files, and behind those set this way before.
 *
 * option: borrowed; "Key=Value" or "Key Value".
 * Returns SSH_OK, or SSH_ERR_CONFIG where it is no option or the value is wrong.
 */
ssh_status_t ssh_config_set_option(ssh_config_t *config, const char *option);

/**
 * Says which command will be run on the host, for "Match command" and "Match sessiontype". Nothing said: a shell.
 *
 * command: borrowed; NULL takes it back.
 */
ssh_status_t ssh_config_set_command(ssh_config_t *config,
                                    const char *command);

/**
 * Sets the home directory, for `~`, `%d` and ~/.ssh/config, in place of the account's.
 *
 * path: borrowed.
 */
ssh_status_t ssh_config_set_home(ssh_config_t *config, const char *path);

/**
 * Lets "Match exec" run commands: without a handler, a lookup that comes to one fails with SSH_ERR_UNSUPPORTED.
 *
 * handler: runs the command, in a shell if it likes; returns its exit status: 0 where the criterion holds, above 0
 * where not; below 0 fails the lookup. Runs on the thread that looks up, with no lock held. NULL takes the permission
 * back.
 * user_data: taken, also when the call fails; passed to the handler.
 * destroy: may be NULL; releases user_data, once: after the last call of the handler.
 */
ssh_status_t ssh_config_set_exec_handler(ssh_config_t *config,
                                         ssh_config_exec_cb_t handler,
                                         void *user_data,
                                         ssh_destroy_cb_t destroy);

/**
 * Sets who looks names up for CanonicalizeHostname, in place of the system's resolver.
 *
 * resolver: looks a name up; returns 1 where it has an address, 0 where there is no such name; below 0 fails the
 * lookup. What CNAMEs lead to can be written to out_canonical, with a NUL behind it. Runs on the thread that looks up,
 * with no lock held. NULL: the system's resolver.
 * user_data: taken, also when the call fails; passed to the resolver.
 * destroy: may be NULL; releases user_data, once: after the last call of the resolver.
 */
ssh_status_t ssh_config_set_resolver(ssh_config_t *config,
                                     ssh_config_resolve_cb_t resolver,
                                     void *user_data,
                                     ssh_destroy_cb_t destroy);

/**
 * Finds the options of a host, as ssh does: the first value of an option wins, lists grow, Host and Match blocks apply
 * as they fit, Include reads further files, and what nothing sets has its default. Can block where CanonicalizeHostname
 * looks names up, and in the handler of "Match exec"; nothing else is waited for. May run on several threads at once.
 *
 * alias: borrowed; the host as a user types it, without user and port: set those as options.
 * out_host_config: owned result, ssh_host_config_free.
 * Returns SSH_OK; SSH_ERR_CONFIG where ssh would refuse a line, with "file:line" at the start of the text;
 * SSH_ERR_FILE for a file that is included and cannot be read; SSH_ERR_UNSUPPORTED for "Match exec" without a handler;
 * SSH_ERR_RESOLVE_FAILED; SSH_ERR_INVALID_ARGUMENT where alias cannot be a host's name.
 */
ssh_status_t ssh_config_lookup(const ssh_config_t *config,
                               const char *alias,
                               ssh_host_config_t **out_host_config);

/** Releases a configuration; what was looked up in it stays. NULL is allowed. */
void ssh_config_free(ssh_config_t *config);

/* ==== Configuration: what a host has =========================================================================== */

/**
 * Gives an option's first value, as `ssh -G` prints it.
 *
 * name: borrowed; OpenSSH's name, in any case.
 * Returns a borrowed result, valid until the handle is freed; NULL where the option has no value, or does not exist.
 */
const char *ssh_host_config_get(const ssh_host_config_t *host_config,
                                const char *name);

/**
 * Counts an option's values: more than one for lists such as IdentityFile or UserKnownHostsFile.
 *
 * name: borrowed.
 */
size_t ssh_host_config_get_count(const ssh_host_config_t *host_config, const char *name);

/**
 * Gives one of an option's values.
 *
 * name: borrowed.
 * index: from 0.
 * Returns a borrowed result, valid until the handle is freed; NULL behind the last.
 */
const char *ssh_host_config_get_at(const ssh_host_config_t *host_config,
                                   const char *name,
                                   size_t index);

/**
 * Names the options that have a value, in the order in which `ssh -G` prints them, in lower case.
 *
 * index: from 0.
 * Returns a borrowed result, valid until the handle is freed; NULL behind the last.
 */
const char *ssh_host_config_get_name(const ssh_host_config_t *host_config, size_t index);

/**
 * Says where an option was first set.
 *
 * name: borrowed.
 * Returns a borrowed result, "file:line" or "command line", valid until the handle is freed; NULL where its default
 * holds.
 */
const char *ssh_host_config_get_origin(const ssh_host_config_t *host_config,
                                       const char *name);

/**
 * Gives what was odd, but no mistake: options of the past, which mean nothing any more.
 *
 * index: from 0.
 * Returns a borrowed result with "file:line" at its start, valid until the handle is freed; NULL behind the last.
 */
const char *ssh_host_config_get_warning(const ssh_host_config_t *host_config,
                                        size_t index);

/**
 * Whether an option's value is yes.
 *
 * name: borrowed.
 */
bool ssh_host_config_is_yes(const ssh_host_config_t *host_config, const char *name);

/**
 * Reads an option's value as a number: Port, RekeyLimit's bytes, NumberOfPasswordPrompts.
 *
 * name: borrowed.
 * Returns SSH_OK; SSH_ERR_INVALID_STATE where it has no value, or none that is a number; SSH_ERR_INVALID_ARGUMENT where
 * there is no such option.
 */
ssh_status_t ssh_host_config_get_number(const ssh_host_config_t *host_config,
                                        const char *name,
                                        uint64_t *out_number);

/**
 * Reads an option's value as a time, in milliseconds: ConnectTimeout, ServerAliveInterval. For RekeyLimit it is the
 * second value. "none" and no value are 0.
 *
 * name: borrowed.
 * Returns SSH_OK; SSH_ERR_INVALID_STATE where it is no time; SSH_ERR_INVALID_ARGUMENT where there is no such option.
 */
ssh_status_t ssh_host_config_get_duration(const ssh_host_config_t *host_config,
                                          const char *name,
                                          int64_t *out_ms);

/**
 * Gives a value as it is used: with `~`, tokens such as `%h` and variables such as `${HOME}` in it expanded. `ssh -G`
 * prints most of them unexpanded, and so do the functions above.
 *
 * name: borrowed; IdentityFile, CertificateFile, RevokedHostKeys, GlobalKnownHostsFile, ProxyCommand, LocalCommand;
 * for others the value is what it is.
 * index: from 0.
 * out_value: owned result, ssh_string_free.
 * Returns SSH_OK; SSH_ERR_INVALID_ARGUMENT where there is no such value; SSH_ERR_CONFIG where something in it stands for
 * nothing, or where a host or user name would mean more than a name to the shell that runs a ProxyCommand.
 */
ssh_status_t ssh_host_config_get_expanded(const ssh_host_config_t *host_config,
                                          const char *name,
                                          size_t index,
                                          char **out_value);

/**
 * Writes all options as `ssh -G` prints them.
 *
 * out_text: owned result, ssh_string_free.
 */
ssh_status_t ssh_host_config_to_text(const ssh_host_config_t *host_config, char **out_text);

/** Releases what was found. NULL is allowed. */
void ssh_host_config_free(ssh_host_config_t *host_config);

/* ==== Known hosts: lines and changes =========================================================================== */

/**
 * Calls a function for the lines of a host, or for those of all hosts, in the order of the files. Left out are blank
 * lines, comments, and lines that loading skips: with an unknown marker or key type, or without names or a key.
 *
 * host: borrowed; name or address, without port; NULL: all hosts. Lines are those with this name and port: one without a
 * port is not for port 2222 here.
 * port: 0 means 22.
 * callback: called once a line; see ssh_known_host_t.
 * user_data: passed to the callback.
 * Returns SSH_OK, also where there is no line.
 */
ssh_status_t ssh_known_hosts_each(const ssh_known_hosts_t *known_hosts,
                                  const char *host,
                                  uint32_t port,
                                  ssh_known_host_cb_t callback,
                                  void *user_data);

/**
 * Removes a host's keys, or one of them, in memory and, where a path is given, in that file, as `ssh-keygen -R` does:
 * lines with a marker stay, and a line with further names goes as a whole.
 *
 * The file is replaced by a new one with the same mode; comments, blank lines and lines that cannot be read are kept. It
 * is locked against other editors that use this library.
 * host: borrowed; as for ssh_known_hosts_check.
 * port: 0 means 22.
 * key: borrowed; NULL: all of the host's.
 * path: borrowed; NULL: in memory only. The file must exist.
 * strict: a file with a line that is no comment and cannot be read is not changed, as ssh-keygen leaves it.
 * out_removed: may be NULL; lines removed from the file, or without a path in memory.
 * Returns SSH_OK, also where nothing was removed; SSH_ERR_FILE, and nothing was changed.
 */
ssh_status_t ssh_known_hosts_remove(ssh_known_hosts_t *known_hosts,
                                    const char *host,
                                    uint32_t port,
                                    const ssh_key_t *key,
                                    const char *path,
                                    bool strict,
                                    size_t *out_removed);

/**
 * Hashes the names in a file, as `ssh-keygen -H` does: not those with wildcards, nor those of lines with a marker. A line
 * with several names becomes several. The file is replaced as by ssh_known_hosts_remove.
 *
 * path: borrowed.
 * strict: as for ssh_known_hosts_remove.
 * out_hashed: may be NULL; how many names were hashed.
 * Returns SSH_OK, or SSH_ERR_FILE, and nothing was changed.
 */
ssh_status_t ssh_known_hosts_hash_file(const char *path,
                                       bool strict,
                                       size_t *out_hashed);

/**
 * Brings a host's keys in a file up to date with those the server proved to hold, as ssh's UpdateHostKeys does: new ones
 * are added, those the server no longer has are removed. For the callback of ssh_transport_set_hostkeys_handler.
 *
 * Nothing is changed where the key in use is not listed in the file, where a line of the host has a marker, wildcards or
 * more than two names or is in another file, and where one of the keys is listed under another name as well.
 * The file is replaced as by ssh_known_hosts_remove, and read again into known_hosts.
 * known_hosts: the files the host was checked with.
 * host: borrowed; as for ssh_known_hosts_check.
 * port: 0 means 22.
 * keys: borrowed; as the callback got them.
 * path: borrowed; the file.
 * hashed: hides the host's name in new lines.
 * out_added, out_removed: may be NULL; how many lines.
 * out_reason: may be NULL; owned result: why nothing may be changed. NULL otherwise.
 * Returns SSH_OK, also where nothing was changed; SSH_ERR_INVALID_ARGUMENT for a host that is no name or address;
 * SSH_ERR_FILE, and nothing was changed.
 */
ssh_status_t ssh_known_hosts_update(ssh_known_hosts_t *known_hosts,
                                    const char *host,
                                    uint32_t port,
                                    const ssh_host_key_t *keys,
                                    size_t keys_len,
                                    const char *path,
                                    bool hashed,
                                    size_t *out_added,
                                    size_t *out_removed,
                                    char **out_reason);

/* ==== Known hosts: fingerprints in the DNS ===================================================================== */

/**
 * Adds an SSHFP record to an answer (RFC 4255 section 3.1). In an ssh_sshfp_lookup_cb_t only.
 *
 * algorithm, fp_type: the record's first two bytes; records of unknown ones may be added, and fit no key.
 * fingerprint: copied.
 * Returns SSH_OK; SSH_ERR_INVALID_ARGUMENT for a number above 255; SSH_ERR_RESOURCE_LIMIT after 256 records.
 */
ssh_status_t ssh_sshfp_answer_add(ssh_sshfp_answer_t *answer,
                                  uint32_t algorithm,
                                  uint32_t fp_type,
                                  const void *fingerprint,
                                  size_t fingerprint_len);

/**
 * Says that the records are validated by DNSSEC, by the caller or by a resolver it reaches through a path it trusts. In an
 * ssh_sshfp_lookup_cb_t only.
 */
ssh_status_t ssh_sshfp_answer_set_secure(ssh_sshfp_answer_t *answer,
                                         bool secure);

/**
 * Gives a key's SSHFP records as lines for a zone file, as `ssh-keygen -r` prints them: "host IN SSHFP 4 2 ...".
 *
 * host: borrowed; the owner name, as it is to stand there.
 * out_text: owned result; each line ends in a newline. Empty for a type that has no number.
 */
ssh_status_t ssh_key_get_sshfp(const ssh_key_t *key,
                               const char *host,
                               char **out_text);

/* ==== Security options ========================================================================================= */

/**
 * Gives a transport's algorithm lists, to look at and to change before it starts.
 *
 * out_options: owned result, ssh_security_options_free; changes act on the transport at once. It does not keep the
 * connection open.
 */
ssh_status_t ssh_transport_get_security_options(const ssh_transport_t *transport,
                                                ssh_security_options_t **out_options);

/**
 * Gives one list, comma-separated, most preferred first.
 *
 * list_number: SSH_LIST_*; one for both directions gives client to server.
 * out_names: owned result.
 */
ssh_status_t ssh_security_options_get(const ssh_security_options_t *options,
                                      int32_t list_number,
                                      char **out_names);

/**
 * Changes one list.
 *
 * list_number: SSH_LIST_*; one for both directions changes both.
 * names: comma-separated, most preferred first, in place of the list; or "+a,b" to append, "-a,b" to remove ("*"
 * stands for any run of characters), "^a,b" to put first. Algorithms that are off by default are enabled by their name.
 * Returns SSH_OK; SSH_ERR_UNKNOWN_ALGORITHM, whose text names the culprit; SSH_ERR_INVALID_ARGUMENT where the list
 * would be empty; SSH_ERR_INVALID_STATE once the transport was started. The list is unchanged then.
 */
ssh_status_t ssh_security_options_set(ssh_security_options_t *options,
                                      int32_t list_number,
                                      const char *names);

/**
 * Gives every name the library knows for a list, those that are off by default too.
 *
 * list_number: SSH_LIST_*.
 * out_names: owned result, comma-separated.
 */
ssh_status_t ssh_security_options_get_known(int32_t list_number, char **out_names);

/**
 * Describes all lists, one a line, for people.
 *
 * out_text: owned result.
 */
ssh_status_t ssh_security_options_describe(const ssh_security_options_t *options, char **out_text);

/** Releases the lists' handle; the transport keeps its lists. NULL is allowed. */
void ssh_security_options_free(ssh_security_options_t *options);

/* ==== Transport: making one ==================================================================================== */

/**
 * Resolves a host, connects to it and makes a transport, not started.
 *
 * Blocks; one deadline covers resolving and connecting. Every address is tried, of the family the options name.
 * host: "name", "name:port", "[IPv6 address]:port", "IPv6 address"; port 22 unless given.
 * options: may be NULL.
 * timeout_ms: SSH_WAIT_DEFAULT is the options' connect_timeout_ms.
 * out_transport: owned result, ssh_transport_free.
 * Returns SSH_OK; SSH_ERR_RESOLVE_FAILED; SSH_ERR_CONNECT_FAILED, where ssh_exception_addresses says what each address
 * answered; SSH_ERR_TIMEOUT. Details are in ssh_get_exception(NULL).
 */
ssh_status_t ssh_transport_new_host(const char *host,
                                    const ssh_transport_options_t *options,
                                    int64_t timeout_ms,
                                    ssh_transport_t **out_transport);

/**
 * Like ssh_transport_new_host, with the port apart.
 *
 * address: a host name or an IPv4 or IPv6 address, without brackets.
 * port: 0 means 22.
 */
ssh_status_t ssh_transport_new_address(const char *address,
                                       uint32_t port,
                                       const ssh_transport_options_t *options,
                                       int64_t timeout_ms,
                                       ssh_transport_t **out_transport);

/**
 * Makes a transport over a connected stream socket, not started.
 *
 * fd: taken, also when the call fails; made non-blocking and close-on-exec.
 * options: may be NULL.
 * out_transport: owned result, ssh_transport_free.
 * Returns SSH_OK; SSH_ERR_INVALID_ARGUMENT where the descriptor is no socket. Details are in ssh_get_exception(NULL).
 */
ssh_status_t ssh_transport_new_fd(int fd,
                                  const ssh_transport_options_t *options,
                                  ssh_transport_t **out_transport);

/**
 * Makes a transport over a byte stream of the caller's, not started.
 *
 * stream: copied; its user_data is taken: destroy runs also when the call fails, unless stream itself is refused for
 * its size.
 * options: may be NULL.
 * out_transport: owned result, ssh_transport_free.
 * Returns SSH_OK; SSH_ERR_INVALID_ARGUMENT where send, recv or close is NULL. Details are in ssh_get_exception(NULL).
 */
ssh_status_t ssh_transport_new_stream(const ssh_stream_t *stream,
                                      const ssh_transport_options_t *options,
                                      ssh_transport_t **out_transport);

/**
 * Makes a transport inside a channel of another transport, not started: the way through a jump host, where the channel
 * is a "direct-tcpip" one.
 *
 * channel: used, not taken: its handle may be freed, but must not be read or written any more.
 * options: may be NULL.
 * out_transport: owned result, ssh_transport_free.
 * Returns SSH_OK; SSH_ERR_INVALID_STATE while the channel's opening is not answered.
 */
ssh_status_t ssh_transport_new_channel(const ssh_channel_t *channel,
                                       const ssh_transport_options_t *options,
                                       ssh_transport_t **out_transport);

/* ==== Transport: starting and ending =========================================================================== */

/**
 * Negotiates as a client (RFC 4253 sections 4, 7 and 8).
 *
 * Blocks until keys are in place. Checks no host key: do that, with ssh_transport_get_remote_server_key and
 * ssh_known_hosts_check, before any credentials are sent; ssh_transport_connect does both.
 * timeout_ms: SSH_WAIT_DEFAULT leaves the bounds to the options' banner_timeout_ms and handshake_timeout_ms. Expiry
 * ends the transport.
 * Returns SSH_OK; SSH_ERR_TIMEOUT; SSH_ERR_IDENT; SSH_ERR_NO_COMMON_* with both offers in the exception;
 * SSH_ERR_KEX_FAILED; SSH_ERR_HOST_KEY_SIGNATURE; SSH_ERR_INVALID_STATE if it was started before; or what ended the
 * connection. After any of them but the last but one the transport is over.
 */
ssh_status_t ssh_transport_start_client(ssh_transport_t *transport,
                                        int64_t timeout_ms);

/**
 * Like ssh_transport_start_client, without waiting.
 *
 * event: used, not taken; set when the negotiation is over, well (ssh_transport_is_active) or not
 * (ssh_get_exception). Its handle may be freed before that.
 */
ssh_status_t ssh_transport_start_client_event(ssh_transport_t *transport, ssh_event_t *event);

/**
 * Ends the connection: sends DISCONNECT with reason 11 (RFC 4253 section 11.1) and wakes every waiter, on channels too,
 * with SSH_ERR_CLOSED. A second call does nothing. Data that arrived stays readable. Allowed in callbacks.
 *
 * Blocks, for at most the options' close_timeout_ms, where the socket has no room for what is left to send;
 * ssh_transport_free ends a connection without.
 */
ssh_status_t ssh_transport_close(ssh_transport_t *transport);

/**
 * Releases a transport's handle; the last handle ends the connection, its channels report themselves closed. Never
 * waits; allowed in callbacks. NULL is allowed.
 */
void ssh_transport_free(ssh_transport_t *transport);

/**
 * Gives up a transport in a child process after fork: closes this process's copy of the descriptor, sends nothing and
 * waits for nothing. The parent's session is unharmed. Later calls on the handle, and on its channels, return
 * SSH_ERR_FORKED; free them as usual. Freeing the inherited handle of a transport or of one of its channels, without this
 * call before, gives the transport up as well.
 */
ssh_status_t ssh_transport_atfork(ssh_transport_t *transport);

/* ==== Transport: negotiating, checking and logging in at once ================================================== */

/**
 * Negotiates, checks the server's host key and logs in: ssh_transport_start_client, the check, and
 * ssh_transport_auth_publickey and ssh_transport_auth_password, as far as the options give what they need.
 *
 * Blocks. Something must decide over the host key: hostkey, known_hosts, sshfp_lookup, or SSH_HOSTKEY_ANY. Host key algorithms
 * for which a key is known are asked for first. A wrong key closes the transport before any secret is sent;
 * ssh_transport_get_remote_server_key gives it, to show it, and to be the hostkey of another try.
 * Once a transport: after SSH_PARTIAL and errors of -5xx go on with ssh_transport_auth_*.
 * options: borrowed, with what it points to.
 * timeout_ms: for all of it together; SSH_WAIT_DEFAULT leaves the bounds to the transport's options. Expiry during the
 * negotiation ends the transport.
 * Returns SSH_OK; SSH_PARTIAL: accepted, but the server wants a further method; SSH_ERR_HOST_KEY_UNKNOWN,
 * SSH_ERR_HOST_KEY_MISMATCH or SSH_ERR_HOST_KEY_REVOKED; SSH_ERR_INVALID_ARGUMENT where nothing decides over the host
 * key; what ssh_transport_start_client and the last ssh_transport_auth_* return.
 */
ssh_status_t ssh_transport_connect(ssh_transport_t *transport,
                                   const ssh_connect_options_t *options,
                                   int64_t timeout_ms);

/* ==== Transport: by a name of the configuration ================================================================ */

/**
 * Connects to a host by the name it has in the user's ssh configuration, and logs in: looks the name up, goes over the
 * hosts of ProxyJump, each looked up too, or through ProxyCommand, checks every host key against the known hosts and
 * logs in with the identities, certificates and methods the configuration names. docs/CONFIG.md lists the options that
 * are followed, and ~ is the account's home whatever $HOME says (for another: ssh_config_new, ssh_config_set_home,
 * ssh_config_load_defaults); one that changes where a connection comes from or whom it trusts and is not followed is an
 * error.
 *
 * Blocks; the callbacks run on the calling thread, with no lock held. No command is run but by them.
 * alias: borrowed; the host, without user and port: give those as settings.
 * options: may be NULL: the user's and the system's files, and nobody to ask. Borrowed, with what it points to.
 * out_transport: owned result, ssh_transport_free; it holds the transports it runs through.
 * Returns SSH_OK: logged in; what ssh_config_lookup, ssh_transport_new_host, ssh_transport_start_client and
 * ssh_transport_auth_* return; SSH_ERR_HOST_KEY_UNKNOWN, _MISMATCH or _REVOKED; SSH_ERR_AUTH_FAILED with what the server
 * would have taken and, for each key and certificate, why it did not do; SSH_ERR_KEY_NEEDS_PASSPHRASE or _BAD_PASSPHRASE
 * where nothing but that kept keys from being tried; SSH_ERR_UNSUPPORTED for an option that is not followed, with its file
 * and line, and for a ProxyCommand without a callback. Details are in ssh_get_exception(NULL).
 */
ssh_status_t ssh_connect_alias(const char *alias,
                               const ssh_connect_alias_options_t *options,
                               ssh_transport_t **out_transport);

/* ==== Transport: asking ======================================================================================== */

/** Tells whether the connection is up: started, negotiated and not ended; false for NULL. */
bool ssh_transport_is_active(const ssh_transport_t *transport);

/** Tells whether the connection is up and authenticated; false for NULL. */
bool ssh_transport_is_authenticated(const ssh_transport_t *transport);

/**
 * Gives the name of the user that is authenticated.
 *
 * out_username: owned result.
 * Returns SSH_OK, or SSH_ERR_INVALID_STATE before authentication succeeded.
 */
ssh_status_t ssh_transport_get_username(const ssh_transport_t *transport, char **out_username);

/**
 * Gives the banner the server sent during authentication (RFC 4252 section 5.4); it is kept across attempts.
 *
 * out_banner: owned result, raw, also NUL-terminated; NULL if there was none. Filter control characters before
 * showing it: it comes from a machine that may not be trusted yet.
 * out_len: its bytes.
 */
ssh_status_t ssh_transport_get_banner(const ssh_transport_t *transport,
                                      char **out_banner,
                                      size_t *out_len);

/**
 * Gives the server's host key, as it signed the key exchange (RFC 4253 section 8), with its certificate where the server
 * showed one (ssh_key_get_certificate).
 *
 * out_key: owned result, ssh_key_free.
 * Returns SSH_OK, or SSH_ERR_INVALID_STATE before the negotiation.
 */
ssh_status_t ssh_transport_get_remote_server_key(const ssh_transport_t *transport,
                                                 ssh_key_t **out_key);

/**
 * Gives the peer's identification string, "SSH-2.0-..." (RFC 4253 section 4.2).
 *
 * out_version: owned result.
 * Returns SSH_OK, or SSH_ERR_INVALID_STATE before it arrived.
 */
ssh_status_t ssh_transport_get_remote_version(const ssh_transport_t *transport, char **out_version);

/**
 * Gives the algorithm in force.
 *
 * list: SSH_LIST_*, but SSH_LIST_PUBKEY; one for both directions gives client to server.
 * out_name: owned result; "<implicit>" for the MAC of a cipher that authenticates by itself.
 * Returns SSH_OK, or SSH_ERR_INVALID_STATE before the negotiation.
 */
ssh_status_t ssh_transport_get_negotiated(const ssh_transport_t *transport, int32_t list, char **out_name);

/**
 * Tells whether both sides do strict key exchange (kex-strict-*-v00@openssh.com); false for NULL and before the
 * negotiation.
 */
bool ssh_transport_is_strict_kex(const ssh_transport_t *transport);

/**
 * Describes a transport in one line for people: its state, cipher and open channels.
 *
 * out_text: owned result.
 */
ssh_status_t ssh_transport_describe(const ssh_transport_t *transport, char **out_text);

/**
 * Gives the address of the other end; "unknown" and 0 for a stream that has none.
 *
 * out_host: owned result.
 * out_port: its port.
 */
ssh_status_t ssh_transport_getpeername(const ssh_transport_t *transport, char **out_host, uint32_t *out_port);

/* ==== Transport: authentication ================================================================================ */

/**
 * Asks the server for access without credentials (RFC 4252 section 5.2). Servers hardly ever grant it; the answer says
 * which methods they take.
 *
 * Blocks until the server answers.
 * timeout_ms: SSH_WAIT_DEFAULT is the options' auth_timeout_ms, as for all ssh_transport_auth_*.
 * out_methods_left: may be NULL; owned result, the methods that can continue, comma-separated. It is set with
 * SSH_PARTIAL, SSH_ERR_AUTH_FAILED and SSH_ERR_AUTH_METHOD_NOT_ALLOWED, and NULL otherwise; the same for all
 * ssh_transport_auth_*.
 * Returns SSH_OK: authenticated; SSH_PARTIAL: accepted, a further method must follow; SSH_ERR_AUTH_FAILED: refused;
 * SSH_ERR_AUTH_METHOD_NOT_ALLOWED: the server takes other methods; SSH_ERR_TIMEOUT; SSH_ERR_INVALID_STATE before the
 * negotiation and after success. Another thread's attempt is waited for. The connection stays up, for another attempt
 * with the same user name: many servers disconnect where it changes.
 */
ssh_status_t ssh_transport_auth_none(ssh_transport_t *transport,
                                     const char *username,
                                     int64_t timeout_ms,
                                     char **out_methods_left);

/**
 * Authenticates with a password (RFC 4252 section 8). Where the server does not take the method but does take
 * keyboard-interactive and asks one question without echo, the password answers it.
 *
 * Blocks until the server answers.
 * password: copied; any bytes.
 * options: may be NULL: with the fallback, without password changes.
 * timeout_ms, out_methods_left: see ssh_transport_auth_none.
 * Returns what ssh_transport_auth_none does, and SSH_ERR_AUTH_PASSWORD_CHANGE where the server wants another password
 * and there is no callback for it; SSH_ERR_AUTH_ABORTED where the callback gave up.
 */
ssh_status_t ssh_transport_auth_password(ssh_transport_t *transport,
                                         const char *username,
                                         const void *password,
                                         size_t password_len,
                                         const ssh_password_options_t *options,
                                         int64_t timeout_ms,
                                         char **out_methods_left);

/**
 * Authenticates with a private key (RFC 4252 section 7), and with its certificate if it has one
 * (ssh_key_with_certificate); a server that refuses the certificate may still take the key alone. An RSA key signs with
 * SHA-2 as the server's server-sig-algs allow (RFC 8332). A certificate needs no algorithm of its own in
 * SSH_LIST_PUBKEY: those of its key's signatures will do. To OpenSSH before 7.8, which knows no better, an RSA
 * certificate is shown with a SHA-1 signature, if "ssh-rsa" is enabled.
 *
 * Blocks until the server answers.
 * key: borrowed.
 * timeout_ms, out_methods_left: see ssh_transport_auth_none.
 * Returns what ssh_transport_auth_none does, and SSH_ERR_KEY_PUBLIC_ONLY; SSH_ERR_AUTH_NO_SIGNATURE_ALGORITHM where no
 * signature algorithm of the key is both enabled here and taken by the server.
 */
ssh_status_t ssh_transport_auth_publickey(ssh_transport_t *transport,
                                          const char *username,
                                          const ssh_key_t *key,
                                          int64_t timeout_ms,
                                          char **out_methods_left);

/**
 * Authenticates by answering the server's questions (RFC 4256).
 *
 * Blocks until the server decides; calls the callback on this thread for every round of questions.
 * submethods: may be NULL; a hint for the server, comma-separated.
 * callback: must not be NULL; user_data is borrowed.
 * timeout_ms: bounds the waiting for the server, the callback's time not included.
 * out_methods_left: see ssh_transport_auth_none.
 * Returns what ssh_transport_auth_none does, and SSH_ERR_AUTH_ABORTED where the callback gave up.
 */
ssh_status_t ssh_transport_auth_interactive(ssh_transport_t *transport,
                                            const char *username,
                                            const char *submethods,
                                            ssh_interactive_cb_t callback,
                                            void *user_data,
                                            int64_t timeout_ms,
                                            char **out_methods_left);

/**
 * Like ssh_transport_auth_interactive, with a person at the terminal: questions are printed on stdout, answers read from
 * stdin, without echo where the server asks for that and stdin is a terminal. The end of stdin gives up.
 *
 * timeout_ms: bounds the waiting for the server, not for the person.
 */
ssh_status_t ssh_transport_auth_interactive_dumb(ssh_transport_t *transport,
                                                 const char *username,
                                                 const char *submethods,
                                                 int64_t timeout_ms,
                                                 char **out_methods_left);

/**
 * Like ssh_transport_auth_password with its fallback, without waiting.
 *
 * event: used, not taken; set when the attempt is over, and cleared by nobody but you (ssh_event_clear).
 * ssh_transport_is_authenticated says how it ended, ssh_get_exception why: the exception's code is SSH_PARTIAL where the
 * step was accepted and a further method must follow. The bound is the options' auth_timeout_ms.
 * Returns SSH_OK where the attempt began; SSH_ERR_INVALID_STATE before the negotiation, after success, and while another
 * attempt is running.
 */
ssh_status_t ssh_transport_auth_password_event(ssh_transport_t *transport,
                                               const char *username,
                                               const void *password,
                                               size_t password_len,
                                               ssh_event_t *event);

/**
 * Like ssh_transport_auth_publickey, without waiting.
 *
 * key: borrowed.
 * event: see ssh_transport_auth_password_event.
 * Returns SSH_OK where the attempt began; SSH_ERR_INVALID_STATE; SSH_ERR_KEY_PUBLIC_ONLY;
 * SSH_ERR_AUTH_NO_SIGNATURE_ALGORITHM.
 */
ssh_status_t ssh_transport_auth_publickey_event(ssh_transport_t *transport,
                                                const char *username,
                                                const ssh_key_t *key,
                                                ssh_event_t *event);

/* ==== Transport: answering prompts ============================================================================= */

/**
 * Sets one answer, inside the callback that was given the answers.
 *
 * index: of the prompt, from 0.
 * answer: copied; bytes without a terminating NUL.
 * Returns SSH_OK, or SSH_ERR_INVALID_ARGUMENT where there is no such prompt.
 */
ssh_status_t ssh_prompt_answers_set(ssh_prompt_answers_t *answers,
                                    size_t index,
                                    const void *answer,
                                    size_t answer_len);

/* ==== Agents =================================================================================================== */

/**
 * Connects to an agent: ssh-agent, or another one that listens on a Unix socket.
 *
 * path: borrowed; NULL: the environment variable SSH_AUTH_SOCK names it.
 * out_agent: owned result, ssh_agent_free.
 * Returns SSH_OK; SSH_ERR_AGENT_UNAVAILABLE.
 */
ssh_status_t ssh_agent_connect(const char *path, ssh_agent_t **out_agent);

/**
 * Talks to an agent at the other end of a channel: a server uses its client's keys like this, over a channel of
 * ssh_transport_open_forward_agent_channel.
 *
 * channel: borrowed; from here on nothing else reads or writes it. Its handle may be freed before the agent's, which keeps
 * the channel open.
 * out_agent: owned result, ssh_agent_free, which closes the channel.
 */
ssh_status_t ssh_agent_connect_channel(ssh_channel_t *channel,
                                       ssh_agent_t **out_agent);

/** Releases a connection to an agent; keys it listed keep it open as long as they live. NULL is allowed. */
void ssh_agent_free(ssh_agent_t *agent);

/**
 * Lists an agent's keys. Those of types this library does not know are left out.
 *
 * Blocks until the agent answers. Several threads may use one agent; their requests follow each other.
 * timeout_ms: SSH_WAIT_DEFAULT waits for ever; the same for all ssh_agent_*. When it passes, the agent stays usable: the
 * answer is passed over when it comes.
 * out_keys: owned result, ssh_agent_keys_free.
 * Returns SSH_OK; SSH_ERR_AGENT_REFUSED; SSH_ERR_AGENT_UNAVAILABLE once the agent has gone; SSH_ERR_TIMEOUT;
 * SSH_ERR_PROTOCOL where it does not answer as agents do; the same for all ssh_agent_*. A locked agent lists no key.
 */
ssh_status_t ssh_agent_list(ssh_agent_t *agent,
                            int64_t timeout_ms,
                            ssh_agent_keys_t **out_keys);

/** Returns how many keys a list has; 0 for NULL. */
size_t ssh_agent_keys_get_count(const ssh_agent_keys_t *keys);

/**
 * Returns a key of a list, which signs through the agent and is used like any other private key; with its certificate,
 * where the agent lists it with one. A signature waits for the agent, which may have to ask its user, two minutes at most.
 * Borrowed result until ssh_agent_keys_free; NULL where there is none.
 */
const ssh_key_t *ssh_agent_keys_get_key(const ssh_agent_keys_t *keys,
                                        size_t index);

/**
 * Returns the comment of a list's key; the agent's text, not filtered. Borrowed result until ssh_agent_keys_free; NULL where
 * there is none.
 */
const char *ssh_agent_keys_get_comment(const ssh_agent_keys_t *keys,
                                       size_t index);

/** Releases a list and its keys. NULL is allowed. */
void ssh_agent_keys_free(ssh_agent_keys_t *keys);

/**
 * Adds a private key to an agent, with its certificate where it has one.
 *
 * key: borrowed.
 * options: may be NULL: with the key's own comment and without constraints.
 * Returns what ssh_agent_list does; SSH_ERR_KEY_PUBLIC_ONLY; SSH_ERR_KEY_NOT_EXPORTABLE for a key that is held elsewhere.
 * SSH_ERR_AGENT_REFUSED also where the agent does not know a constraint.
 */
ssh_status_t ssh_agent_add(ssh_agent_t *agent,
                           const ssh_key_t *key,
                           const ssh_agent_add_options_t *options,
                           int64_t timeout_ms);

/**
 * Removes a key from an agent: the one with the certificate where key has one, else the plain one.
 *
 * key: borrowed; the public half will do.
 * Returns what ssh_agent_list does; SSH_ERR_AGENT_REFUSED also where the agent does not hold the key.
 */
ssh_status_t ssh_agent_remove(ssh_agent_t *agent, const ssh_key_t *key, int64_t timeout_ms);

/** Removes all keys from an agent. */
ssh_status_t ssh_agent_remove_all(ssh_agent_t *agent, int64_t timeout_ms);

/**
 * Locks an agent: until ssh_agent_unlock it lists nothing and signs nothing.
 *
 * passphrase: borrowed; what unlocks it; any bytes.
 */
ssh_status_t ssh_agent_lock(ssh_agent_t *agent,
                            const void *passphrase,
                            size_t passphrase_len,
                            int64_t timeout_ms);

/**
 * Unlocks an agent.
 *
 * passphrase: borrowed; the one it was locked with.
 * Returns what ssh_agent_list does; SSH_ERR_AGENT_REFUSED for another passphrase.
 */
ssh_status_t ssh_agent_unlock(ssh_agent_t *agent,
                              const void *passphrase,
                              size_t passphrase_len,
                              int64_t timeout_ms);

/**
 * Asks an agent for something beyond the protocol's core. "query" lists what it knows.
 *
 * name: borrowed; "session-bind@openssh.com" for one.
 * data: borrowed; as the extension has it.
 * out_data: owned result, ssh_bytes_free: what the answer holds; NULL where that is nothing.
 * out_len: its bytes.
 * Returns what ssh_agent_list does; SSH_ERR_UNSUPPORTED where the agent does not know the extension.
 */
ssh_status_t ssh_agent_extension(ssh_agent_t *agent,
                                 const char *name,
                                 const void *data,
                                 size_t data_len,
                                 int64_t timeout_ms,
                                 uint8_t **out_data,
                                 size_t *out_len);

/**
 * Ties an agent's connection to an SSH session, so that the agent can keep to the destinations its keys are restricted to
 * (session-bind@openssh.com). ssh_transport_auth_agent does it by itself; call this for a connection whose keys are used
 * otherwise, and for one that is relayed to a forwarded agent channel.
 *
 * transport: used, not taken; a client past the negotiation.
 * forwarding: others will use the connection from behind that session.
 * Returns what ssh_agent_list does; SSH_OK also where the agent does not know of it; SSH_ERR_INVALID_STATE.
 */
ssh_status_t ssh_agent_bind_session(ssh_agent_t *agent,
                                    ssh_transport_t *transport,
                                    bool forwarding,
                                    int64_t timeout_ms);

/**
 * Gives an agent's socket away, for a relay to a forwarded agent channel: connect, ssh_agent_bind_session with forwarding,
 * detach, ssh_relay_new_fd. The handle is only good for ssh_agent_free then, as are keys it listed.
 *
 * out_fd: the caller's, to be closed.
 * Returns SSH_OK; SSH_ERR_INVALID_STATE while a request is not answered, and for an agent on a channel.
 */
ssh_status_t ssh_agent_detach(ssh_agent_t *agent,
                              int *out_fd);

/**
 * Logs in with an agent's keys, in the order ssh has. Each key is shown without a signature first; the first that the
 * server takes signs.
 *
 * A key the server does not take costs one of the tries it allows, six with OpenSSH: name the user's own keys in options
 * where the agent may hold many.
 * agent: used, not taken. Tied to the session (ssh_agent_bind_session), which agents take once a connection: one agent
 * handle a transport, where keys are restricted to destinations.
 * options: may be NULL: all keys in the agent's order.
 * timeout_ms: for each step; SSH_WAIT_DEFAULT is the transport options' auth_timeout_ms.
 * out_methods_left: see ssh_transport_auth_none.
 * Returns what ssh_transport_auth_publickey does, SSH_ERR_AUTH_FAILED where the server takes none of the keys; what
 * ssh_agent_list does, SSH_ERR_AGENT_REFUSED where there is no key to show.
 */
ssh_status_t ssh_transport_auth_agent(ssh_transport_t *transport,
                                      const char *username,
                                      ssh_agent_t *agent,
                                      const ssh_agent_auth_options_t *options,
                                      int64_t timeout_ms,
                                      char **out_methods_left);

/**
 * Asks whether the server would take a key, without a signature (RFC 4252 section 7).
 *
 * Blocks until the server answers. Most servers count a refusal as an attempt.
 * key: borrowed; the public half will do.
 * timeout_ms: see ssh_transport_auth_none.
 * Returns SSH_OK: it would; otherwise what ssh_transport_auth_publickey does.
 */
ssh_status_t ssh_transport_auth_publickey_query(ssh_transport_t *transport,
                                                const char *username,
                                                const ssh_key_t *key,
                                                int64_t timeout_ms);

/* ==== Agents: one of your own ================================================================================== */

/**
 * Makes an agent with an empty keyring, which nobody is connected to yet.
 *
 * options: may be NULL. Copied; its user_data is taken: destroy runs also when the call fails, unless options itself is
 * refused for its size.
 * out_server: owned result, ssh_agent_server_free.
 */
ssh_status_t ssh_agent_server_new(const ssh_agent_server_options_t *options,
                                  ssh_agent_server_t **out_server);

/**
 * Releases an agent: its connections end, its listening sockets are removed, its keys are wiped once no signature is under
 * way. Does not block. NULL is allowed.
 */
void ssh_agent_server_free(ssh_agent_server_t *server);

/**
 * Adds a private key to an agent's keyring, with its certificate where it has one. A key that is held elsewhere, by a signer
 * or another agent, will do too. One that is there already takes the new comment and constraints.
 *
 * key: borrowed.
 * options: may be NULL: with the key's own comment and without constraints.
 * Returns SSH_OK; SSH_ERR_KEY_PUBLIC_ONLY; SSH_ERR_INVALID_STATE while the agent is locked; SSH_ERR_RESOURCE_LIMIT.
 */
ssh_status_t ssh_agent_server_add(ssh_agent_server_t *server,
                                  const ssh_key_t *key,
                                  const ssh_agent_add_options_t *options);

/**
 * Removes a key from an agent's keyring: the one with the certificate where key has one, else the plain one.
 *
 * key: borrowed; the public half will do.
 * Returns SSH_OK; SSH_ERR_AGENT_REFUSED where it is not there, or the agent is locked.
 */
ssh_status_t ssh_agent_server_remove(ssh_agent_server_t *server, const ssh_key_t *key);

/** Removes all keys from an agent's keyring. */
ssh_status_t ssh_agent_server_remove_all(ssh_agent_server_t *server);

/**
 * Locks an agent: until ssh_agent_server_unlock, or an unlocking by somebody connected, it lists nothing and signs nothing.
 *
 * passphrase: borrowed; what unlocks it; any bytes.
 * Returns SSH_OK; SSH_ERR_INVALID_STATE where it is locked.
 */
ssh_status_t ssh_agent_server_lock(ssh_agent_server_t *server,
                                   const void *passphrase,
                                   size_t passphrase_len);

/**
 * Unlocks an agent.
 *
 * passphrase: borrowed; the one it was locked with.
 * Returns SSH_OK; SSH_ERR_AGENT_REFUSED for another passphrase, and where it is not locked.
 */
ssh_status_t ssh_agent_server_unlock(ssh_agent_server_t *server,
                                     const void *passphrase,
                                     size_t passphrase_len);

/**
 * Lists the keys an agent holds now; none while it is locked.
 *
 * out_keys: owned result, ssh_agent_keys_free. Its keys are the keyring's own: they sign without anybody being asked.
 */
ssh_status_t ssh_agent_server_list(ssh_agent_server_t *server,
                                   ssh_agent_keys_t **out_keys);

/**
 * Answers what comes through a channel, until one side closes it: how an application gives a server the use of its keys, on
 * the channels that a handler of ssh_transport_set_agent_handler gets.
 *
 * Does not block.
 * channel: borrowed; from here on nothing else reads or writes it. Its handle may be freed at once: the agent keeps the
 * channel open.
 * exposure: copied; may be NULL: everything.
 * Returns SSH_OK; SSH_ERR_RESOURCE_LIMIT: 256 connections are served.
 */
ssh_status_t ssh_agent_server_serve_channel(ssh_agent_server_t *server,
                                            ssh_channel_t *channel,
                                            const ssh_agent_exposure_t *exposure);

/**
 * Answers what comes through a connected stream socket, until one side closes it.
 *
 * Does not block.
 * fd: taken, also when the call fails.
 * exposure: copied; may be NULL: everything.
 * Returns SSH_OK; SSH_ERR_INVALID_ARGUMENT for what is no stream socket; SSH_ERR_RESOURCE_LIMIT.
 */
ssh_status_t ssh_agent_server_serve_fd(ssh_agent_server_t *server,
                                       int fd,
                                       const ssh_agent_exposure_t *exposure);

/**
 * Listens on a Unix socket and serves whoever connects, which only this user can: SSH_AUTH_SOCK for other programs.
 *
 * Does not block.
 * path: borrowed; nothing may be there yet. The socket is removed with the agent.
 * exposure: copied; may be NULL: everything.
 * Returns SSH_OK; SSH_ERR_FILE.
 */
ssh_status_t ssh_agent_server_listen(ssh_agent_server_t *server,
                                     const char *path,
                                     const ssh_agent_exposure_t *exposure);

/**
 * Returns the public key whose use is to be confirmed. Borrowed result until the question is answered or freed; NULL for
 * NULL.
 */
const ssh_key_t *ssh_agent_confirm_get_key(const ssh_agent_confirm_t *confirm);

/**
 * Returns the comment of the key whose use is to be confirmed; not filtered: it may come from whoever added the key.
 * Borrowed result until the question is answered or freed; NULL for NULL.
 */
const char *ssh_agent_confirm_get_comment(const ssh_agent_confirm_t *confirm);

/**
 * Allows or denies the use of a key, and releases the question. From any thread; allowed in the callback itself.
 *
 * confirm: taken.
 * Returns SSH_OK, also where nobody waits for the answer any more.
 */
ssh_status_t ssh_agent_confirm_answer(ssh_agent_confirm_t *confirm,
                                      bool allow);

/** Releases a question without an answer, which denies. NULL is allowed. */
void ssh_agent_confirm_free(ssh_agent_confirm_t *confirm);

/* ==== Transport: channels and requests ========================================================================= */

/**
 * Opens a "session" channel (RFC 4254 section 6.1), for a command, a shell or a subsystem.
 *
 * Blocks until the server answers. See ssh_transport_open_channel for everything else.
 */
ssh_status_t ssh_transport_open_session(ssh_transport_t *transport,
                                        const ssh_channel_options_t *options,
                                        int64_t timeout_ms,
                                        ssh_channel_t **out_channel);

/**
 * Opens a channel (RFC 4254 section 5.1).
 *
 * Blocks until the peer answers; an answer that comes after the deadline is met with CLOSE.
 * kind: "session", "direct-tcpip" with dest_host, "direct-streamlocal@openssh.com" with dest_path, ..., or any other
 * name with its open_data.
 * options: may be NULL where the kind needs no address.
 * timeout_ms: SSH_WAIT_DEFAULT is the transport options' channel_timeout_ms.
 * out_channel: owned result, ssh_channel_free.
 * Returns SSH_OK; SSH_ERR_CHANNEL_PROHIBITED, _CONNECT_FAILED, _UNKNOWN_TYPE, _SHORTAGE or _REFUSED with the peer's
 * reason and text in the exception; SSH_ERR_TIMEOUT; SSH_ERR_INVALID_STATE before authentication;
 * SSH_ERR_RESOURCE_LIMIT where max_channels are open.
 */
ssh_status_t ssh_transport_open_channel(ssh_transport_t *transport,
                                        const char *kind,
                                        const ssh_channel_options_t *options,
                                        int64_t timeout_ms,
                                        ssh_channel_t **out_channel);

/** Begins to open a "session" channel; see ssh_transport_open_channel_begin. */
ssh_status_t ssh_transport_open_session_begin(ssh_transport_t *transport,
                                              const ssh_channel_options_t *options,
                                              ssh_channel_t **out_channel);

/**
 * Begins to open a channel: asks the peer, as ssh_transport_open_channel does, and returns at once. SSH_READY_DONE tells
 * when the answer is there, ssh_channel_finish takes it.
 *
 * Until then calls on the channel that need it open, but relays, fail with SSH_ERR_INVALID_STATE, and nothing is ready to
 * be read or sent. Closing or freeing it gives the opening up: an answer that comes later is met with CLOSE. There is no
 * bound but the application's.
 * kind, options: as for ssh_transport_open_channel.
 * out_channel: owned result, ssh_channel_free, whatever the answer.
 * Returns SSH_OK; SSH_ERR_INVALID_STATE before authentication; what ended the connection.
 */
ssh_status_t ssh_transport_open_channel_begin(ssh_transport_t *transport,
                                              const char *kind,
                                              const ssh_channel_options_t *options,
                                              ssh_channel_t **out_channel);

/**
 * Waits for the next channel the peer opens and no handler takes, in the order of arrival.
 *
 * timeout_ms: SSH_WAIT_DEFAULT has no bound.
 * out_channel: owned result, ssh_channel_free.
 * Returns SSH_OK; SSH_ERR_TIMEOUT; what ended the connection, which also ends the wait: ssh_transport_is_active tells a
 * login that took too long, SSH_ERR_TIMEOUT as well, from a wait that did; SSH_ERR_INVALID_STATE before the start.
 */
ssh_status_t ssh_transport_accept(ssh_transport_t *transport,
                                  int64_t timeout_ms,
                                  ssh_channel_t **out_channel);

/**
 * Changes to new keys now (RFC 4253 section 9); traffic in both directions goes on behind it.
 *
 * Blocks until the new keys are in use.
 * timeout_ms: SSH_WAIT_DEFAULT leaves the bound to the options' handshake_timeout_ms. Expiry of timeout_ms leaves the
 * exchange running; a failed exchange ends the connection.
 */
ssh_status_t ssh_transport_renegotiate_keys(ssh_transport_t *transport,
                                            int64_t timeout_ms);

/**
 * Sends an IGNORE message with random bytes (RFC 4253 section 11.2).
 *
 * byte_count: at most 32768; 0 chooses 10 to 41.
 */
ssh_status_t ssh_transport_send_ignore(ssh_transport_t *transport, size_t byte_count);

/**
 * Client: tells the server that no more sessions will be opened (no-more-sessions@openssh.com, OpenSSH PROTOCOL section
 * 2.2), so that nobody who gets hold of this connection can open one. Other channels go on.
 *
 * Returns at once; no reply is asked for. From here on opening a "session" fails with SSH_ERR_INVALID_STATE, and a server
 * that knows the request hangs up on one. Few servers but OpenSSH's and this library's know it, and there were some that
 * hung up on the request itself: ssh sends it to OpenSSH alone. A second call does nothing.
 * Returns SSH_OK; SSH_ERR_INVALID_STATE before authentication, and on a server.
 */
ssh_status_t ssh_transport_send_no_more_sessions(ssh_transport_t *transport);

/**
 * Sends a keepalive@openssh.com request whenever nothing was sent for a while.
 *
 * interval_ms: how long; 0 turns it off.
 * max_unanswered: after so many requests without any answer the connection ends with SSH_ERR_PEER_DEAD; 0: never. Not
 * counted while the peer's input waits because of max_pending_requests or max_pending_globals.
 * Returns SSH_OK; SSH_ERR_INVALID_STATE before the start.
 */
ssh_status_t ssh_transport_set_keepalive(ssh_transport_t *transport,
                                         int64_t interval_ms,
                                         uint32_t max_unanswered);

/**
 * Sends a global request (RFC 4254 section 4).
 *
 * kind: its name.
 * data: borrowed; its type-specific data, may be NULL with length 0.
 * want_reply: wait for the peer's answer; without it the call returns at once.
 * timeout_ms: SSH_WAIT_DEFAULT is the transport options' channel_timeout_ms.
 * out_reply: owned result, ssh_bytes_free; the answer's data. May be NULL together with out_len.
 * out_len: its bytes.
 * Returns SSH_OK; SSH_ERR_REQUEST_REFUSED; SSH_ERR_TIMEOUT.
 */
ssh_status_t ssh_transport_global_request(ssh_transport_t *transport,
                                          const char *kind,
                                          const void *data,
                                          size_t data_len,
                                          bool want_reply,
                                          int64_t timeout_ms,
                                          uint8_t **out_reply,
                                          size_t *out_len);

/**
 * Turns compression on or off for both directions, before the start: on offers zlib@openssh.com, zlib and none, in this
 * order, off offers none alone. Without a call none is offered first, zlib@openssh.com after it.
 *
 * Returns SSH_OK, or SSH_ERR_INVALID_STATE once the transport was started.
 */
ssh_status_t ssh_transport_use_compression(ssh_transport_t *transport,
                                           bool compress);

/**
 * Sets the name under which a transport logs; "sshrs.transport" at first. Lines about a channel come under this name, a
 * dot and the channel's (ssh_channel_set_name).
 *
 * name: copied.
 */
ssh_status_t ssh_transport_set_log_channel(ssh_transport_t *transport,
                                           const char *name);

/**
 * Gives the name under which a transport logs.
 *
 * out_name: owned result.
 */
ssh_status_t ssh_transport_get_log_channel(const ssh_transport_t *transport, char **out_name);

/**
 * Turns dumps of messages in the log, at SSH_LOG_DEBUG, on or off; off at first. Of messages with passwords, keys, what
 * keys are made from, or an X11 cookie only the number and the length are shown; there is no way to see the rest.
 */
ssh_status_t ssh_transport_set_hexdump(ssh_transport_t *transport,
                                       bool hexdump);

/** Tells whether messages are dumped; false for NULL. */
bool ssh_transport_get_hexdump(const ssh_transport_t *transport);

/* ==== Transport: forwarding ==================================================================================== */

/**
 * Asks the server to listen on a TCP port and to open a "forwarded-tcpip" channel for each connection (RFC 4254
 * section 7.1). ssh_channel_get_destination tells a channel's address and port.
 *
 * Blocks until the server answers; a forward granted after the deadline is cancelled again.
 * address: copied; where the server listens: "" for all its addresses, "localhost", ...
 * port: 0 leaves the choice to the server.
 * handler: copied; takes the channels of this address and port, in place of the handler they had. Its user_data is
 * taken: destroy runs also when the call fails, unless handler itself is refused for its size. NULL: the channels
 * arrive through ssh_transport_accept.
 * timeout_ms: SSH_WAIT_DEFAULT is the transport options' channel_timeout_ms.
 * out_port: may be NULL unless port is 0; the port the server listens on.
 * Returns SSH_OK; SSH_ERR_REQUEST_REFUSED, which leaves a forward granted before as it was; SSH_ERR_TIMEOUT.
 */
ssh_status_t ssh_transport_request_port_forward(ssh_transport_t *transport,
                                                const char *address,
                                                uint32_t port,
                                                const ssh_forward_handler_t *handler,
                                                int64_t timeout_ms,
                                                uint32_t *out_port);

/**
 * Ends a forward (RFC 4254 section 7.1). Others go on, as do channels that are open.
 *
 * Blocks until the server answers.
 * address: borrowed; as it was asked for.
 * port: the one listened on.
 * timeout_ms: SSH_WAIT_DEFAULT is the transport options' channel_timeout_ms.
 * Returns SSH_OK; SSH_ERR_REQUEST_REFUSED: the forward goes on, if there is one; SSH_ERR_TIMEOUT.
 */
ssh_status_t ssh_transport_cancel_port_forward(ssh_transport_t *transport,
                                               const char *address,
                                               uint32_t port,
                                               int64_t timeout_ms);

/**
 * As ssh_transport_request_port_forward, for a Unix socket on the server (streamlocal-forward@openssh.com); its channels
 * are "forwarded-streamlocal@openssh.com".
 *
 * path: copied.
 */
ssh_status_t ssh_transport_request_streamlocal_forward(ssh_transport_t *transport,
                                                       const char *path,
                                                       const ssh_forward_handler_t *handler,
                                                       int64_t timeout_ms);

/**
 * Ends such a forward, as ssh_transport_cancel_port_forward does.
 *
 * path: borrowed.
 */
ssh_status_t ssh_transport_cancel_streamlocal_forward(ssh_transport_t *transport,
                                                      const char *path,
                                                      int64_t timeout_ms);

/**
 * Sets who takes the "x11" channels that ssh_channel_request_x11 leads to.
 *
 * handler: copied, its user_data taken, as for ssh_transport_request_port_forward. NULL: ssh_transport_accept.
 */
ssh_status_t ssh_transport_set_x11_handler(ssh_transport_t *transport,
                                           const ssh_forward_handler_t *handler);

/**
 * Sets who takes the "auth-agent@openssh.com" channels that ssh_channel_request_forward_agent leads to.
 *
 * handler: copied, its user_data taken, as for ssh_transport_request_port_forward. NULL: ssh_transport_accept.
 */
ssh_status_t ssh_transport_set_agent_handler(ssh_transport_t *transport,
                                             const ssh_forward_handler_t *handler);

/**
 * Server: opens a "forwarded-tcpip" channel for a connection to a port the client had us listen on (RFC 4254 section
 * 7.2). See ssh_transport_open_channel for everything else.
 *
 * options: dest_host and dest_port are the address as the client asked for it and the port listened on, src_host and
 * src_port where the connection comes from.
 */
ssh_status_t ssh_transport_open_forwarded_tcpip_channel(ssh_transport_t *transport,
                                                        const ssh_channel_options_t *options,
                                                        int64_t timeout_ms,
                                                        ssh_channel_t **out_channel);

/**
 * Server: opens an "x11" channel for a connection to the display that check_channel_x11_request granted (RFC 4254
 * section 6.3.2). See ssh_transport_open_channel for everything else.
 *
 * options: src_host and src_port are where the connection comes from.
 */
ssh_status_t ssh_transport_open_x11_channel(ssh_transport_t *transport,
                                            const ssh_channel_options_t *options,
                                            int64_t timeout_ms,
                                            ssh_channel_t **out_channel);

/**
 * Server: opens an "auth-agent@openssh.com" channel to the client's agent, which check_channel_forward_agent_request
 * granted. See ssh_transport_open_channel for everything else.
 *
 * options: may be NULL.
 */
ssh_status_t ssh_transport_open_forward_agent_channel(ssh_transport_t *transport,
                                                      const ssh_channel_options_t *options,
                                                      int64_t timeout_ms,
                                                      ssh_channel_t **out_channel);

/* ==== Transport: host keys ===================================================================================== */

/**
 * Client: sets who takes all of the server's host keys, so that the application can bring its known_hosts up to date
 * (hostkeys-00@openssh.com, OpenSSH PROTOCOL section 2.5).
 *
 * The server announces its keys behind the login, if it does so at all. The library then asks it to prove that it holds
 * those that did not sign the key exchange (hostkeys-prove-00@openssh.com) and checks the proof; if that fails the
 * callback is not called, and the log tells why. The announcement is kept while there is no callback, so that one set
 * after the login is called too. Without a callback no proof is asked for.
 * callback: called once at most, on a library thread; see ssh_hostkeys_cb_t. NULL: nobody.
 * user_data: taken, also when the call fails; passed to the callback.
 * destroy: may be NULL; releases user_data, once: after the callback, when another one is set, or when the connection is
 * over.
 * Returns SSH_OK; SSH_ERR_INVALID_STATE on a server.
 */
ssh_status_t ssh_transport_set_hostkeys_handler(ssh_transport_t *transport,
                                                ssh_hostkeys_cb_t callback,
                                                void *user_data,
                                                ssh_destroy_cb_t destroy);

/* ==== Server: starting one ===================================================================================== */

/**
 * Negotiates as a server (RFC 4253 sections 4, 7 and 8). Authentication and channels follow by themselves: hooks decide
 * them, ssh_transport_accept gives the channels.
 *
 * Blocks until keys are in place. A host key must have been added.
 * hooks: copied; its user_data is taken: destroy runs also when the call fails, unless hooks itself is refused for its
 * size. NULL denies everything.
 * timeout_ms: SSH_WAIT_DEFAULT leaves the bounds to the options' banner_timeout_ms and handshake_timeout_ms. Expiry
 * ends the transport.
 * Returns SSH_OK; SSH_ERR_INVALID_STATE without a host key, and where it was started before; otherwise what
 * ssh_transport_start_client does.
 */
ssh_status_t ssh_transport_start_server(ssh_transport_t *transport,
                                        const ssh_server_hooks_t *hooks,
                                        int64_t timeout_ms);

/**
 * Like ssh_transport_start_server, without waiting.
 *
 * event: used, not taken; set when the negotiation is over, well (ssh_transport_is_active) or not
 * (ssh_get_exception). May be NULL. Its handle may be freed before that.
 */
ssh_status_t ssh_transport_start_server_event(ssh_transport_t *transport,
                                              const ssh_server_hooks_t *hooks,
                                              ssh_event_t *event);

/**
 * Adds a host key, before the start: one of each type, each ECDSA curve being a type; a later one replaces.
 *
 * A key with a certificate (ssh_key_with_certificate) is shown with it to clients that ask for certificates, under the
 * algorithms that SSH_LIST_HOST_KEY allows for the key, and plain to all others.
 * key: copied; private.
 * Returns SSH_OK; SSH_ERR_KEY_PUBLIC_ONLY; SSH_ERR_INVALID_STATE once the transport was started.
 */
ssh_status_t ssh_transport_add_server_key(ssh_transport_t *transport,
                                          const ssh_key_t *key);

/**
 * Returns the host key in use, its public half; NULL before the negotiation, in client mode and for NULL. An owned
 * result, ssh_key_free.
 */
ssh_key_t *ssh_transport_get_server_key(const ssh_transport_t *transport);

/**
 * Reads groups for diffie-hellman-group-exchange (RFC 4419), for all servers of the process started from here on.
 * Without groups, servers do not offer it. Lines that are no tested safe primes of 2048 to 8192 bits are skipped.
 *
 * path: borrowed; a file as moduli(5) describes it. NULL: /etc/ssh/moduli, or /usr/local/etc/moduli.
 * Returns SSH_OK; SSH_ERR_FILE where the file cannot be read or has no usable group: what was loaded before stays.
 */
ssh_status_t ssh_load_server_moduli(const char *path);

/**
 * Sets who serves a subsystem which check_channel_subsystem_request leaves undecided. At any time.
 *
 * name: copied; "sftp" for one.
 * handler: copied; its user_data is taken: destroy runs also when the call fails, unless handler itself is refused for
 * its size. NULL: nobody.
 */
ssh_status_t ssh_transport_set_subsystem_handler(ssh_transport_t *transport,
                                                 const char *name,
                                                 const ssh_subsystem_handler_t *handler);

/* ==== Server: answering a hook's question ====================================================================== */

/**
 * Answers a hook's question, and releases its ticket. From any thread; allowed in the hook itself, which returns
 * SSH_HOOK_PENDING then, or later, after a hook that kept its ticket and returned SSH_HOOK_PENDING.
 *
 * ticket: taken.
 * result: what the hook would have returned: SSH_AUTH_*, SSH_OPEN_* or SSH_REQUEST_*.
 * Returns SSH_OK, also where the connection is over and nobody waits for the answer; SSH_ERR_INVALID_ARGUMENT where
 * result does not fit the question, which is denied.
 */
ssh_status_t ssh_ticket_settle(ssh_ticket_t *ticket,
                               int32_t result);

/**
 * Releases a ticket without an answer: the question is denied. Only for a ticket that was kept with SSH_HOOK_PENDING.
 * NULL is allowed.
 */
void ssh_ticket_free(ssh_ticket_t *ticket);

/**
 * Returns the authentication methods the user passed so far, comma-separated; "" where there are none and outside of
 * authentication. Borrowed result until the ticket is settled; NULL for NULL.
 */
const char *ssh_ticket_get_passed(const ssh_ticket_t *ticket);

/**
 * Gives what an authenticator (FIDO) said with the signature that is asked about: check_auth_publickey, is_signed.
 *
 * The library refuses a signature without a present user (flag 0x01) by itself, unless ssh_transport_set_permissions
 * said otherwise; what the counter must be, greater than at the last login if the authenticator counts at all, is for
 * the application to remember and decide.
 * out_flags: 0x01: its user was present; 0x04: its user was verified.
 * out_counter: how many signatures it made.
 * Returns SSH_OK, or SSH_ERR_INVALID_STATE where no authenticator signed.
 */
ssh_status_t ssh_ticket_get_sk(const ssh_ticket_t *ticket,
                               uint32_t *out_flags,
                               uint32_t *out_counter);

/**
 * Returns whether a question is put for the user's permissions (ssh_transport_set_permissions) rather than asked by the
 * client: a variable that check_channel_env_request is to set for the program. The answer changes nothing.
 */
bool ssh_ticket_is_by_permissions(const ssh_ticket_t *ticket);

/**
 * Puts the text that goes with an answer: why a channel is refused, or what to show with SSH_AUTH_CHANGE_PASSWORD.
 *
 * text: copied.
 * Returns SSH_OK, or SSH_ERR_INVALID_STATE where the ticket was settled in this hook; the same for all of these. A ticket
 * is gone once its hook has returned anything but SSH_HOOK_PENDING, and after the hook once it was settled or freed.
 */
ssh_status_t ssh_ticket_set_text(ssh_ticket_t *ticket,
                                 const char *text);

/**
 * Puts what is shown above the questions of SSH_AUTH_ASK (RFC 4256 section 3.2).
 *
 * name: copied; a title, may be NULL.
 * instruction: copied; may be NULL.
 */
ssh_status_t ssh_ticket_set_instruction(ssh_ticket_t *ticket,
                                        const char *name,
                                        const char *instruction);

/**
 * Adds a question for SSH_AUTH_ASK. Answers come to check_auth_interactive_response in the same order.
 *
 * text: copied; "Password: " for one.
 * echo: the answer may be shown while it is typed.
 */
ssh_status_t ssh_ticket_add_prompt(ssh_ticket_t *ticket, const char *text, bool echo);

/**
 * Puts the port that is listened on, for check_port_forward_request with port 0.
 *
 * port: 1 to 65535.
 */
ssh_status_t ssh_ticket_set_port(ssh_ticket_t *ticket, uint32_t port);

/**
 * Puts the data of the reply to check_global_request.
 *
 * data: copied.
 */
ssh_status_t ssh_ticket_set_reply(ssh_ticket_t *ticket, const void *data, size_t data_len);

/* ==== Server: who may log in =================================================================================== */

/**
 * Makes lists that admit nobody yet: what a server asks ssh_authorized_keys_check about. One is made for each login, or
 * kept for a user as long as the files do not change.
 *
 * out_keys: owned result, ssh_authorized_keys_free.
 */
ssh_status_t ssh_authorized_keys_new(ssh_authorized_keys_t **out_keys);

/**
 * Adds the keys of a file in the format of authorized_keys, with all options of sshd(8). A file that does not exist lists
 * none. A line that cannot be read or has an unknown option admits nobody, and ssh_authorized_keys_get_rejected tells of
 * it; the others count. That the file is its user's and nobody else may write it is for the caller to see to.
 *
 * path: borrowed.
 * Returns SSH_OK, or SSH_ERR_FILE.
 */
ssh_status_t ssh_authorized_keys_load_file(ssh_authorized_keys_t *keys,
                                           const char *path);

/**
 * Adds the keys of a file's content, as ssh_authorized_keys_load_file does.
 *
 * data: borrowed.
 * name: borrowed; what the text is called in reports; NULL: "memory".
 */
ssh_status_t ssh_authorized_keys_load_memory(ssh_authorized_keys_t *keys,
                                             const void *data,
                                             size_t data_len,
                                             const char *name);

/**
 * Trusts a certificate authority for all users (sshd_config's TrustedUserCAKeys): its certificates let in the users that
 * are among their principals. A server hears of certificates only if its SSH_LIST_PUBKEY names their algorithms, which it
 * does not by default: ssh_security_options_set(options, SSH_LIST_PUBKEY, "+ssh-ed25519-cert-v01@openssh.com") for one.
 *
 * ca: copied; a public key.
 */
ssh_status_t ssh_authorized_keys_add_user_ca(ssh_authorized_keys_t *keys,
                                             const ssh_key_t *ca);

/**
 * Trusts the certificate authorities whose public keys a file lists, one a line. SSH_LIST_PUBKEY must name
 * their certificates' algorithms, see ssh_authorized_keys_add_user_ca.
 *
 * path: borrowed.
 * Returns SSH_OK, or SSH_ERR_FILE.
 */
ssh_status_t ssh_authorized_keys_load_user_ca_file(ssh_authorized_keys_t *keys, const char *path);

/**
 * Adds a file of the names the user goes by (sshd_config's AuthorizedPrincipalsFile): from here on a certificate of an
 * authority that is trusted for all users needs one of them among its principals, rather than the user's name. Lines may
 * have options in front. A file that does not exist lists none.
 *
 * path: borrowed.
 * Returns SSH_OK, or SSH_ERR_FILE.
 */
ssh_status_t ssh_authorized_keys_load_principals_file(ssh_authorized_keys_t *keys,
                                                      const char *path);

/**
 * Revokes what a file revokes (sshd_config's RevokedKeys): keys, certificates and authorities of a list made with
 * `ssh-keygen -k`, or the public keys of a text file, one a line.
 *
 * path: borrowed.
 * Returns SSH_OK; SSH_ERR_FILE, also where it does not exist; SSH_ERR_KRL_CORRUPT. What the file would revoke is not known
 * then: ssh_authorized_keys_check refuses everybody, with SSH_ERR_FILE, until the same path is loaded.
 */
ssh_status_t ssh_authorized_keys_load_krl_file(ssh_authorized_keys_t *keys,
                                               const char *path);

/**
 * Sets the algorithms that are accepted of authorities' signatures (sshd_config's CASignatureAlgorithms). By default all
 * but those with SHA-1.
 *
 * names: borrowed; comma-separated; with "+", "-" or "^" in front they are added to the default, taken from it, or put
 * first.
 * Returns SSH_OK; SSH_ERR_UNKNOWN_ALGORITHM; SSH_ERR_INVALID_ARGUMENT where none would be left.
 */
ssh_status_t ssh_authorized_keys_set_ca_algorithms(ssh_authorized_keys_t *keys,
                                                   const char *names);

/**
 * Lets the option environment= set variables (sshd_config's PermitUserEnvironment); before this is called it sets none.
 * Some variables, LD_PRELOAD for one, change what every program does: permit what is needed.
 *
 * patterns: copied; comma-separated, with * and ?; "*" permits all.
 */
ssh_status_t ssh_authorized_keys_permit_environment(ssh_authorized_keys_t *keys,
                                                    const char *patterns);

/** Returns how many lines admit nobody because they could not be read. */
size_t ssh_authorized_keys_get_rejected_count(const ssh_authorized_keys_t *keys);

/**
 * Says which line could not be read, and why: "file:line: reason".
 *
 * index: from 0.
 * out_text: owned result, ssh_string_free.
 * Returns SSH_OK, or SSH_ERR_INVALID_ARGUMENT past the last.
 */
ssh_status_t ssh_authorized_keys_get_rejected(const ssh_authorized_keys_t *keys,
                                              size_t index,
                                              char **out_text);

/**
 * Decides whether a user may log in with a key, as sshd decides: the lines that list the key, or the authority of its
 * certificate, with their from=, expiry-time= and principals=; then the authorities trusted for all users; before all,
 * what is revoked. A signature is not asked for: check_auth_publickey gets a key that is not signed for yet, too.
 * It gets certificates only where SSH_LIST_PUBKEY names their algorithms, see ssh_authorized_keys_add_user_ca.
 *
 * request: borrowed.
 * out_permissions: owned result, ssh_permissions_free; what the user may do then, for ssh_transport_set_permissions.
 * Returns SSH_OK; SSH_ERR_KEY_NOT_AUTHORIZED where nothing lists the key or the line that does refuses it;
 * SSH_ERR_KEY_REVOKED; SSH_ERR_FILE after ssh_authorized_keys_load_krl_file failed;
 * for certificates SSH_ERR_CERT_UNTRUSTED, _EXPIRED, _NOT_YET_VALID, _WRONG_PRINCIPAL, _WRONG_KIND,
 * _UNKNOWN_OPTION, _SOURCE_ADDRESS, _WEAK_SIGNATURE, _REVOKED. The exception's text says which line and why; it is for the
 * server's log, not for the peer.
 */
ssh_status_t ssh_authorized_keys_check(const ssh_authorized_keys_t *keys,
                                       const ssh_authorized_keys_request_t *request,
                                       ssh_permissions_t **out_permissions);

/** Releases lists. NULL is allowed. */
void ssh_authorized_keys_free(ssh_authorized_keys_t *keys);

/* ==== Server: what a user may do =============================================================================== */

/**
 * Returns whether the user may do something; false for NULL.
 *
 * what: one of SSH_PERMIT_*; false for any other number.
 */
bool ssh_permissions_is_permitted(const ssh_permissions_t *permissions, int32_t what);

/** Returns the command that runs in place of whatever is asked for, or NULL. Borrowed result; raw. */
const char *ssh_permissions_get_command(const ssh_permissions_t *permissions);

/**
 * Returns the tunnel device that is forced, a number or "any", or NULL. Borrowed result. Tunnels are the application's
 * part: the library has none.
 */
const char *ssh_permissions_get_tunnel(const ssh_permissions_t *permissions);

/** Returns how many variables the program's environment gets. */
size_t ssh_permissions_get_environment_count(const ssh_permissions_t *permissions);

/**
 * Returns a variable's name, or NULL past the last. Borrowed result.
 *
 * index: from 0.
 */
const char *ssh_permissions_get_environment_name(const ssh_permissions_t *permissions, size_t index);

/**
 * Returns a variable's value, or NULL past the last. Borrowed result; raw.
 *
 * index: from 0.
 */
const char *ssh_permissions_get_environment_value(const ssh_permissions_t *permissions, size_t index);

/** Returns how many places connections may go to (permitopen); 0: anywhere, where port forwarding is permitted. */
size_t ssh_permissions_get_permitopen_count(const ssh_permissions_t *permissions);

/**
 * Gives a place connections may go to.
 *
 * index: from 0.
 * out_host: borrowed result; "*" for any.
 * out_port: 0 for any.
 * Returns SSH_OK, or SSH_ERR_INVALID_ARGUMENT past the last.
 */
ssh_status_t ssh_permissions_get_permitopen(const ssh_permissions_t *permissions,
                                            size_t index,
                                            const char **out_host,
                                            uint32_t *out_port);

/** Returns how many places may be listened at (permitlisten); 0: anywhere, where port forwarding is permitted. */
size_t ssh_permissions_get_permitlisten_count(const ssh_permissions_t *permissions);

/** Gives a place that may be listened at; as ssh_permissions_get_permitopen. The host may be a pattern. */
ssh_status_t ssh_permissions_get_permitlisten(const ssh_permissions_t *permissions,
                                              size_t index,
                                              const char **out_host,
                                              uint32_t *out_port);

/**
 * Returns whether an authenticator (FIDO) must have been touched: true, unless its line or certificate says
 * no-touch-required. The library refuses others by itself where these permissions are set.
 */
bool ssh_permissions_is_touch_required(const ssh_permissions_t *permissions);

/**
 * Returns whether an authenticator must have verified its user, by PIN or finger (verify-required). As
 * ssh_permissions_is_touch_required.
 */
bool ssh_permissions_is_verify_required(const ssh_permissions_t *permissions);

/**
 * Returns the name of the file that permits. Borrowed result; "memory", or the name given, where it
 * was none: ssh_authorized_keys_load_memory, ssh_authorized_keys_add_user_ca. "" where no line decided; NULL for NULL.
 */
const char *ssh_permissions_get_file(const ssh_permissions_t *permissions);

/** Returns the line of the file that permits, from 1; 0 where there is none. */
size_t ssh_permissions_get_line(const ssh_permissions_t *permissions);

/**
 * Returns the key ID of the certificate that was presented, for the log; NULL where there was none. Borrowed result.
 */
const char *ssh_permissions_get_key_id(const ssh_permissions_t *permissions);

/** Returns the serial number of the certificate that was presented; 0 where there was none. */
uint64_t ssh_permissions_get_serial(const ssh_permissions_t *permissions);

/** Releases permissions. NULL is allowed. */
void ssh_permissions_free(ssh_permissions_t *permissions);

/**
 * Says what the user may do, and makes the library keep to it (sshd(8), AUTHORIZED_KEYS FILE FORMAT).
 *
 * In an authentication hook, or before its ticket is settled: the permissions go with the answer, and count only if it
 * lets the user pass. Where several steps are needed, only what all of them permit is permitted, and two commands, lists
 * of permitopen or of permitlisten that differ refuse; of the lists of variables the first step's that has one counts.
 * After authentication: from now on. Requests for a terminal, for X11 and agent forwarding, for connections and for
 * listening that are not permitted are refused without a call of their hooks, and the log tells. Where a command is
 * forced, check_channel_exec_request gets it in place of whatever program was asked for, behind a call of
 * check_channel_env_request with SSH_ORIGINAL_COMMAND (the command or the name of the subsystem that was asked for; none
 * for a shell), for which ssh_ticket_is_by_permissions is true; a command "internal-sftp" alone is the subsystem "sftp" instead.
 * Variables of the permissions come in the same way. A signature of an authenticator (FIDO) without the touch or the
 * verification that is required is refused whatever the hook answers.
 * permissions: copied.
 * Returns SSH_OK; SSH_ERR_INVALID_STATE on a client, and before authentication while no question is open.
 */
ssh_status_t ssh_transport_set_permissions(ssh_transport_t *transport,
                                           const ssh_permissions_t *permissions);

/**
 * Returns what the logged in user may do; NULL where nothing was said, before authentication and for NULL. An owned
 * result, ssh_permissions_free.
 */
ssh_permissions_t *ssh_transport_get_permissions(const ssh_transport_t *transport);

/* ==== Channel: requests ======================================================================================== */

/**
 * Asks for a pseudo-terminal (RFC 4254 section 6.2), before a shell or command.
 *
 * Blocks until the peer answers, as all requests here with a timeout_ms.
 * term: borrowed; value of TERM, "xterm" for one.
 * cols, rows, width_px, height_px: the size in characters and pixels; 0 where unknown.
 * modes: borrowed; encoded terminal modes (RFC 4254 section 8), may be NULL with length 0.
 * Returns SSH_OK; SSH_ERR_REQUEST_REFUSED, and the channel stays usable; SSH_ERR_TIMEOUT, and the answer may still come
 * and is dropped then; SSH_ERR_CHANNEL_CLOSED; what ended the connection. The same for all requests here.
 */
ssh_status_t ssh_channel_get_pty(ssh_channel_t *channel,
                                 const char *term,
                                 uint32_t cols,
                                 uint32_t rows,
                                 uint32_t width_px,
                                 uint32_t height_px,
                                 const void *modes,
                                 size_t modes_len,
                                 int64_t timeout_ms);

/** Starts the user's shell (RFC 4254 section 6.5). One shell, command or subsystem a channel. */
ssh_status_t ssh_channel_invoke_shell(ssh_channel_t *channel, int64_t timeout_ms);

/**
 * Starts a command (RFC 4254 section 6.5).
 *
 * command: borrowed; any bytes but NUL, as the server's shell wants them.
 */
ssh_status_t ssh_channel_exec_command(ssh_channel_t *channel, const char *command, int64_t timeout_ms);

/**
 * Starts a subsystem (RFC 4254 section 6.5), "sftp" for one.
 *
 * name: borrowed.
 */
ssh_status_t ssh_channel_invoke_subsystem(ssh_channel_t *channel, const char *name, int64_t timeout_ms);

/** Tells the peer the terminal's new size (RFC 4254 section 6.7); there is no answer to wait for. */
ssh_status_t ssh_channel_resize_pty(ssh_channel_t *channel,
                                    uint32_t cols,
                                    uint32_t rows,
                                    uint32_t width_px,
                                    uint32_t height_px);

/**
 * Sets an environment variable for the command to come (RFC 4254 section 6.4). There is no answer to wait for; servers
 * drop what they do not allow.
 *
 * name: borrowed; without '='.
 * value: borrowed; any bytes but NUL.
 */
ssh_status_t ssh_channel_set_environment_variable(ssh_channel_t *channel,
                                                  const char *name,
                                                  const char *value);

/**
 * Sets several environment variables, as ssh_channel_set_environment_variable does.
 *
 * variables: borrowed; "NAME=VALUE" strings, ended by NULL, as in environ. Nothing is sent if one has no name or no '='.
 */
ssh_status_t ssh_channel_update_environment(ssh_channel_t *channel,
                                            const char *const *variables);

/**
 * Sends a signal to the command (RFC 4254 section 6.9); there is no answer to wait for.
 *
 * signal: borrowed; "INT", "TERM", ...; with "SIG" in front it is SSH_ERR_INVALID_ARGUMENT.
 */
ssh_status_t ssh_channel_send_signal(ssh_channel_t *channel, const char *signal);

/**
 * Sends a break (RFC 4335).
 *
 * length_ms: how long it lasts; 0 is the peer's default.
 */
ssh_status_t ssh_channel_send_break(ssh_channel_t *channel, uint32_t length_ms, int64_t timeout_ms);

/**
 * Asks for X11 forwarding (RFC 4254 section 6.3.1). The "x11" channels it leads to go to the handler of
 * ssh_transport_set_x11_handler; without one they arrive through ssh_transport_accept. Send a cookie made for this, not
 * the display's own, which ssh_channel_replace_x11_cookie puts in its place.
 *
 * single_connection: the peer is to forward one connection only.
 * auth_protocol: borrowed; NULL: "MIT-MAGIC-COOKIE-1".
 * auth_cookie: borrowed; hexadecimal; NULL: a random one.
 * screen: the screen's number.
 * out_cookie: may be NULL; owned result, the cookie that was sent.
 */
ssh_status_t ssh_channel_request_x11(ssh_channel_t *channel,
                                     bool single_connection,
                                     const char *auth_protocol,
                                     const char *auth_cookie,
                                     uint32_t screen,
                                     int64_t timeout_ms,
                                     char **out_cookie);

/**
 * Checks the cookie at the start of a forwarded X11 connection and puts the display's own in its place: what is read
 * from the channel afterwards is for the display. For the channels that ssh_channel_request_x11 leads to, before anything is
 * read from them: the far side knows only the cookie that was sent, and whoever reaches its display without it is
 * turned away here.
 *
 * Blocks until the connection's setup (X Window System Protocol, "Connection Setup") has arrived; its end, a close and
 * the end of the transport wake it.
 * auth_protocol: borrowed; as it was sent; NULL: "MIT-MAGIC-COOKIE-1".
 * sent_cookie: borrowed; hexadecimal; the cookie that was sent.
 * display_cookie: borrowed; hexadecimal; the one the display wants, of the same protocol; NULL: it wants none, and gets none.
 * Returns SSH_OK; SSH_ERR_X11_COOKIE where the connection carries anything else than sent_cookie, and the channel is closed
 * then; SSH_ERR_TIMEOUT, and the call may be repeated; SSH_ERR_CHANNEL_CLOSED where this side closed it; what ended the
 * transport.
 *
 *     int fd = connect_to_display();
 *     rc = ssh_channel_replace_x11_cookie(channel, NULL, sent, real, 30000);
 *     if (rc == SSH_OK)
 *         rc = ssh_relay_new_fd(channel, fd, fd, NULL, NULL);
 *     else
 *         close(fd);
 *     ssh_channel_free(channel);
 */
ssh_status_t ssh_channel_replace_x11_cookie(ssh_channel_t *channel,
                                            const char *auth_protocol,
                                            const char *sent_cookie,
                                            const char *display_cookie,
                                            int64_t timeout_ms);

/**
 * Asks for agent forwarding (auth-agent-req@openssh.com). The "auth-agent@openssh.com" channels it leads to go to the
 * handler of ssh_transport_set_agent_handler; without one they arrive through ssh_transport_accept.
 */
ssh_status_t ssh_channel_request_forward_agent(ssh_channel_t *channel,
                                               int64_t timeout_ms);

/** Tells whether ssh_channel_recv_exit_status would return at once; false for NULL. */
bool ssh_channel_exit_status_ready(const ssh_channel_t *channel);

/**
 * Receives the command's exit status (RFC 4254 section 6.10).
 *
 * Blocks until it comes; a close and the end of the connection wake it. Data need not be read first, but a command that
 * waits for room in the window does not end.
 * out_status: the status.
 * Returns SSH_OK; SSH_ERR_NO_EXIT_STATUS where the channel closed without one, for a signal ended the command
 * (ssh_channel_recv_exit_signal) or nobody said how it ended; SSH_ERR_TIMEOUT.
 */
ssh_status_t ssh_channel_recv_exit_status(ssh_channel_t *channel,
                                          int64_t timeout_ms,
                                          uint32_t *out_status);

/**
 * Receives the signal that ended the command (RFC 4254 section 6.10).
 *
 * Blocks until it is known how the command ended, as ssh_channel_recv_exit_status does.
 * out_signal: owned result, "TERM" for one; NULL where no signal ended it.
 * out_core_dumped: may be NULL.
 * out_message: may be NULL; owned result, the peer's words about it; NULL where no signal ended it.
 * Returns SSH_OK, or SSH_ERR_TIMEOUT.
 */
ssh_status_t ssh_channel_recv_exit_signal(ssh_channel_t *channel,
                                          int64_t timeout_ms,
                                          char **out_signal,
                                          bool *out_core_dumped,
                                          char **out_message);

/**
 * Sends a command's exit status (RFC 4254 section 6.10). For servers.
 *
 * Send it before ssh_channel_shutdown_write: clients such as OpenSSH's close a channel as soon as the data has ended both
 * ways, and a status that comes after that is lost. The same holds for ssh_channel_send_exit_signal.
 */
ssh_status_t ssh_channel_send_exit_status(ssh_channel_t *channel,
                                          uint32_t status);

/**
 * Sends the signal that ended a command (RFC 4254 section 6.10). For servers.
 *
 * signal: borrowed; "TERM" for one.
 * message: borrowed; may be NULL.
 */
ssh_status_t ssh_channel_send_exit_signal(ssh_channel_t *channel,
                                          const char *signal,
                                          bool core_dumped,
                                          const char *message);

/* ==== Channel: requests, without waiting ======================================================================= */

/**
 * Takes the answer to the oldest thing begun on a channel: its opening (ssh_transport_open_channel_begin) or one of the
 * requests below. Never waits; SSH_READY_DONE tells when there is an answer. Several requests may be begun at once: their
 * answers are taken in the same order.
 *
 * Returns SSH_OK: the peer agreed; SSH_PENDING: it has not answered; the error that the call which waits would have
 * returned, SSH_ERR_CHANNEL_PROHIBITED or SSH_ERR_REQUEST_REFUSED for one, with the peer's reason and text in the
 * exception; SSH_ERR_INVALID_STATE where nothing was begun.
 */
ssh_status_t ssh_channel_finish(ssh_channel_t *channel);

/**
 * Asks for a pseudo-terminal, as ssh_channel_get_pty does, and returns at once.
 *
 * term, cols, rows, width_px, height_px, modes: as for ssh_channel_get_pty.
 * Returns SSH_OK: asked, ssh_channel_finish takes the answer; SSH_ERR_INVALID_STATE before the channel is open;
 * SSH_ERR_CHANNEL_CLOSED; what ended the connection. The same for all requests here.
 */
ssh_status_t ssh_channel_get_pty_begin(ssh_channel_t *channel,
                                       const char *term,
                                       uint32_t cols,
                                       uint32_t rows,
                                       uint32_t width_px,
                                       uint32_t height_px,
                                       const void *modes,
                                       size_t modes_len);

/** Starts the user's shell, as ssh_channel_invoke_shell does, and returns at once. */
ssh_status_t ssh_channel_invoke_shell_begin(ssh_channel_t *channel);

/**
 * Starts a command, as ssh_channel_exec_command does, and returns at once.
 *
 * command: borrowed; any bytes but NUL.
 */
ssh_status_t ssh_channel_exec_command_begin(ssh_channel_t *channel, const char *command);

/**
 * Starts a subsystem, as ssh_channel_invoke_subsystem does, and returns at once.
 *
 * name: borrowed.
 */
ssh_status_t ssh_channel_invoke_subsystem_begin(ssh_channel_t *channel, const char *name);

/* ==== Channel: data ============================================================================================ */

/**
 * Receives data (RFC 4254 section 5.2).
 *
 * Blocks until there is at least one byte; the end of the stream, a close and the end of the connection wake it.
 * buf: out, buf_len bytes, at least 1.
 * timeout_ms: SSH_WAIT_DEFAULT is what ssh_channel_settimeout set; the same for all calls on channels.
 * out_len: the bytes received.
 * Returns SSH_OK; SSH_EOF, and nothing was received, after the peer's end of file or close and after our own close;
 * SSH_ERR_TIMEOUT; what ended the connection, if it ended before any of these. What arrived before is delivered first.
 */
ssh_status_t ssh_channel_recv(ssh_channel_t *channel,
                              void *buf,
                              size_t buf_len,
                              int64_t timeout_ms,
                              size_t *out_len);

/**
 * Receives data of stderr (RFC 4254 section 5.2, extended data of type 1), as ssh_channel_recv does. Leaving it unread
 * holds stdout up only once 128 MiB of it, all channels of the connection together, and the window are full.
 */
ssh_status_t ssh_channel_recv_stderr(ssh_channel_t *channel,
                                     void *buf,
                                     size_t buf_len,
                                     int64_t timeout_ms,
                                     size_t *out_len);

/** Tells whether ssh_channel_recv would return at once; false for NULL. */
bool ssh_channel_recv_ready(const ssh_channel_t *channel);

/** Tells whether ssh_channel_recv_stderr would return at once; false for NULL. */
bool ssh_channel_recv_stderr_ready(const ssh_channel_t *channel);

/** Tells whether ssh_channel_send would send at least one byte at once; false for NULL. */
bool ssh_channel_send_ready(const ssh_channel_t *channel);

/**
 * Sends what the window has room for (RFC 4254 section 5.2).
 *
 * Blocks until there is room for at least one byte.
 * data: copied; data_len 0 sends nothing and returns at once.
 * out_len: the bytes taken, from the front of data.
 * Returns SSH_OK; SSH_ERR_TIMEOUT; SSH_ERR_CHANNEL_CLOSED; SSH_ERR_CHANNEL_EOF_SENT; what ended the connection.
 */
ssh_status_t ssh_channel_send(ssh_channel_t *channel,
                              const void *data,
                              size_t data_len,
                              int64_t timeout_ms,
                              size_t *out_len);

/** Sends data as stderr, as ssh_channel_send does. For servers. */
ssh_status_t ssh_channel_send_stderr(ssh_channel_t *channel,
                                     const void *data,
                                     size_t data_len,
                                     int64_t timeout_ms,
                                     size_t *out_len);

/**
 * Sends everything, waiting for room as often as needed.
 *
 * data: copied piece by piece; must stay unchanged during the call.
 * timeout_ms: for all of it.
 * out_sent: may be NULL; the bytes sent, from the front of data, also where the call fails.
 * Returns what ssh_channel_send does.
 */
ssh_status_t ssh_channel_sendall(ssh_channel_t *channel,
                                 const void *data,
                                 size_t data_len,
                                 int64_t timeout_ms,
                                 size_t *out_sent);

/** Sends everything as stderr, as ssh_channel_sendall does. For servers. */
ssh_status_t ssh_channel_sendall_stderr(ssh_channel_t *channel,
                                        const void *data,
                                        size_t data_len,
                                        int64_t timeout_ms,
                                        size_t *out_sent);

/* ==== Channel: life and properties ============================================================================= */

/**
 * Ends a channel: sends EOF and CLOSE (RFC 4254 section 5.3) behind what was sent, and wakes every waiter: receivers with
 * SSH_EOF, others with SSH_ERR_CHANNEL_CLOSED. A second call does nothing. Data that arrived stays readable. Allowed in
 * callbacks.
 */
ssh_status_t ssh_channel_close(ssh_channel_t *channel);

/**
 * Releases a channel's handle; the last handle closes the channel. Never waits; allowed in callbacks, but not for a
 * channel that a callback was lent ("borrowed"). NULL is allowed.
 */
void ssh_channel_free(ssh_channel_t *channel);

/**
 * Tells whether a channel is closed, by either side or with its connection; true for NULL, false while
 * the answer to ssh_transport_open_channel_begin is awaited. Data may still be there to read.
 */
bool ssh_channel_is_closed(const ssh_channel_t *channel);

/** Tells whether the peer will send no more data; data may still be there to read. False for NULL. */
bool ssh_channel_eof_received(const ssh_channel_t *channel);

/**
 * Ends reading, writing or both, without closing the channel: see ssh_channel_shutdown_read and
 * ssh_channel_shutdown_write.
 *
 * how: SSH_SHUT_RD, SSH_SHUT_WR or SSH_SHUT_RDWR.
 */
ssh_status_t ssh_channel_shutdown(ssh_channel_t *channel, int32_t how);

/**
 * Ends reading: what has arrived stays readable, SSH_EOF behind it; what comes later is dropped, its window given back.
 */
ssh_status_t ssh_channel_shutdown_read(ssh_channel_t *channel);

/**
 * Ends writing: sends EOF (RFC 4254 section 5.3) behind what was sent. Later sends fail with SSH_ERR_CHANNEL_EOF_SENT.
 */
ssh_status_t ssh_channel_shutdown_write(ssh_channel_t *channel);

/**
 * Sets the bound that SSH_WAIT_DEFAULT means for calls on this channel; SSH_WAIT_FOREVER at first.
 *
 * timeout_ms: 0, SSH_WAIT_FOREVER or a time; not SSH_WAIT_DEFAULT.
 */
ssh_status_t ssh_channel_settimeout(ssh_channel_t *channel, int64_t timeout_ms);

/** Returns the bound that SSH_WAIT_DEFAULT means on this channel; SSH_WAIT_FOREVER for NULL. */
int64_t ssh_channel_gettimeout(const ssh_channel_t *channel);

/** Makes SSH_WAIT_DEFAULT mean SSH_WAIT_FOREVER (blocking) or 0 (not blocking) on this channel. */
ssh_status_t ssh_channel_setblocking(ssh_channel_t *channel, bool blocking);

/**
 * Makes stderr's data arrive with stdout's, or apart again; apart at first. What of stderr is unread moves along.
 *
 * out_before: may be NULL; what it was before.
 */
ssh_status_t ssh_channel_set_combine_stderr(ssh_channel_t *channel,
                                            bool combine,
                                            bool *out_before);

/**
 * Names a channel, for the log: lines about it come under the transport's name, a dot and this one.
 *
 * name: copied.
 */
ssh_status_t ssh_channel_set_name(ssh_channel_t *channel, const char *name);

/**
 * Gives a channel's name; its number (ssh_channel_get_id) at first.
 *
 * out_name: owned result.
 */
ssh_status_t ssh_channel_get_name(const ssh_channel_t *channel, char **out_name);

/** Returns a channel's number on this side (RFC 4254 section 5.1); 0 for NULL. */
uint32_t ssh_channel_get_id(const ssh_channel_t *channel);

/**
 * Gives a channel's kind, "session" for one.
 *
 * out_kind: owned result.
 */
ssh_status_t ssh_channel_get_kind(const ssh_channel_t *channel, char **out_kind);

/**
 * Gives the address a forwarded connection comes from (RFC 4254 sections 6.3.2 and 7.2), in the peer's words.
 *
 * out_host: owned result.
 * out_port: its port.
 * Returns SSH_OK, or SSH_ERR_INVALID_STATE for a kind of channel that has none.
 */
ssh_status_t ssh_channel_get_origin(const ssh_channel_t *channel, char **out_host, uint32_t *out_port);

/**
 * Gives what a channel is for: where a direct-tcpip one goes, what a forwarded-tcpip one was connected to (RFC 4254
 * section 7.2), or the path of a streamlocal one's Unix socket. In the words of the side that opened it.
 *
 * out_host: owned result; the address, or the path.
 * out_port: its port; 0 with a path.
 * Returns SSH_OK, or SSH_ERR_INVALID_STATE for a kind of channel that has none.
 */
ssh_status_t ssh_channel_get_destination(const ssh_channel_t *channel,
                                         char **out_host,
                                         uint32_t *out_port);

/**
 * Gives the address of the other end of the channel's connection, as ssh_transport_getpeername does.
 *
 * out_host: owned result.
 * out_port: its port.
 */
ssh_status_t ssh_channel_getpeername(const ssh_channel_t *channel, char **out_host, uint32_t *out_port);

/**
 * Gives the application's own handle of a channel that a hook was given; the channel does not come through
 * ssh_transport_accept then. For hooks of servers: whoever serves the command goes on with it after the hook.
 *
 * channel: borrowed; the hook's.
 * out_channel: owned result, ssh_channel_free; the channel closes with it.
 * Returns SSH_OK; SSH_ERR_INVALID_STATE where the channel was accepted or taken before; SSH_ERR_CHANNEL_CLOSED.
 */
ssh_status_t ssh_channel_take(const ssh_channel_t *channel,
                              ssh_channel_t **out_channel);

/**
 * Gives a further handle on a channel's transport; unlike the first it does not keep the connection open.
 *
 * out_transport: owned result, ssh_transport_free.
 */
ssh_status_t ssh_channel_get_transport(const ssh_channel_t *channel, ssh_transport_t **out_transport);

/**
 * Gives a file descriptor that is readable while ssh_channel_recv or ssh_channel_recv_stderr would not wait (data, end
 * of file, or closed), for poll and its kin; never read it.
 *
 * For room to send there is ssh_channel_fileno_send. This one stays readable while either stream has data and, in the
 * end, for ever: read both streams until both say SSH_EOF or fail, then leave it out.
 *
 * out_fd: borrowed result, valid until the channel's last handle is freed; -1 on failure.
 * Returns SSH_OK, or SSH_ERR_RESOURCE_LIMIT where the system has no descriptor left.
 */
ssh_status_t ssh_channel_fileno(ssh_channel_t *channel,
                                int *out_fd);

/**
 * Gives a file descriptor for sending: it is readable (POLLIN, not POLLOUT) while ssh_channel_send is worth trying,
 * and from the channel's end on, when that fails at once; never read it.
 *
 * Poll it only while there is something to send: an idle channel's is readable all the time. Then call
 * ssh_channel_send with timeout 0. SSH_ERR_TIMEOUT means that there was no room after all, a key exchange under way
 * for one: the descriptor is not readable then until there is.
 *
 * out_fd: borrowed result, valid until the channel's last handle is freed; -1 on failure.
 * Returns SSH_OK, or SSH_ERR_RESOURCE_LIMIT where the system has no descriptor left.
 */
ssh_status_t ssh_channel_fileno_send(ssh_channel_t *channel,
                                     int *out_fd);

/* ==== Channel: a command in one call =========================================================================== */

/**
 * Runs a command to its end: starts it, sends its input and EOF, collects both streams and waits for the exit status.
 * The channel must be a fresh session and is closed afterwards.
 *
 * Blocks until the command ends; the end of the connection wakes it.
 * command: borrowed; any bytes but NUL.
 * input: borrowed; may be NULL with length 0.
 * max_output: bound for both streams together, bytes; 0: 16777216.
 * timeout_ms: for all of it. Expiry closes the channel.
 * out_result: owned result, ssh_exec_result_free, also of a call that fails: once the command has started, it holds
 * what had come by the failure, the exit status among it (-1 unless it had come too). NULL where it has not started.
 * Returns SSH_OK, whatever the exit status; SSH_ERR_REQUEST_REFUSED; SSH_ERR_RESOURCE_LIMIT where the command printed
 * more than max_output, and ssh_channel_recv gives what else had come; SSH_ERR_TIMEOUT; what ended the connection.
 */
ssh_status_t ssh_channel_exec_collect(ssh_channel_t *channel,
                                      const char *command,
                                      const void *input,
                                      size_t input_len,
                                      size_t max_output,
                                      int64_t timeout_ms,
                                      ssh_exec_result_t **out_result);

/**
 * Returns what the command wrote to stdout, raw, also NUL-terminated. Borrowed result until ssh_exec_result_free; NULL
 * for NULL.
 *
 * out_len: may be NULL; the bytes.
 */
const char *ssh_exec_result_stdout(const ssh_exec_result_t *result,
                                   size_t *out_len);

/** Returns what the command wrote to stderr, as ssh_exec_result_stdout does. */
const char *ssh_exec_result_stderr(const ssh_exec_result_t *result, size_t *out_len);

/** Returns the command's exit status; -1 where none came, and for NULL. */
int64_t ssh_exec_result_exit_status(const ssh_exec_result_t *result);

/**
 * Returns the signal that ended the command, "KILL" for one, NULL where none did. Borrowed result until
 * ssh_exec_result_free.
 */
const char *ssh_exec_result_exit_signal(const ssh_exec_result_t *result);

/** Releases a command's result. NULL is allowed. */
void ssh_exec_result_free(ssh_exec_result_t *result);

/* ==== Relays =================================================================================================== */

/**
 * Relays between a channel and a descriptor, or two, until both sides are done: what a forwarded connection needs, and a
 * channel that stands for stdin and stdout. Returns at once; a few threads of the library serve all relays.
 *
 * The end of file of one side is passed on behind its data and leaves the other direction open: to the channel as EOF
 * (RFC 4254 section 5.3), to a socket with shutdown, to any other write_fd by closing it. The channel's CLOSE ends both
 * directions, after what arrived before it was written; a descriptor that takes none of that for 30 seconds loses it. A
 * side that takes no more ends that direction only, and what is still meant for it is dropped. A side that does not read
 * stops the other's reading and nothing else: at most 64 KiB wait in each direction, beside the channel's window. stderr
 * data is dropped, unless ssh_channel_set_combine_stderr joins it to the rest.
 *
 *     fd = accept(listener, NULL, NULL);
 *     rc = ssh_transport_open_channel(transport, "direct-tcpip", &options, SSH_WAIT_DEFAULT, &channel);
 *     if (rc == SSH_OK)
 *         rc = ssh_relay_new_fd(channel, fd, fd, NULL, NULL);
 *     else
 *         close(fd);
 *     ssh_channel_free(channel);
 *
 * channel: borrowed; the relay has its own reference and closes the channel when it is over. A session whose both
 * directions are done, though, is left to the application's handle, if there still is one: a client's, whose output has
 * ended, for its exit status, a server's for the one it sends. Until the relay is over the application neither sends nor
 * receives on the channel. ssh_relay_stop ends it at once; after ssh_channel_close what had arrived is still written as far
 * as it is taken at once. A channel that is still being opened is waited for, and a refusal ends the relay with its error,
 * which ssh_channel_finish gives as well. For one that was relayed before and is open still, as a session may be, the relay
 * is over at once, SSH_OK.
 * read_fd, write_fd: taken, also when the call fails; may be the same. A connected stream socket, a pipe, a terminal or a
 * file; made close-on-exec, O_NONBLOCK is not changed. Closed when the relay is done with them, before it is over; a TCP
 * socket whose peer still sends only when what was written to it has arrived, or after 5 seconds.
 * event: used, not taken: set when the relay is over, also where its handle was freed before; may be NULL.
 * out_relay: owned result, ssh_relay_free; may be NULL.
 * Returns SSH_OK; SSH_ERR_INVALID_STATE where the channel is relayed already; SSH_ERR_CHANNEL_CLOSED where it is closed,
 * by whichever side, and nothing is left to read, or the connection's error where that ended it; SSH_ERR_INVALID_ARGUMENT
 * for a negative descriptor or a socket that is no stream; SSH_ERR_IO for one that is not open; SSH_ERR_RESOURCE_LIMIT.
 * After a failure the channel is as it was.
 */
ssh_status_t ssh_relay_new_fd(ssh_channel_t *channel,
                              int read_fd,
                              int write_fd,
                              ssh_event_t *event,
                              ssh_relay_t **out_relay);

/**
 * Relays between two channels, of one connection or of two: the rules are those of ssh_relay_new_fd.
 *
 * a, b: borrowed; the relay has its own references and closes both when it is over, but for sessions whose output has
 * ended, and sessions of servers. A session that still sends when the other channel is gone is closed.
 * event: used, not taken: set when the relay is over; may be NULL.
 * out_relay: owned result, ssh_relay_free; may be NULL.
 * Returns SSH_OK; SSH_ERR_INVALID_STATE where one is relayed already, or both are the same; SSH_ERR_CHANNEL_CLOSED where one
 * is closed and has nothing left to read, or its connection's error; SSH_ERR_RESOURCE_LIMIT.
 */
ssh_status_t ssh_relay_new_channel(ssh_channel_t *a,
                                   ssh_channel_t *b,
                                   ssh_event_t *event,
                                   ssh_relay_t **out_relay);

/**
 * Waits until a relay is over.
 *
 * timeout_ms: SSH_WAIT_DEFAULT has no bound.
 * Returns SSH_OK: both sides were done, or the application closed a channel; SSH_ERR_TIMEOUT: it goes on; otherwise what
 * ended it, the first failure: the error of a connection that is lost or closed (SSH_ERR_PEER_DISCONNECTED,
 * SSH_ERR_CONNECTION_LOST, SSH_ERR_PEER_DEAD, SSH_ERR_CLOSED and so on, what ssh_get_exception gives of the transport);
 * SSH_ERR_IO where a descriptor failed, or where a side took no more of a closed channel's data; for a channel that was
 * still being opened, the refusal (SSH_ERR_CHANNEL_PROHIBITED and those beside it) or SSH_ERR_CHANNEL_CLOSED where the
 * application closed it; SSH_ERR_CLOSED after ssh_relay_stop; SSH_ERR_FORKED in a child; SSH_ERR_INTERNAL.
 */
ssh_status_t ssh_relay_wait(ssh_relay_t *relay,
                            int64_t timeout_ms);

/** Tells whether a relay is over; true for NULL. */
bool ssh_relay_is_done(const ssh_relay_t *relay);

/**
 * Ends a relay at once, whatever is on the way, and closes its channels and descriptors: the way to end one early. Never
 * waits; allowed in callbacks.
 * One that is over stays as it is.
 */
ssh_status_t ssh_relay_stop(ssh_relay_t *relay);

/**
 * Tells how many bytes a relay has passed on so far.
 *
 * out_from_a: those that came from the channel, or from the first channel.
 * out_from_b: those that came from the descriptor, or from the second channel.
 */
ssh_status_t ssh_relay_get_counts(const ssh_relay_t *relay,
                                  uint64_t *out_from_a,
                                  uint64_t *out_from_b);

/** Releases a relay's handle; the relay goes on. NULL is allowed. */
void ssh_relay_free(ssh_relay_t *relay);

/* ==== Initial values of structs ===================================================================================== */

#define SSH_TRANSPORT_OPTIONS_INIT \
    { sizeof(ssh_transport_options_t), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, false, 0, 0 }
#define SSH_STREAM_INIT \
    { sizeof(ssh_stream_t), NULL, NULL, NULL, NULL, NULL, NULL }
#define SSH_CONNECT_OPTIONS_INIT \
    { sizeof(ssh_connect_options_t), NULL, NULL, NULL, 0, 0, NULL, NULL, NULL, 0, NULL, NULL }
#define SSH_CONNECT_ALIAS_OPTIONS_INIT \
    { sizeof(ssh_connect_alias_options_t), NULL, NULL, 0, NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL }
#define SSH_CHANNEL_OPTIONS_INIT \
    { sizeof(ssh_channel_options_t), 0, 0, NULL, NULL, 0, 0, NULL, 0, NULL }
#define SSH_KEY_WRITE_OPTIONS_INIT \
    { sizeof(ssh_key_write_options_t), 0, 0, NULL, 0, NULL, false }
#define SSH_CERT_CHECK_OPTIONS_INIT \
    { sizeof(ssh_cert_check_options_t), 0, false, 0, NULL, 0, NULL, 0, NULL, 0, NULL, NULL }
#define SSH_CERT_ISSUE_OPTIONS_INIT \
    { sizeof(ssh_cert_issue_options_t), 0, false, 0, NULL, NULL, 0, 0, 0, NULL, 0, NULL, 0, NULL }
#define SSH_AUTHORIZED_KEYS_REQUEST_INIT \
    { sizeof(ssh_authorized_keys_request_t), NULL, NULL, NULL, NULL, 0 }
#define SSH_SIGNER_INIT \
    { sizeof(ssh_signer_t), NULL, NULL, NULL, 0 }
#define SSH_AGENT_ADD_OPTIONS_INIT \
    { sizeof(ssh_agent_add_options_t), NULL, 0, false }
#define SSH_AGENT_AUTH_OPTIONS_INIT \
    { sizeof(ssh_agent_auth_options_t), NULL, 0, false }
#define SSH_AGENT_SERVER_OPTIONS_INIT \
    { sizeof(ssh_agent_server_options_t), NULL, NULL, NULL }
#define SSH_AGENT_EXPOSURE_INIT \
    { sizeof(ssh_agent_exposure_t), NULL, 0, false, false }
#define SSH_FORWARD_HANDLER_INIT \
    { sizeof(ssh_forward_handler_t), NULL, NULL, NULL }
#define SSH_PASSWORD_OPTIONS_INIT \
    { sizeof(ssh_password_options_t), false, NULL, NULL }
#define SSH_SERVER_HOOKS_INIT \
    { sizeof(ssh_server_hooks_t), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, \
      NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL }
#define SSH_SUBSYSTEM_HANDLER_INIT \
    { sizeof(ssh_subsystem_handler_t), NULL, NULL, NULL, NULL }

/* ==== Release at the end of a scope (gcc, clang) ==================================================================== */

/* SSH_AUTO_TRANSPORT ssh_transport_t *transport = NULL;
 * releases the transport when the scope is left, however that happens. Declared later means released earlier. */
#if defined(__GNUC__)
#define SSHRS_AUTO_(name, type) static __inline__ void name##_auto_(type **p) { name(*p); }
SSHRS_AUTO_(ssh_transport_free, ssh_transport_t)
SSHRS_AUTO_(ssh_channel_free, ssh_channel_t)
SSHRS_AUTO_(ssh_key_free, ssh_key_t)
SSHRS_AUTO_(ssh_cert_free, ssh_cert_t)
SSHRS_AUTO_(ssh_krl_free, ssh_krl_t)
SSHRS_AUTO_(ssh_agent_free, ssh_agent_t)
SSHRS_AUTO_(ssh_agent_keys_free, ssh_agent_keys_t)
SSHRS_AUTO_(ssh_agent_server_free, ssh_agent_server_t)
SSHRS_AUTO_(ssh_event_free, ssh_event_t)
SSHRS_AUTO_(ssh_ready_free, ssh_ready_t)
SSHRS_AUTO_(ssh_relay_free, ssh_relay_t)
SSHRS_AUTO_(ssh_security_options_free, ssh_security_options_t)
SSHRS_AUTO_(ssh_known_hosts_free, ssh_known_hosts_t)
SSHRS_AUTO_(ssh_authorized_keys_free, ssh_authorized_keys_t)
SSHRS_AUTO_(ssh_permissions_free, ssh_permissions_t)
SSHRS_AUTO_(ssh_config_free, ssh_config_t)
SSHRS_AUTO_(ssh_host_config_free, ssh_host_config_t)
SSHRS_AUTO_(ssh_exception_free, ssh_exception_t)
SSHRS_AUTO_(ssh_exec_result_free, ssh_exec_result_t)
SSHRS_AUTO_(ssh_string_free, char)
SSHRS_AUTO_(ssh_bytes_free, uint8_t)
#define SSH_AUTO_TRANSPORT __attribute__((cleanup(ssh_transport_free_auto_)))
#define SSH_AUTO_CHANNEL __attribute__((cleanup(ssh_channel_free_auto_)))
#define SSH_AUTO_KEY __attribute__((cleanup(ssh_key_free_auto_)))
#define SSH_AUTO_CERT __attribute__((cleanup(ssh_cert_free_auto_)))
#define SSH_AUTO_KRL __attribute__((cleanup(ssh_krl_free_auto_)))
#define SSH_AUTO_AGENT __attribute__((cleanup(ssh_agent_free_auto_)))
#define SSH_AUTO_AGENT_KEYS __attribute__((cleanup(ssh_agent_keys_free_auto_)))
#define SSH_AUTO_AGENT_SERVER __attribute__((cleanup(ssh_agent_server_free_auto_)))
#define SSH_AUTO_EVENT __attribute__((cleanup(ssh_event_free_auto_)))
#define SSH_AUTO_READY __attribute__((cleanup(ssh_ready_free_auto_)))
#define SSH_AUTO_RELAY __attribute__((cleanup(ssh_relay_free_auto_)))
#define SSH_AUTO_SECURITY_OPTIONS __attribute__((cleanup(ssh_security_options_free_auto_)))
#define SSH_AUTO_CONFIG __attribute__((cleanup(ssh_config_free_auto_)))
#define SSH_AUTO_HOST_CONFIG __attribute__((cleanup(ssh_host_config_free_auto_)))
#define SSH_AUTO_KNOWN_HOSTS __attribute__((cleanup(ssh_known_hosts_free_auto_)))
#define SSH_AUTO_AUTHORIZED_KEYS __attribute__((cleanup(ssh_authorized_keys_free_auto_)))
#define SSH_AUTO_PERMISSIONS __attribute__((cleanup(ssh_permissions_free_auto_)))
#define SSH_AUTO_EXCEPTION __attribute__((cleanup(ssh_exception_free_auto_)))
#define SSH_AUTO_EXEC_RESULT __attribute__((cleanup(ssh_exec_result_free_auto_)))
#define SSH_AUTO_STRING __attribute__((cleanup(ssh_string_free_auto_)))
#define SSH_AUTO_BYTES __attribute__((cleanup(ssh_bytes_free_auto_)))
#endif

#ifdef __cplusplus
}
#endif

#endif /* SSHRS_H */
