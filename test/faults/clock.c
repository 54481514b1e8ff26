// Adds seconds from a file to the clock that a program reads, and leaves the clock of durations alone. Loaded before the
// program by LD_PRELOAD. Debian's libfaketime does the same: with it, building Keycloak took 340 s in place of 45.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile long *seconds;
static int (*real)(clockid_t, struct timespec *);

__attribute__((constructor)) static void open_offset(void) {
  real = dlsym(RTLD_NEXT, "clock_gettime");
  int file = open(OFFSET, O_RDWR | O_CREAT, 0600);
  if (file < 0 || ftruncate(file, sizeof *seconds) != 0) return;
  void *memory = mmap(0, sizeof *seconds, PROT_READ, MAP_SHARED, file, 0);
  if (memory != MAP_FAILED) seconds = memory;
  close(file);
}
int clock_gettime(clockid_t clock, struct timespec *now) {
  if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
  int failed = real(clock, now);
  if (seconds && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += *seconds;
  return failed;
}
int gettimeofday(struct timeval *now, void *zone) {
  struct timespec read;
  (void)zone;
  int failed = clock_gettime(CLOCK_REALTIME, &read);
  now->tv_sec = read.tv_sec;
  now->tv_usec = read.tv_nsec / 1000;
  return failed;
}
time_t time(time_t *into) {
  struct timespec read;
  clock_gettime(CLOCK_REALTIME, &read);
  if (into) *into = read.tv_sec;
  return read.tv_sec;
}
