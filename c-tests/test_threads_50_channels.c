/* 50 channels of one transport, used from 8 threads, each with its own data back. */
#include "support.h"
#include <pthread.h>

#define THREADS 8
#define CHANNELS 50

static ssh_transport_t *transport;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int next_number;

static void use_channel(int number)
{
    char command[128], sent[2000], got[sizeof sent + 1];
    ssh_channel_t *channel;
    uint32_t status;

    snprintf(command, sizeof command, "cat; exit %d", number);
    memset(sent, 'A' + number % 26, sizeof sent);
    channel = test_exec(transport, command);
    CHECK_OK(ssh_channel_sendall(channel, sent, sizeof sent, WAIT_MS, NULL));
    CHECK_OK(ssh_channel_shutdown_write(channel));
    CHECK(read_all(channel, got, sizeof got) == sizeof sent);
    CHECK(memcmp(sent, got, sizeof sent) == 0);
    CHECK_OK(ssh_channel_recv_exit_status(channel, WAIT_MS, &status));
    CHECK(status == (uint32_t)number);
    ssh_channel_free(channel);
}

static void *worker(void *unused)
{
    int number;

    (void)unused;
    for (;;) {
        pthread_mutex_lock(&lock);
        number = next_number++;
        pthread_mutex_unlock(&lock);
        if (number >= CHANNELS)
            return NULL;
        use_channel(number);
    }
}

/* All 50 open at once. */
static void all_at_once(void)
{
    ssh_channel_t *channels[CHANNELS];
    char buf[8];
    size_t n;
    int i;

    for (i = 0; i < CHANNELS; i++)
        channels[i] = test_exec(transport, "cat");
    for (i = 0; i < CHANNELS; i++) {
        CHECK_OK(ssh_channel_send(channels[i], "x", 1, WAIT_MS, &n));
        CHECK_OK(ssh_channel_recv(channels[i], buf, sizeof buf, WAIT_MS, &n));
        CHECK(n == 1 && buf[0] == 'x');
    }
    for (i = 0; i < CHANNELS; i++)
        ssh_channel_free(channels[i]);
}

int main(void)
{
    pthread_t threads[THREADS];
    int i;

    transport = test_connect();
    for (i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, worker, NULL) == 0);
    for (i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    all_at_once();
    ssh_transport_free(transport);
    return 0;
}
