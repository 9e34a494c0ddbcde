/*
 * What one core can do: epoll, and one write per connection and message. GET opens an event stream, POST sends its body
 * to all streams; nothing else is looked at. It prints the port that it listens on as the other servers do.
 * cc -O2 -o broadcast broadcast.c
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_FILES 65536
#define MAX_REQUEST 65536
#define MAX_EVENTS 256

static int streams[MAX_FILES];
static int stream_count;
/* A request whose end has not come yet; only publishers and newcomers have one. */
static struct { char *bytes; size_t length; } requests[MAX_FILES];

static void forget(int fd) {
    for (int i = 0; i < stream_count; i++) {
        if (streams[i] == fd) streams[i--] = streams[--stream_count];
    }
    free(requests[fd].bytes);
    requests[fd].bytes = NULL;
    requests[fd].length = 0;
    close(fd);
}

static void send_all(int fd, const char *bytes, size_t length) {
    /* A stream whose kernel buffer is full misses the event: this floor keeps nothing. */
    ssize_t written = write(fd, bytes, length);
    (void)written;
}

static void open_stream(int fd) {
    static const char head[] =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-store\r\n"
        "Transfer-Encoding: chunked\r\n\r\n1a\r\nevent: hub.live\ndata: {}\n\n\r\n";
    send_all(fd, head, sizeof head - 1);
    streams[stream_count++] = fd;
    free(requests[fd].bytes);
    requests[fd].bytes = NULL;
    requests[fd].length = 0;
}

static void publish(int fd, const char *body, size_t length) {
    static char block[MAX_REQUEST + 128], chunk[MAX_REQUEST + 256];
    static const char accepted[] = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";
    int size = snprintf(block, sizeof block, "id: 0123abcd.1z.0a1b\ndata: %.*s\n\n", (int)length, body);
    int bytes = snprintf(chunk, sizeof chunk, "%x\r\n%s\r\n", size, block);
    for (int i = 0; i < stream_count; i++) send_all(streams[i], chunk, (size_t)bytes);
    send_all(fd, accepted, sizeof accepted - 1);
}

static void receive(int fd) {
    static char incoming[MAX_REQUEST];
    ssize_t count = read(fd, incoming, sizeof incoming);
    if (count <= 0) {
        forget(fd);
        return;
    }
    size_t length = requests[fd].length + (size_t)count;
    char *bytes = length < MAX_REQUEST ? realloc(requests[fd].bytes, length + 1) : NULL;
    if (bytes == NULL) {
        forget(fd);
        return;
    }
    memcpy(bytes + requests[fd].length, incoming, (size_t)count);
    bytes[length] = 0;
    requests[fd].bytes = bytes;
    requests[fd].length = length;
    char *body = strstr(bytes, "\r\n\r\n");
    if (body == NULL) return;
    body += 4;
    if (strncmp(bytes, "GET ", 4) == 0) {
        open_stream(fd);
        return;
    }
    char *field = strcasestr(bytes, "content-length:");
    size_t expected = field == NULL ? 0 : strtoul(field + 15, NULL, 10);
    if (length - (size_t)(body - bytes) < expected) return;
    publish(fd, body, expected);
    requests[fd].length = 0;
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), queue = epoll_create1(0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    struct epoll_event wish = {.events = EPOLLIN, .data.fd = listener}, events[MAX_EVENTS];
    if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 1024) != 0) return 1;
    getsockname(listener, (struct sockaddr *)&address, &size);
    epoll_ctl(queue, EPOLL_CTL_ADD, listener, &wish);
    printf("{\"url\":\"http://127.0.0.1:%d\"}\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        int ready = epoll_wait(queue, events, MAX_EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd != listener) {
                receive(fd);
                continue;
            }
            while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                if (fd >= MAX_FILES) {
                    close(fd);
                    continue;
                }
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                struct epoll_event reader = {.events = EPOLLIN, .data.fd = fd};
                epoll_ctl(queue, EPOLL_CTL_ADD, fd, &reader);
            }
        }
    }
}
