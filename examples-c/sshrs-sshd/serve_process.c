/* A session's process: two threads, one each way, and the account of how it ended. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd_io.h"
#include "report.h"
#include "session.h"
#include "signal_names.h"

#define BUFFER_SIZE (128 * 1024)

static void lock(struct session *session)
{
    pthread_mutex_lock(&session->connection->lock);
}

static void unlock(struct session *session)
{
    pthread_mutex_unlock(&session->connection->lock);
}

/* ---- to the process ---- */

static void close_input(struct session *session)
{
    lock(session);
    process_close_input(&session->process);
    unlock(session);
}

/* From the channel to the process, and then until the channel is gone: a client that leaves takes its processes along. */
static void *feed(void *argument)
{
    struct session *session = argument;
    char *buf = malloc(BUFFER_SIZE);
    uint32_t ignored;
    size_t n;

    while (buf != NULL && ssh_channel_recv(session->channel, buf, BUFFER_SIZE, SSH_WAIT_FOREVER, &n) == SSH_OK) {
        if (!fd_write_all(session->process.input, buf, n)) {
            /* The process reads no more; what it prints still counts. */
            ssh_channel_shutdown_read(session->channel);
            break;
        }
    }
    free(buf);
    close_input(session);
    /* Clients send no exit status: this waits for the channel's end. */
    (void)ssh_channel_recv_exit_status(session->channel, SSH_WAIT_FOREVER, &ignored);
    lock(session);
    process_hang_up(&session->process);
    unlock(session);
    return NULL;
}

/* ---- from the process ---- */

typedef ssh_status_t (*send_fn)(ssh_channel_t *channel, const void *data, size_t data_len, int64_t timeout_ms,
                                size_t *out_sent);

/* Copies what is there; false at the end of it, or of the channel. */
static bool copy(struct session *session, int fd, send_fn send, char *buf)
{
    ssize_t n = read(fd, buf, BUFFER_SIZE);

    if (n < 0)
        return errno == EINTR || errno == EAGAIN; /* EIO: nobody has the terminal open any more */
    return n > 0 && send(session->channel, buf, (size_t)n, SSH_WAIT_FOREVER, NULL) == SSH_OK;
}

/* Readable once the process has ended; -1 where the system has no such thing. */
static int watch_end(pid_t pid)
{
#ifdef SYS_pidfd_open
    return (int)syscall(SYS_pidfd_open, pid, 0);
#else
    (void)pid;
    return -1;
#endif
}

/* Until both streams have ended. A terminal is also done when its first process is: others may keep it open for ever. */
static void drain(struct session *session, char *buf)
{
    struct process *process = &session->process;
    int ended = process->has_terminal ? watch_end(process->pid) : -1;
    struct pollfd fds[3] = {{process->output, POLLIN, 0}, {process->errors, POLLIN, 0}, {ended, POLLIN, 0}};

    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
        if (poll(fds, 3, -1) < 0 && errno != EINTR)
            break;
        if (fds[0].revents != 0 && !copy(session, process->output, ssh_channel_sendall, buf))
            fds[0].fd = -1;
        if (fds[1].revents != 0 && !copy(session, process->errors, ssh_channel_sendall_stderr, buf))
            fds[1].fd = -1;
        if (fds[2].revents != 0 && fds[0].revents == 0)
            break;
    }
    if (ended >= 0)
        close(ended);
}

/* Waits for the process; nobody signals its number once it may be another's. */
static int reap(struct session *session)
{
    pid_t pid = session->process.pid;
    siginfo_t info;
    int status = 0;

    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) != 0 && errno == EINTR)
        continue;
    lock(session);
    waitpid(pid, &status, 0);
    session->process.pid = 0;
    unlock(session);
    return status;
}

static void tell_end(struct session *session, int status)
{
    const char *name = WIFSIGNALED(status) ? signal_name(WTERMSIG(status)) : NULL;
    bool dumped = false;

#ifdef WCOREDUMP
    dumped = WCOREDUMP(status);
#endif
    /* Before the end of the data: a client whose own data has ended, too, closes the channel at that, and learns no more. */
    if (name != NULL)
        ssh_channel_send_exit_signal(session->channel, name, dumped, "");
    else
        ssh_channel_send_exit_status(session->channel,
                                     (uint32_t)(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)));
    ssh_channel_shutdown_write(session->channel);
    ssh_channel_close(session->channel);
}

static void *serve(void *argument)
{
    struct session *session = argument;
    struct connection *connection = session->connection;
    char *buf = malloc(BUFFER_SIZE);
    pthread_t feeder;
    bool fed = pthread_create(&feeder, NULL, feed, session) == 0;

    if (buf != NULL && fed)
        drain(session, buf);
    else
        process_hang_up(&session->process);
    free(buf);
    tell_end(session, reap(session));
    if (fed)
        pthread_join(feeder, NULL);
    lock(session);
    process_close(&session->process);
    unlock(session);
    session_free(session);
    connection_release(connection);
    return NULL;
}

bool serve_process(struct session *session)
{
    return connection_start_thread(session->connection, serve, session);
}
