/* The hooks of a server that lets everybody do everything. */
#ifndef SSHRS_TEST_GRANT_H
#define SSHRS_TEST_GRANT_H

#include "server.h"

static inline int32_t grant_global(void *u, ssh_ticket_t *t, ssh_transport_t *s, const char *kind, const void *data, size_t len)
{
    (void)u, (void)t, (void)s, (void)kind, (void)data, (void)len;
    return SSH_REQUEST_GRANTED;
}

static inline int32_t grant_port(void *u, ssh_ticket_t *t, ssh_transport_t *s, const char *address, uint32_t port)
{
    (void)u, (void)t, (void)s, (void)address, (void)port;
    return SSH_REQUEST_GRANTED;
}

static inline int32_t grant_path(void *u, ssh_ticket_t *t, ssh_transport_t *s, const char *path)
{
    (void)u, (void)t, (void)s, (void)path;
    return SSH_REQUEST_GRANTED;
}

static inline int32_t grant_plain(void *u, ssh_ticket_t *t, ssh_channel_t *c)
{
    (void)u, (void)t, (void)c;
    return SSH_REQUEST_GRANTED;
}

static inline int32_t grant_name(void *u, ssh_ticket_t *t, ssh_channel_t *c, const char *name)
{
    (void)u, (void)t, (void)c, (void)name;
    return SSH_REQUEST_GRANTED;
}

static inline int32_t grant_break(void *u, ssh_ticket_t *t, ssh_channel_t *c, uint32_t ms)
{
    (void)u, (void)t, (void)c, (void)ms;
    return SSH_REQUEST_GRANTED;
}

static inline int32_t grant_pty(void *u, ssh_ticket_t *t, ssh_channel_t *c, const char *term, uint32_t w, uint32_t h, uint32_t wp, uint32_t hp, const void *m, size_t len)
{
    (void)u, (void)t, (void)c, (void)term, (void)w, (void)h, (void)wp, (void)hp, (void)m, (void)len;
    return SSH_REQUEST_GRANTED;
}

static inline int32_t grant_x11(void *u, ssh_ticket_t *t, ssh_channel_t *c, bool single, const char *protocol, const char *cookie, uint32_t screen)
{
    (void)u, (void)t, (void)c, (void)single, (void)protocol, (void)cookie, (void)screen;
    return SSH_REQUEST_GRANTED;
}

static inline int32_t pass_none(void *u, ssh_ticket_t *t, ssh_transport_t *s, const char *username)
{
    (void)u, (void)t, (void)s, (void)username;
    return SSH_AUTH_SUCCESSFUL;
}

static inline int32_t pass_key(void *u, ssh_ticket_t *t, ssh_transport_t *s, const char *username, const ssh_key_t *key, const char *algorithm, bool is_signed)
{
    (void)u, (void)t, (void)s, (void)username, (void)key, (void)algorithm, (void)is_signed;
    return SSH_AUTH_SUCCESSFUL;
}

static inline int32_t pass_interactive(void *u, ssh_ticket_t *t, ssh_transport_t *s, const char *username, const char *submethods)
{
    (void)u, (void)t, (void)s, (void)username, (void)submethods;
    return SSH_AUTH_SUCCESSFUL;
}

static inline ssh_server_hooks_t granting_hooks(void)
{
    ssh_server_hooks_t hooks = SSH_SERVER_HOOKS_INIT;

    hooks.check_auth_none = pass_none;
    hooks.check_auth_password = allow_password;
    hooks.check_auth_publickey = pass_key;
    hooks.check_auth_interactive = pass_interactive;
    hooks.check_channel_request = allow_session;
    hooks.check_channel_pty_request = grant_pty;
    hooks.check_channel_shell_request = grant_plain;
    hooks.check_channel_exec_request = allow_exec;
    hooks.check_channel_subsystem_request = grant_name;
    hooks.check_channel_break_request = grant_break;
    hooks.check_channel_x11_request = grant_x11;
    hooks.check_channel_forward_agent_request = grant_plain;
    hooks.check_port_forward_request = grant_port;
    hooks.cancel_port_forward_request = grant_port;
    hooks.check_streamlocal_forward_request = grant_path;
    hooks.cancel_streamlocal_forward_request = grant_path;
    hooks.check_global_request = grant_global;
    return hooks;
}

#endif
