/* What the test programs share. A test ends at its first failed CHECK; main's return value is its verdict, 77 a skip. */
#ifndef SSHRS_TEST_SUPPORT_H
#define SSHRS_TEST_SUPPORT_H

#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE
#endif
#include <sshrs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SKIPPED 77

/* Long enough for a busy machine and valgrind, short enough to notice a hang. */
#define WAIT_MS 120000

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);              \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

#define CHECK_STATUS(call, expected) check_status((call), (expected), #call, __FILE__, __LINE__)
#define CHECK_OK(call) CHECK_STATUS(call, SSH_OK)

static inline ssh_status_t check_status(ssh_status_t status, ssh_status_t expected, const char *call, const char *file, int line)
{
    ssh_exception_t *e;

    if (status == expected)
        return status;
    e = ssh_get_exception(NULL);
    fprintf(stderr, "%s:%d: %s\n  is %s, not %s: %s\n", file, line, call, ssh_status_name(status), ssh_status_name(expected), ssh_exception_text(e));
    ssh_exception_free(e);
    exit(1);
}

/* The calling thread's last error, or what it says would help, has `part` in it. */
#define CHECK_TEXT(part) check_text((part), __FILE__, __LINE__)

static inline void check_text(const char *part, const char *file, int line)
{
    ssh_exception_t *e = ssh_get_exception(NULL);

    if (strstr(ssh_exception_text(e), part) == NULL && strstr(ssh_exception_hint(e), part) == NULL) {
        fprintf(stderr, "%s:%d: \"%s (%s)\" does not say \"%s\"\n", file, line, ssh_exception_text(e), ssh_exception_hint(e), part);
        exit(1);
    }
    ssh_exception_free(e);
}

/* A setting of scripts/with-sshd.sh. */
static inline const char *setting(const char *name)
{
    const char *value = getenv(name);

    if (value == NULL) {
        fprintf(stderr, "%s is not set: run this under scripts/with-sshd.sh\n", name);
        exit(SKIPPED);
    }
    return value;
}

/* Under valgrind or ThreadSanitizer, where a test with a large load makes do with less of it. */
static inline bool slow_checker(void)
{
    return getenv("SSHRS_TEST_SLOW") != NULL;
}

static inline uint32_t server_port(void)
{
    return (uint32_t)atoi(setting("SSHRS_TEST_PORT"));
}

static inline int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static inline void sleep_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&t, NULL);
}

/* A transport to the test server, not started. */
static inline ssh_transport_t *test_transport(const ssh_transport_options_t *options)
{
    ssh_transport_t *transport;

    CHECK_OK(ssh_transport_new_address(setting("SSHRS_TEST_HOST"), server_port(), options, WAIT_MS, &transport));
    return transport;
}

static inline ssh_known_hosts_t *test_known_hosts(void)
{
    ssh_known_hosts_t *hosts;

    CHECK_OK(ssh_known_hosts_new(&hosts));
    CHECK_OK(ssh_known_hosts_load_file(hosts, setting("SSHRS_TEST_KNOWN_HOSTS")));
    return hosts;
}

static inline ssh_key_t *test_key(void)
{
    ssh_key_t *key;

    CHECK_OK(ssh_key_load_private_file(setting("SSHRS_TEST_KEY"), NULL, 0, &key));
    return key;
}

/* Connects a transport, checks the host key and logs in by key. */
static inline void test_log_in(ssh_transport_t *transport)
{
    ssh_connect_options_t options = SSH_CONNECT_OPTIONS_INIT;
    ssh_known_hosts_t *hosts = test_known_hosts();
    ssh_key_t *key = test_key();

    options.known_hosts = hosts;
    options.known_host_name = setting("SSHRS_TEST_HOST");
    options.known_host_port = server_port();
    options.username = setting("SSHRS_TEST_USER");
    options.key = key;
    CHECK_OK(ssh_transport_connect(transport, &options, WAIT_MS));
    ssh_key_free(key);
    ssh_known_hosts_free(hosts);
}

/* A transport to the test server, logged in. */
static inline ssh_transport_t *test_connect(void)
{
    ssh_transport_t *transport = test_transport(NULL);

    test_log_in(transport);
    return transport;
}

static inline ssh_channel_t *test_session(ssh_transport_t *transport)
{
    ssh_channel_t *channel;

    CHECK_OK(ssh_transport_open_session(transport, NULL, WAIT_MS, &channel));
    CHECK_OK(ssh_channel_settimeout(channel, WAIT_MS));
    return channel;
}

static inline ssh_channel_t *test_exec(ssh_transport_t *transport, const char *command)
{
    ssh_channel_t *channel = test_session(transport);

    CHECK_OK(ssh_channel_exec_command(channel, command, WAIT_MS));
    return channel;
}

/* Reads a stream to its end, or until buf is full; gives the bytes read. */
static inline size_t read_all(ssh_channel_t *channel, char *buf, size_t size)
{
    size_t total = 0, n;
    ssh_status_t rc = SSH_OK;

    while (total < size && (rc = ssh_channel_recv(channel, buf + total, size - total, WAIT_MS, &n)) == SSH_OK)
        total += n;
    CHECK(rc == SSH_OK || rc == SSH_EOF);
    return total;
}

/* Reads and drops a stream to its end; gives the bytes read. */
static inline uint64_t drain(ssh_channel_t *channel)
{
    static const size_t size = 65536;
    char *buf = malloc(size);
    uint64_t total = 0;
    size_t n;
    ssh_status_t rc;

    CHECK(buf != NULL);
    while ((rc = ssh_channel_recv(channel, buf, size, WAIT_MS, &n)) == SSH_OK)
        total += n;
    free(buf);
    CHECK_STATUS(rc, SSH_EOF);
    return total;
}

#endif
