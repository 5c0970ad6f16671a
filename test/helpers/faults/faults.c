// Sick and healthy processes in C for the readings: faults MODE [ARGUMENT]. Each prints "ready" once it is what its mode says.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER, other = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work = PTHREAD_COND_INITIALIZER;
static int jobs;

static void ready(void) {
  puts("ready");
  fflush(stdout);
}

/* Holds the lock nearly all the time: the others stand in line. */
static void *convoy(void *unused) {
  (void)unused;
  for (;;) {
    pthread_mutex_lock(&one);
    usleep(20000);
    pthread_mutex_unlock(&one);
  }
}

static void *one_then_other(void *unused) {
  (void)unused;
  pthread_mutex_lock(&one);
  usleep(200000);
  pthread_mutex_lock(&other);
  return NULL;
}

static void *other_then_one(void *unused) {
  (void)unused;
  pthread_mutex_lock(&other);
  usleep(200000);
  pthread_mutex_lock(&one);
  return NULL;
}

static unsigned long burn(unsigned long n) {
  unsigned long sum = 0;
  for (unsigned long i = 0; i < n; i++) sum = sum * 31 + i;
  return sum;
}

/* A pool as it should be: idle workers wait on a condition, the lock is held for a moment. */
static void *worker(void *unused) {
  (void)unused;
  for (;;) {
    pthread_mutex_lock(&one);
    while (jobs == 0) pthread_cond_wait(&work, &one);
    jobs--;
    pthread_mutex_unlock(&one);
    burn(400000);
  }
}

static void start(void *(*run)(void *), int n) {
  pthread_t thread;
  for (int i = 0; i < n; i++) pthread_create(&thread, NULL, run, NULL);
}

static int listener(int backlog) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, backlog)) return -1;
  getsockname(fd, (struct sockaddr *)&address, &length);
  printf("port %d\n", ntohs(address.sin_port));
  return fd;
}

int main(int count, char **words) {
  const char *mode = count > 1 ? words[1] : "";
  if (!strcmp(mode, "convoy")) {
    start(convoy, 12);
    usleep(300000);
    ready();
    pause();
  } else if (!strcmp(mode, "deadlock")) {
    start(one_then_other, 1);
    start(other_then_one, 1);
    usleep(600000);
    ready();
    pause();
  } else if (!strcmp(mode, "spin")) {
    ready();
    for (;;) burn(1000000);
  } else if (!strcmp(mode, "vfork")) {
    ready();
    /* The parent of a vfork(2) cannot be interrupted before its child ends or execs. */
    if (vfork() == 0) {
      sleep(60);
      _exit(0);
    }
  } else if (!strcmp(mode, "listen")) {
    listener(4);
    ready();
    pause();
  } else if (!strcmp(mode, "disk")) {
    void *block = NULL;
    int fd = open(words[2], O_WRONLY | O_CREAT | O_DIRECT, 0600);
    if (fd < 0 || posix_memalign(&block, 4096, 1 << 18)) return 1;
    memset(block, 'x', 1 << 18);
    ready();
    for (;;) {
      if (pwrite(fd, block, 1 << 18, 0) < 0) return 1;
      fsync(fd);
    }
  } else if (!strcmp(mode, "pool")) {
    start(worker, 8);
    ready();
    for (;;) {
      pthread_mutex_lock(&one);
      if (jobs < 64) jobs += 4;
      pthread_cond_broadcast(&work);
      pthread_mutex_unlock(&one);
      usleep(5000);
    }
  }
  return 2;
}
