// How many threads a fit takes, with made-up times: it finds the fastest number, what it tries costs little, and it
// notices when the machine has changed.

#include "lamina/training/thread_choice.hpp"

#include <algorithm>
#include <map>

#include "support/catch.hpp"

namespace test_thread_choice {

using lamina::Index;
using lamina::detail::ThreadChoice;

/// Takes steps whose times depend on the number of threads; returns their sum.
template <class Seconds>
double take(ThreadChoice& choice, int steps, Seconds seconds) {
  double total = 0;
  for (int i = 0; i < steps; ++i) {
    const double s = seconds(choice.threads());
    choice.done(32, s);
    total += s;
  }
  return total;
}

TEST_CASE("threads: one that is allowed is not tried out") {
  ThreadChoice choice(1);
  for (int i = 0; i < 100; ++i) {
    CHECK(choice.begin() == 1);
    CHECK_FALSE(choice.trying());
    choice.end(32);
  }
}

TEST_CASE("threads: more are never slower than one, but for the trials") {
  for (const int most : {2, 3, 4, 16}) {
    CAPTURE(most);
    for (const double step : {1e-5, 1e-3, 1e-1}) {
      CAPTURE(step);
      // So many that the beginning, with its trials close to each other, does not count.
      const int steps = std::max(20000, static_cast<int>(20 / step));
      // Threads that help, that are a nuisance, and of which some help.
      const auto faster = [&](int n) { return step / n; };
      const auto slower = [&](int n) { return step * n; };
      const auto some = [&](int n) { return step * (n == most ? 2 : 1.0 / n); };
      ThreadChoice of_faster(most), of_slower(most), of_some(most);
      CHECK(take(of_faster, steps, faster) < 1.1 * steps * step / most);
      CHECK(take(of_slower, steps, slower) < 1.1 * steps * step);
      const double best = most / 2 > 1 ? 2.0 / most * (most % 2 ? most / (most - 1.0) : 1.0) : 1;
      CHECK(take(of_some, steps, some) < 1.1 * steps * step * best);
    }
  }
}

TEST_CASE("threads: batches of different sizes are compared by the time of a sample") {
  // The largest batch comes once, in the middle of a trial; the others are never as large again.
  for (const int largest : {14, 60, 1000}) {
    CAPTURE(largest);
    ThreadChoice of_slower(4), of_faster(4);
    std::map<int, int> slower, faster;
    for (int i = 0; i < 20000; ++i) {
      const Index samples = i == largest ? 1000 : 900 - i % 7;
      const double sample = 1e-6;
      const int n = of_slower.threads(), m = of_faster.threads();
      ++slower[n];
      ++faster[m];
      of_slower.done(samples, sample * static_cast<double>(samples) * n);
      of_faster.done(samples, sample * static_cast<double>(samples) / m);
    }
    CHECK(slower[1] > 18000);
    CHECK(faster[4] > 18000);
  }
}

TEST_CASE("threads: what is fastest may change") {
  ThreadChoice choice(2);
  take(choice, 1000, [](int n) { return 1e-3 * n; });
  std::map<int, int> taken;
  take(choice, 4000, [&](int n) {
    ++taken[n];
    return 1e-3 / n;
  });
  CHECK(taken[2] > 3400);
}

TEST_CASE("threads: those that have no processor of their own at first are tried again") {
  ThreadChoice choice(2);
  double at = 0;
  int two = 0;
  for (; at < 3;) {
    const int n = choice.threads();
    // For a tenth of a second both run on one processor.
    const double s = n == 1 ? 1e-3 : at < 0.1 ? 1.2e-3 : 0.5e-3;
    choice.done(32, s);
    at += s;
    if (at > 0.5) two += n == 2;
  }
  CHECK(two > 4500);  // of 5000 at most
}

TEST_CASE("threads: one slow step and small batches decide nothing") {
  ThreadChoice choice(2);
  int at = 0, two = 0;
  for (int i = 0; i < 20000; ++i) {
    const int n = choice.threads();
    two += n == 2;
    // Every fifth step is disturbed, every third batch is small and quick.
    const bool small = ++at % 3 == 0;
    choice.done(small ? 8 : 32, small ? 1e-5 * (3 - n) : 1e-3 / n * (at % 5 == 0 ? 10 : 1));
  }
  CHECK(two > 18000);
}

}  // namespace test_thread_choice
