/* One network of floats: what it calls is looked up in the object file. */

#include "every_float.h"

float sum(const float* x);
int test(void);

float sum(const float* x) {
  float y[every_float_outputs];
  every_float_predict(x, y);
  return y[0] + y[1] + y[2];
}

int test(void) { return every_float_selftest(); }
