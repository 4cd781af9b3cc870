/* All of a server's host keys, announced and proven (hostkeys-00@openssh.com): sshd's to our client, and whoever asks
 * nothing gets nothing. */
#include "support.h"
#include <stdatomic.h>
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int calls, destroyed;
static size_t found, in_use;
static char types[8][64];

static void take(void *user_data, const ssh_host_key_t *keys, size_t keys_len)
{
    pthread_mutex_lock(&lock);
    CHECK(user_data == &found && destroyed == 0);
    calls++;
    found = keys_len;
    for (size_t i = 0; i < keys_len && i < 8; i++) {
        in_use += keys[i].in_use;
        snprintf(types[i], sizeof types[i], "%s", ssh_key_get_name(keys[i].key));
    }
    pthread_mutex_unlock(&lock);
    sleep_ms(20); /* it may block */
}

static void destroy(void *user_data)
{
    pthread_mutex_lock(&lock);
    CHECK(user_data == &found);
    destroyed++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void wait_destroyed(int times)
{
    pthread_mutex_lock(&lock);
    while (destroyed < times)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static void check_found(int kinds)
{
    int wanted = 0;

    CHECK(calls == 1 && destroyed == 1 && found < 8 && in_use == 1);
    for (size_t i = 0; i < found; i++)
        wanted += strcmp(types[i], "ssh-ed25519") == 0 || strcmp(types[i], "ssh-rsa") == 0 || strcmp(types[i], "ecdsa-sha2-nistp256") == 0;
    CHECK(wanted == kinds);
    calls = destroyed = 0;
    found = in_use = 0;
}

/* host_key: what we offer, which decides how sshd's RSA key signs. kinds: ed25519, RSA and the first curve, as far as proven. */
static void with_handler(const char *host_key, bool late, int kinds)
{
    ssh_transport_t *transport = test_transport(NULL);
    ssh_security_options_t *security;
    ssh_channel_t *channel;

    CHECK_OK(ssh_transport_get_security_options(transport, &security));
    CHECK_OK(ssh_security_options_set(security, SSH_LIST_HOST_KEY, host_key));
    ssh_security_options_free(security);
    if (!late)
        CHECK_OK(ssh_transport_set_hostkeys_handler(transport, take, &found, destroy));
    test_log_in(transport);
    if (late) {
        /* The announcement is here before the answer to this. */
        channel = test_exec(transport, "true");
        CHECK(drain(channel) == 0);
        ssh_channel_free(channel);
        CHECK_OK(ssh_transport_set_hostkeys_handler(transport, take, &found, destroy));
    }
    wait_destroyed(1);
    check_found(kinds);
    ssh_transport_free(transport);
}

static void replaced_and_unused(void)
{
    ssh_transport_t *transport = test_transport(NULL);

    CHECK_STATUS(ssh_transport_set_hostkeys_handler(NULL, take, &found, destroy), SSH_ERR_INVALID_ARGUMENT);
    CHECK(destroyed == 1);
    CHECK_OK(ssh_transport_set_hostkeys_handler(transport, take, &found, destroy));
    CHECK_OK(ssh_transport_set_hostkeys_handler(transport, take, &found, destroy));
    CHECK(destroyed == 2);
    CHECK_OK(ssh_transport_set_hostkeys_handler(transport, NULL, &found, destroy));
    wait_destroyed(4);
    CHECK_OK(ssh_transport_set_hostkeys_handler(transport, take, &found, destroy));
    ssh_transport_close(transport);
    wait_destroyed(5);
    CHECK_STATUS(ssh_transport_set_hostkeys_handler(transport, take, &found, destroy), SSH_ERR_CLOSED);
    CHECK(destroyed == 6 && calls == 0);
    ssh_transport_free(transport);
    destroyed = 0;
}

/* What is found wrong is told to whoever runs this by hand. */
static void log_line(void *user_data, uint32_t level, const char *channel, const char *text)
{
    (void)user_data, (void)channel;
    fprintf(stderr, "%u %s\n", (unsigned)level, text);
}

int main(void)
{
    CHECK_OK(ssh_set_log_callback(SSH_LOG_WARNING, log_line, NULL, NULL));
    with_handler("ssh-ed25519,rsa-sha2-512", false, 3);
    with_handler("ssh-ed25519,rsa-sha2-256", true, 3);
    with_handler("ecdsa-sha2-nistp256,rsa-sha2-512,rsa-sha2-256", false, 3);
    with_handler("rsa-sha2-256", false, 3);
    with_handler("rsa-sha2-512", true, 3);
    with_handler("ssh-ed25519", false, 2); /* sshd's RSA key signs with SHA-1 then: not taken */
    replaced_and_unused();
    return 0;
}
