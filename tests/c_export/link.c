/* Two files that include the same header, see alone.c: each has its own copy of everything. */

#include "every_float.h"
#include "every_float.h" /* and twice */
#include "every_double.h"

float sum(const float* x);
int test(void);

int main(void) {
  static const float x[every_float_inputs] = {0.1f, -0.2f, 0.3f, 0.4f, -0.5f};
  static const double x2[every_double_inputs] = {0.1, -0.2, 0.3, 0.4, -0.5};
  float y[every_float_outputs];
  double y2[every_double_outputs];
  float difference;
  every_float_predict(x, y);
  every_double_predict(x2, y2);
  difference = y[0] + y[1] + y[2] - sum(x);
  /* The same code in both files; and a softmax, so the sum is 1. */
  if (!(difference < 1e-6f && difference > -1e-6f)) return 1;
  if (!(y2[0] + y2[1] + y2[2] > 0.999 && y2[0] + y2[1] + y2[2] < 1.001)) return 2;
  return test() + every_float_selftest() + every_double_selftest();
}
