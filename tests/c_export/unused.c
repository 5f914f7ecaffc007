/* A file that includes a header and uses nothing of it: no warnings. */

#include "every_float.h"
#include "bytes_double.h"

int main(void) { return every_float_inputs - 5; }
