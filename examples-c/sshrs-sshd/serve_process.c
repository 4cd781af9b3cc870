/* A session's process: two threads, one each way, and the account of how it ended. */
#define _GNU_SOURCE /* pipe2 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"
#include "session.h"
#include "signal_names.h"

#define BUFFER_SIZE (128 * 1024)

/* While the process does not read, the channel's end is looked for this often. */
#define LOOK_MS 500

struct service {
    struct session *session;
    int gone[2]; /* a pipe: its second end is closed when the channel is gone, which wakes who polls the first */
};

/* ---- to the process ---- */

static void close_input(struct session *session)
{
    session_lock(session);
    process_close_input(&session->process);
    session_unlock(session);
}

/* False where the process reads no more, or the channel has gone before it did. */
static bool write_all(struct session *session, const char *data, size_t len)
{
    struct pollfd room = {session->process.input, POLLOUT, 0};

    while (len > 0) {
        ssize_t n = write(room.fd, data, len);

        if (n >= 0) {
            data += n;
            len -= (size_t)n;
        } else if (errno == EAGAIN) {
            if (poll(&room, 1, LOOK_MS) == 0 && ssh_channel_is_closed(session->channel))
                return false;
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

static void copy_input(struct session *session)
{
    char *buf = malloc(BUFFER_SIZE);
    size_t n;

    while (buf != NULL && ssh_channel_recv(session->channel, buf, BUFFER_SIZE, SSH_WAIT_FOREVER, &n) == SSH_OK) {
        if (!write_all(session, buf, n)) {
            /* What the process prints still counts. */
            ssh_channel_shutdown_read(session->channel);
            break;
        }
    }
    free(buf);
}

/* From the channel to the process, and then until the channel is gone: a client that leaves takes its processes along. */
static void *feed(void *argument)
{
    struct service *service = argument;
    struct session *session = service->session;
    uint32_t ignored;

    copy_input(session);
    close_input(session);
    /* Clients send no exit status: this waits for the channel's end. */
    (void)ssh_channel_recv_exit_status(session->channel, SSH_WAIT_FOREVER, &ignored);
    session_lock(session);
    process_signal(&session->process, SIGHUP);
    session_unlock(session);
    close(service->gone[1]);
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

/* Until both streams have ended, or the client is gone, whoever may still hold them open. A terminal is also done when its
 * first process is: others may keep it for ever. */
static void drain(struct service *service, char *buf)
{
    struct session *session = service->session;
    struct process *process = &session->process;
    int ended = process->has_terminal ? watch_end(process->pid) : -1;
    struct pollfd fds[4] = {
        {process->output, POLLIN, 0}, {process->errors, POLLIN, 0}, {ended, POLLIN, 0}, {service->gone[0], 0, 0}};

    while ((fds[0].fd >= 0 || fds[1].fd >= 0) && fds[3].revents == 0) {
        if (poll(fds, 4, -1) < 0) {
            if (errno != EINTR)
                break;
            continue;
        }
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

/* What the process still writes nobody reads: it must fail, not wait. */
static void close_output(struct session *session)
{
    session_lock(session);
    process_close_output(&session->process);
    session_unlock(session);
}

/* Waits for the process; nobody signals its number once it may be another's. */
static int reap(struct session *session)
{
    pid_t pid = session->process.pid;
    siginfo_t info;
    int status = 0;

    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) != 0 && errno == EINTR)
        continue;
    session_lock(session);
    waitpid(pid, &status, 0);
    session->process.pid = 0;
    session_unlock(session);
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

/* Serves the process to its end; false, and it is over, without what that takes. */
static bool run(struct service *service)
{
    struct session *session = service->session;
    char *buf = malloc(BUFFER_SIZE);
    pthread_t feeder;
    bool ok = buf != NULL && pthread_create(&feeder, NULL, feed, service) == 0;

    if (ok) {
        drain(service, buf);
        close_output(session);
        tell_end(session, reap(session));
        pthread_join(feeder, NULL);
    }
    free(buf);
    return ok;
}

static void *serve(void *argument)
{
    struct session *session = argument;
    struct connection *connection = session->connection;
    struct service service = {session, {-1, -1}};
    bool ok = pipe2(service.gone, O_CLOEXEC) == 0;

    if (ok) {
        ok = run(&service);
        close(service.gone[0]);
        if (!ok)
            close(service.gone[1]);
    }
    if (!ok) {
        report_error("serving a command", "no memory, thread or descriptor left", NULL);
        session_abandon(session);
    }
    session_free(session);
    connection_release(connection);
    return NULL;
}

bool serve_process(struct session *session)
{
    return connection_start_thread(session->connection, serve, session);
}
