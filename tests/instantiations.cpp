#include "support/instantiations.hpp"

LAMINA_TEST_INSTANTIATIONS(, float);
LAMINA_TEST_INSTANTIATIONS(, double);
