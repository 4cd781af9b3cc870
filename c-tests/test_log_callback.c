/* The log: levels, the channel's name, no secret in it, and the callback's data destroyed once. */
#include "support.h"
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int lines, above_level, named, secrets, destroyed;

static void on_line(void *user_data, uint32_t level, const char *channel, const char *text)
{
    pthread_mutex_lock(&lock);
    lines++;
    above_level += level > *(uint32_t *)user_data;
    named += strncmp(channel, "my.ssh", 6) == 0;
    secrets += strstr(text, "swordfish") != NULL || strstr(text, "73776f7264666973") != NULL;
    pthread_mutex_unlock(&lock);
}

static void on_destroy(void *user_data)
{
    (void)user_data;
    pthread_mutex_lock(&lock);
    destroyed++;
    pthread_mutex_unlock(&lock);
}

int main(void)
{
    uint32_t level = SSH_LOG_DEBUG;
    ssh_transport_t *transport;
    char *name;
    int before;

    CHECK_STATUS(ssh_set_log_callback(99, on_line, &level, on_destroy), SSH_ERR_INVALID_ARGUMENT);
    CHECK(destroyed == 1);
    CHECK_OK(ssh_set_log_callback(level, on_line, &level, on_destroy));
    transport = test_transport(NULL);
    CHECK_OK(ssh_transport_set_log_channel(transport, "my.ssh"));
    CHECK_OK(ssh_transport_get_log_channel(transport, &name));
    CHECK(strcmp(name, "my.ssh") == 0);
    ssh_string_free(name);
    CHECK(!ssh_transport_get_hexdump(transport));
    CHECK_OK(ssh_transport_set_hexdump(transport, true));
    CHECK(ssh_transport_get_hexdump(transport));
    CHECK_OK(ssh_transport_start_client(transport, WAIT_MS));
    CHECK(ssh_transport_auth_password(transport, setting("SSHRS_TEST_USER"), "swordfish", 9, NULL, WAIT_MS, NULL) < 0);
    pthread_mutex_lock(&lock);
    CHECK(lines > 0 && named > 0 && above_level == 0 && secrets == 0);
    pthread_mutex_unlock(&lock);

    CHECK_OK(ssh_set_log_callback(SSH_LOG_NONE, NULL, NULL, NULL));
    while (1) {
        pthread_mutex_lock(&lock);
        before = destroyed;
        pthread_mutex_unlock(&lock);
        if (before == 2)
            break;
        sleep_ms(10);
    }
    pthread_mutex_lock(&lock);
    before = lines;
    pthread_mutex_unlock(&lock);
    ssh_transport_free(transport);
    sleep_ms(200);
    pthread_mutex_lock(&lock);
    CHECK(lines == before && destroyed == 2);
    pthread_mutex_unlock(&lock);
    return 0;
}
