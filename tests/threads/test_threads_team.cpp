// Team, Barrier, parallel and Share: what threads that work on one batch rest on.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "lamina/core/parallel.hpp"
#include "lamina/core/product.hpp"
#include "support/catch.hpp"

namespace {

using namespace lamina;

#if defined(_OPENMP) || defined(LAMINA_STD_THREADS)
constexpr bool with_threads = true;
#else
constexpr bool with_threads = false;
#endif

/// f(team) on std::threads, whatever parallel() does. Assertions of Catch are for the main thread alone.
template <class F>
void on_threads(int size, F f) {
  detail::Barrier barrier;
  std::vector<std::jthread> others;
  for (int rank = 1; rank < size; ++rank) others.emplace_back([&, rank] { f(Team(rank, size, &barrier)); });
  f(Team(0, size, &barrier));
}

/// How often each of [0, extent) is in the share of one of `size` threads; −1 where a share ends within a step.
std::vector<int> covered(Index extent, Index step, int size) {
  std::vector<int> times(static_cast<std::size_t>(extent), 0);
  Index end = 0;
  for (int rank = 0; rank < size; ++rank) {
    const detail::Share share(extent, step, Team(rank, size, nullptr));
    if (share.begin != end || share.end < share.begin) return {};
    end = share.end;
    for (Index i = share.begin; i < share.end; ++i) ++times[static_cast<std::size_t>(i)];
    if (share.begin < extent && share.begin % step != 0) times[static_cast<std::size_t>(share.begin)] = -1;
  }
  return times;
}

}  // namespace

TEST_CASE("the shares of a team are whole steps, side by side, and cover everything once", "[threads]") {
  for (const Index extent : {1, 2, 7, 8, 15, 16, 17, 64, 100, 1000})
    for (const Index step : {1, 4, 8, 16})
      for (const int size : {1, 2, 3, 4, 7, 16, 33}) {
        CAPTURE(extent, step, size);
        const auto times = covered(extent, step, size);
        CHECK(times == std::vector<int>(static_cast<std::size_t>(extent), 1));
      }
  CHECK(detail::Share(0, 8, Team(1, 2, nullptr)).size() == 0);
}

TEST_CASE("shares differ by one step at most", "[threads]") {
  for (const Index extent : {32, 100, 1000})
    for (const int size : {2, 3, 7}) {
      std::vector<Index> sizes;
      for (int rank = 0; rank < size; ++rank)
        sizes.push_back(detail::Share(extent, 4, Team(rank, size, nullptr)).size());
      const auto [least, most] = std::minmax_element(sizes.begin(), sizes.end());
      CAPTURE(extent, size);
      CHECK(*most - *least <= 4);
    }
}

TEST_CASE("the blocks of a team cover a matrix once, wide or high", "[threads]") {
  for (const Index m : {1, 5, 16, 100, 256})
    for (const Index n : {1, 3, 31, 32, 64, 257})
      for (const int size : {1, 2, 3, 5, 8}) {
        Eigen::MatrixXi times = Eigen::MatrixXi::Zero(m, n);
        for (int rank = 0; rank < size; ++rank) {
          const detail::Block<float> mine(m, n, Team(rank, size, nullptr));
          if (!mine.empty())
            times.block(mine.rows.begin, mine.columns.begin, mine.rows.size(), mine.columns.size()).array() +=
                1;
        }
        CAPTURE(m, n, size);
        CHECK((times.array() == 1).all());
      }
}

TEST_CASE("a thread on its own waits for nobody", "[threads]") {
  const Team team;
  CHECK(team.first());
  CHECK(team.rank() == 0);
  CHECK(team.size() == 1);
  team.wait();
}

TEST_CASE("after a barrier, every thread sees what all have written before it", "[threads]") {
  // Also with more threads than there are processors, where those that are waited for may not be running.
  for (const int size : {2, 3, 9}) {
    constexpr int rounds = 300;
    std::vector<int> written(static_cast<std::size_t>(size), 0);  // plain numbers: the barrier orders them
    std::vector<long> missed(static_cast<std::size_t>(size), 0);
    on_threads(size, [&](const Team& team) {
      const auto mine = static_cast<std::size_t>(team.rank());
      for (int round = 1; round <= rounds; ++round) {
        written[mine] = round;
        team.wait();
        for (const int other : written) missed[mine] += other != round;
        team.wait();
      }
    });
    CAPTURE(size);
    CHECK(missed == std::vector<long>(static_cast<std::size_t>(size), 0));
  }
}

TEST_CASE("those who wait for a thread that has failed are told", "[threads]") {
  for (const int size : {2, 3, 9}) {
    detail::Barrier barrier;
    std::vector<int> told(static_cast<std::size_t>(size), 0);
    {
      std::vector<std::jthread> others;
      for (int rank = 1; rank < size; ++rank)
        others.emplace_back([&, rank] {
          try {
            barrier.wait(size);
          } catch (const detail::Barrier::Abandoned&) {
            told[static_cast<std::size_t>(rank)] = 1;
          }
        });
      barrier.abandon();
    }
    CHECK(std::count(told.begin(), told.end(), 1) == size - 1);
  }
}

