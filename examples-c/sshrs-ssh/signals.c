/* One thread waits for the signals that every other thread blocks: so all of this is ordinary code, not a handler. */
#include "signals.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "report.h"
#include "terminal.h"

static sigset_t watched;
static pthread_mutex_t pty_lock = PTHREAD_MUTEX_INITIALIZER; /* guards pty, also while it is used */
static ssh_channel_t *pty;
static void (*before_death)(void);

static void pass_window_size_on(void)
{
    struct terminal_size size = terminal_get_size(STDIN_FILENO);

    pthread_mutex_lock(&pty_lock);
    if (pty != NULL)
        ssh_channel_resize_pty(pty, size.cols, size.rows, size.width_px, size.height_px);
    pthread_mutex_unlock(&pty_lock);
}

/* Ends the program the way the signal would have. */
static void die_of(int number)
{
    sigset_t only;

    terminal_restore();
    before_death();
    signal(number, SIG_DFL);
    sigemptyset(&only);
    sigaddset(&only, number);
    pthread_sigmask(SIG_UNBLOCK, &only, NULL);
    raise(number);
}

static void *watch(void *unused)
{
    int number;

    (void)unused;
    while (sigwait(&watched, &number) == 0) {
        if (number == SIGWINCH)
            pass_window_size_on();
        else
            die_of(number);
    }
    return NULL;
}

/* Some systems forget an ignored signal even where it is blocked, and SIGWINCH is ignored unless it has a handler. */
static void do_nothing(int number)
{
    (void)number;
}

bool signals_start(void (*clean_up)(void))
{
    static const int DEADLY[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct sigaction action;
    pthread_t thread;
    size_t i;

    before_death = clean_up;
    /* A reader that goes away is an error of write, not the end of this process. */
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&watched);
    memset(&action, 0, sizeof action);
    action.sa_handler = do_nothing;
    sigaction(SIGWINCH, &action, NULL);
    sigaddset(&watched, SIGWINCH);
    for (i = 0; i < sizeof DEADLY / sizeof DEADLY[0]; i++)
        if (sigaction(DEADLY[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN) /* nohup means it */
            sigaddset(&watched, DEADLY[i]);
    if (pthread_sigmask(SIG_BLOCK, &watched, NULL) == 0 && pthread_create(&thread, NULL, watch, NULL) == 0 &&
        pthread_detach(thread) == 0)
        return true;
    report_error("watching for signals", "no thread to be had", "raise the limit on processes");
    return false;
}

void signals_set_pty(ssh_channel_t *channel)
{
    pthread_mutex_lock(&pty_lock);
    pty = channel;
    pthread_mutex_unlock(&pty_lock);
}
