/* Every network of all.h: its self-test, and its predictions beside Lamina's. C99 and C++11. */

#include "all.h"

/* say(text) and finish(status) are the system's, or bare_metal.c's. */
#ifdef LAMINA_BARE_METAL
#include "bare_metal.h"
#else
#include <stdio.h>
static void say(const char* text) { fputs(text, stderr); }
#endif

#define CHECK(T, name)                                                                                       \
  static int check_##name(void) {                                                                            \
    int failed = 0;                                                                                          \
    for (int k = 0; k < name##_cases; ++k) {                                                                 \
      T y[name##_outputs];                                                                                   \
      name##_predict(name##_cases_x + k * name##_inputs, y);                                                 \
      for (int j = 0; j < name##_outputs; ++j) {                                                             \
        const T difference = y[j] - name##_cases_y[k * name##_outputs + j];                                  \
        if (!(difference <= name##_cases_t[k] && -difference <= name##_cases_t[k])) failed = 1;              \
      }                                                                                                      \
    }                                                                                                        \
    if (failed) say(#name ": another prediction than Lamina's\n");                                           \
    if (name##_selftest() != 0) {                                                                            \
      say(#name ": the self-test failed\n");                                                                 \
      failed = 1;                                                                                            \
    }                                                                                                        \
    return failed;                                                                                           \
  }
LAMINA_CHECKS

#define RUN(name) failed |= check_##name();

int main(void) {
  int failed = 0;
  LAMINA_RUNS
  say(failed ? "FAILED\n" : "all networks agree\n");
  return failed;
}
