// The main() of every test executable, compiled once.

#if __has_include(<catch2/catch_session.hpp>)

#include <catch2/catch_session.hpp>

int main(int argc, char** argv) { return Catch::Session().run(argc, argv); }

#else

#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>

#endif

// What clang's OpenMP library keeps for its threads until the end is not lamina's leak.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libomp";
}  // NOLINT(bugprone-reserved-identifier)
#endif
#endif
