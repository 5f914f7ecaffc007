#include "support/instantiations.hpp"

LAMINA_TEST_INSTANTIATIONS();