// A thread without a share of its own must not be the only one that waits, nor the one that has all be the only one that
// does not.
TEST_CASE("all threads of a team wait alike in a product over samples, whatever its shape", "[threads]") {
  using Matrix = Eigen::MatrixXd;
  constexpr Index samples = 40;
  for (const Index m : {1, 2, 4, 5, 8, 9, 17, 1000})
    for (const Index n : {1, 7, 60, 200})
      for (const bool transposed : {false, true})
        for (const int size : {2, 3, 5}) {
          const GradientUse use = size == 3 ? GradientUse::write : GradientUse::hand_over;
          CAPTURE(m, n, transposed, size);
          const Matrix A = Matrix::Random(samples, m), B = Matrix::Random(samples, n);
          // Readable up to full registers, as the engine's are.
          Matrix memory = Matrix::Zero(m + 64, samples), C = Matrix::Constant(m + 64, n, -1), got = C;
          const detail::Panels<double> At{memory.data(), m, samples};
          detail::transpose<double>({A.data(), 1, samples}, At, {0, m});
          const detail::TransposedProduct<double> product{.A = {A.data(), 1, samples},
                                                          .At = transposed ? At.data : nullptr,
                                                          .B = {B.data(), 1, samples},
                                                          .C = {C.data(), 1, C.rows()},
                                                          .m = m,
                                                          .n = n,
                                                          .samples = samples,
                                                          .use = use};
          detail::Barrier barrier;
          std::atomic<int> left{size};
          std::vector<int> abandoned(static_cast<std::size_t>(size), 0), done(static_cast<std::size_t>(n), 0);
          {
            std::vector<std::jthread> threads;
            for (int rank = 0; rank < size; ++rank)
              threads.emplace_back([&, rank] {
                try {
                  detail::multiply(product, Team(rank, size, &barrier),
                                   [&](Index first, Index columns, const double* derivatives) {
                                     for (Index j = first; j < first + columns; ++j)
                                       ++done[static_cast<std::size_t>(j)];
                                     got.middleCols(first, columns) =
                                         Eigen::Map<const Matrix>(derivatives, C.rows(), columns);
                                   });
                } catch (const detail::Barrier::Abandoned&) {
                  abandoned[static_cast<std::size_t>(rank)] = 1;
                }
                --left;
              });
            // Only after a failure is there anybody left after so long.
            const auto began = std::chrono::steady_clock::now();
            while (left > 0 && std::chrono::steady_clock::now() - began < std::chrono::seconds(20))
              std::this_thread::yield();
            if (left > 0) barrier.abandon();
          }
          REQUIRE(abandoned == std::vector<int>(static_cast<std::size_t>(size), 0));
          CHECK(done == std::vector<int>(static_cast<std::size_t>(n), 1));
          // What done() was given is all of it; sums of 40 products of numbers below 1.
          const Matrix want = A.transpose() * B;
          CHECK((got.topRows(m) - want).cwiseAbs().maxCoeff() < 1e-13);
          if (use == GradientUse::write) CHECK((C.topRows(m) - want).cwiseAbs().maxCoeff() < 1e-13);
        }
}

TEST_CASE("parallel calls once for each rank", "[threads]") {
  for (const int threads : {1, 2, 3, 8}) {
    std::vector<int> calls(8, 0), sizes(8, 0);
    std::vector<std::thread::id> ids(8);
    detail::parallel(threads, [&](const Team& team) {
      const auto rank = static_cast<std::size_t>(team.rank());
      ++calls[rank];
      sizes[rank] = team.size();
      ids[rank] = std::this_thread::get_id();
      team.wait();
    });
    CAPTURE(threads);
    const auto size = static_cast<std::size_t>(sizes[0]);
    if (!with_threads) CHECK(size == 1);
    if (with_threads && threads > 1) CHECK(size > 1);
    REQUIRE(size <= static_cast<std::size_t>(threads));
    for (std::size_t rank = 0; rank < calls.size(); ++rank) CHECK(calls[rank] == (rank < size ? 1 : 0));
    CHECK(std::set<std::thread::id>(ids.begin(), ids.begin() + sizes[0]).size() == size);
    CHECK(ids[0] == std::this_thread::get_id());
  }
}

TEST_CASE("an exception of any thread of a team reaches the caller, and nobody waits for ever", "[threads]") {
  for (const int threads : {1, 2, 4, 9})
    for (int thrower = 0; thrower < threads; ++thrower)
      for (const int rounds : {0, 1, 10}) {
        CAPTURE(threads, thrower, rounds);
        bool thrown = false;
        std::string what;
        try {
          detail::parallel(threads, [&](const Team& team) {
            for (int round = 0; round < rounds; ++round) team.wait();
            // With fewer threads than asked for, the last of them.
            if (team.rank() == std::min(thrower, team.size() - 1)) throw std::runtime_error("of one");
            for (int round = 0; round < 3; ++round) team.wait();
          });
        } catch (const std::runtime_error& error) {
          thrown = true;
          what = error.what();
        }
        CHECK(thrown);
        CHECK(what == "of one");
      }
}

TEST_CASE("of several exceptions one reaches the caller", "[threads]") {
  for (int repetition = 0; repetition < 20; ++repetition)
    CHECK_THROWS_AS(
        detail::parallel(5, [](const Team& team) { throw std::out_of_range(std::to_string(team.rank())); }),
        std::out_of_range);
  int calls = 0;
  detail::parallel(3, [&](const Team& team) {
    if (team.first()) ++calls;
  });
  CHECK(calls == 1);
}

TEST_CASE("parallel within parallel stays on its thread", "[threads]") {
  std::vector<int> inner(8, 0);
  detail::parallel(4, [&](const Team& team) {
    detail::parallel(4, [&](const Team& own) { inner[static_cast<std::size_t>(team.rank())] += own.size(); });
  });
  CHECK(inner[0] >= 1);
  for (const int sum : inner) CHECK(sum <= (with_threads ? 1 : 4));
  // And is several threads again afterwards.
  int size = 0;
  detail::parallel(4, [&](const Team& team) {
    if (team.first()) size = team.size();
  });
  CHECK((size > 1) == with_threads);
}
