#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "lamina/layers.hpp"
#include "lamina/losses.hpp"
#include "lamina/optimizers.hpp"
#include "lamina/schedules.hpp"
#include "lamina/training/checkpoint.hpp"
#include "lamina/training/early_stopping.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"
#include "training/quiet.hpp"

namespace test_checkpoint {

using namespace lamina;
using problems::quiet;

namespace {

// Everything that has a state: dropout's masks, running statistics, an optimiser with arrays, a schedule, shuffling.
using Net = Network<double, Dense<2, 12, Tanh>, BatchNorm<12>, Dropout<12>, Dense<12, 1>>;

Net fresh() {
  Net net(Dense<2, 12, Tanh>(), BatchNorm<12>(), Dropout<12>(0.2), Dense<12, 1>());
  net.initialize(3);
  return net;
}

/// A file that is not there before and after the test.
struct File {
  std::string path;

  File() {
    char name[] = "/tmp/lamina-checkpoint-XXXXXX";
    const int handle = ::mkstemp(name);
    REQUIRE(handle >= 0);
    ::close(handle);
    path = name;
    std::remove(path.c_str());
  }
  ~File() { std::remove(path.c_str()); }

  std::vector<char> bytes() const {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const std::vector<char>& bytes) const {
    std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
};

const problems::Surface<double> data(50);

FitOptions options(Index epochs) {
  FitOptions o = quiet(epochs, 8, 11);
  o.validation_split = 0.2;
  o.schedule = per_step(CosineAnnealing{.T_max = 60});
  return o;
}

struct Result {
  Net net;
  History history;
};

template <class... Callbacks>
Result train(const FitOptions& o, Callbacks&&... callbacks) {
  Result result{fresh(), {}};
  Adam adam{.learning_rate = 1e-2, .amsgrad = true};
  result.history = fit(result.net, data.X, data.Y, MeanSquaredError{}, adam, o, callbacks...);
  return result;
}

void same(const Result& a, const Result& b) {
  CHECK(a.net.parameters() == b.net.parameters());
  CHECK((a.net.layer<1>().running_mean() == b.net.layer<1>().running_mean()).all());
  CHECK((a.net.layer<1>().running_variance() == b.net.layer<1>().running_variance()).all());
  CHECK(a.history.loss == b.history.loss);
  CHECK(a.history.validation_loss == b.history.validation_loss);
  CHECK(a.history.learning_rate == b.history.learning_rate);
  CHECK(a.history.best_epoch == b.history.best_epoch);
  CHECK(a.history.stop_reason == b.history.stop_reason);
}

struct StopAt {
  Index epoch, batch;
  void on_batch(FitState& state) const {
    if (state.epoch == epoch && state.batch == batch) state.stop();
  }
};

struct DieAt {
  Index epoch, batch;
  void on_batch(FitState& state) const {
    if (state.epoch == epoch && state.batch == batch) ::raise(SIGKILL);
  }
};

}  // namespace

TEST_CASE("resume: weights, optimiser, random numbers, schedule and epoch go on bit for bit",
          "[checkpoint]") {
  const Result whole = train(options(12));
  for (const Index cut : {1, 4, 11}) {
    const File file;
    train(options(cut), Checkpoint{.path = file.path});
    const Result continued = train(options(12), Checkpoint{.path = file.path});
    CAPTURE(cut);
    same(continued, whole);
  }
}

TEST_CASE("a training that is killed in the middle of an epoch ends as if it had not been", "[checkpoint]") {
  const Result whole = train(options(6));
  for (const Index every_batches : {0, 1, 3}) {
    const File file;
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      train(options(6), Checkpoint{.path = file.path, .every_batches = every_batches}, DieAt{3, 3});
      ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGKILL);
    CAPTURE(every_batches);
    same(train(options(6), Checkpoint{.path = file.path, .every_batches = every_batches}), whole);
  }
}

TEST_CASE("resume: early stopping remembers the best epoch", "[checkpoint][early_stopping]") {
  const EarlyStopping stopping{.patience = 4};
  FitOptions long_one = options(200);
  const Result whole = train(long_one, EarlyStopping(stopping));
  REQUIRE(whole.history.stop_reason == StopReason::early_stopping);
  const Index end = whole.history.epochs();
  REQUIRE(end > 5);
  const File file;
  FitOptions first = options(end - 2);
  // The order of the callbacks does not matter: a checkpoint is written when all have seen the epoch.
  train(first, Checkpoint{.path = file.path}, EarlyStopping(stopping));
  same(train(long_one, Checkpoint{.path = file.path}, EarlyStopping(stopping)), whole);
}

TEST_CASE("a training that was at its end stays there", "[checkpoint]") {
  const File file;
  const Result once = train(options(3), Checkpoint{.path = file.path});
  const Result again = train(options(3), Checkpoint{.path = file.path});
  same(again, once);
  const Result anew = train(options(3), Checkpoint{.path = file.path, .resume_from = false});
  same(anew, once);
}

TEST_CASE("resume of a source: in the middle of an epoch too", "[checkpoint][source]") {
  const auto run = [&](Index epochs, auto&&... callbacks) {
    Result result{fresh(), {}};
    const auto source = [&](Index, Index piece, SourceBatch<double>& to) {
      if (piece == 3) return false;
      to.X = data.X.middleRows(15 * piece, 15);
      to.Y = data.Y.middleRows(15 * piece, 15);
      return true;
    };
    RMSprop rmsprop{.learning_rate = 1e-3, .momentum = 0.9};
    result.history = fit(result.net, source, MeanSquaredError{}, rmsprop, quiet(epochs, 4, 5), callbacks...);
    return result;
  };
  const Result whole = run(5);
  const File file;
  run(5, Checkpoint{.path = file.path, .every_batches = 1}, StopAt{2, 6});
  // Who was asked to stop may go on later.
  const Result continued = run(5, Checkpoint{.path = file.path});
  same(continued, whole);

  SECTION("after the last batch of an epoch, of which only the source knows that it is the last") {
    const File other;
    struct Killed {};
    CHECK_THROWS_AS(
        run(5, Checkpoint{.path = other.path, .every_batches = 1}, [](FitState&) { throw Killed(); }),
        Killed);
    same(run(5, Checkpoint{.path = other.path}), whole);
  }
}

TEST_CASE("a damaged or foreign checkpoint changes nothing", "[checkpoint]") {
  const File file;
  train(options(2), Checkpoint{.path = file.path});
  const std::vector<char> good = file.bytes();
  const auto refused = [&](const FitOptions& o, const char* part) {
    Net net = fresh();
    const auto before = net.parameters();
    Adam adam{.learning_rate = 1e-2, .amsgrad = true};
    bool threw = false;
    try {
      fit(net, data.X, data.Y, MeanSquaredError{}, adam, o, Checkpoint{.path = file.path});
    } catch (const FormatError& error) {
      threw = true;
      INFO(error.what());
      CHECK(std::string(error.what()).find(part) != std::string::npos);
      CHECK(std::string(error.what()).find(file.path) != std::string::npos);
    }
    CHECK(threw);
    CHECK(net.parameters() == before);
    CHECK(adam.state.steps == 0);
  };
  SECTION("half written") {
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{5}, std::size_t{19}, good.size() / 2, good.size() - 1}) {
      file.write({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)});
      refused(options(4), "expected");
    }
  }
  SECTION("any byte changed") {
    for (std::size_t i = 0; i < good.size(); i += 1 + good.size() / 97) {
      auto bad = good;
      bad[i] = static_cast<char>(bad[i] ^ 0x20);
      file.write(bad);
      refused(options(4), "expected");
    }
  }
  SECTION("another batch size, seed, or split") {
    FitOptions other = options(4);
    other.batch_size = 9;
    refused(other, "batch_size");
    other = options(4);
    other.seed = 12;
    refused(other, "seed");
    other = options(4);
    other.validation_split = 0.5;
    refused(other, "number of samples");
  }
  SECTION("another network, optimiser or loss") {
    Network<double, Dense<2, 3, Tanh>, Dense<3, 1>> net;
    net.initialize(1);
    CHECK_THROWS_AS(
        fit(net, data.X, data.Y, MeanSquaredError{}, Adam{}, options(4), Checkpoint{.path = file.path}),
        FormatError);
    Network<double, Dense<2, 12, ReLU>, BatchNorm<12>, Dropout<12>, Dense<12, 1>> other_activation(
        Dense<2, 12, ReLU>(), BatchNorm<12>(), Dropout<12>(0.2), Dense<12, 1>());
    other_activation.initialize(3);
    CHECK_THROWS_WITH(fit(other_activation, data.X, data.Y, MeanSquaredError{}, Adam{.amsgrad = true},
                          options(4), Checkpoint{.path = file.path}),
                      Catch::Matchers::ContainsSubstring("activation of a layer") &&
                          Catch::Matchers::ContainsSubstring("\"relu\"") &&
                          Catch::Matchers::ContainsSubstring("\"tanh\""));
    Net same_net = fresh();
    CHECK_THROWS_AS(fit(same_net, data.X, data.Y, MeanSquaredError{}, RMSprop{}, options(4),
                        Checkpoint{.path = file.path}),
                    FormatError);
    CHECK_THROWS_AS(fit(same_net, data.X, data.Y, Huber{}, Adam{}, options(4), Checkpoint{.path = file.path}),
                    FormatError);
  }
}

TEST_CASE("a checkpoint that is whole but of no training changes nothing", "[checkpoint]") {
  const File file;
  FitOptions short_one = options(2);
  train(short_one, Checkpoint{.path = file.path}, EarlyStopping{.patience = 9});
  const std::vector<char> good = file.bytes();
  const std::vector<char> state(good.begin() + 20,
                                good.end() - 8);  // between mark, version, length, and checksum
  Index refused = 0;
  for (std::size_t i = 0; i < state.size(); ++i)
    for (const unsigned bit : {0x01u, 0x80u}) {
      auto bad = state;
      bad[i] = static_cast<char>(static_cast<unsigned char>(bad[i]) ^ bit);
      const auto sealed = detail::sealed(std::as_bytes(std::span<const char>(bad)));
      file.write({reinterpret_cast<const char*>(sealed.data()),
                  reinterpret_cast<const char*>(sealed.data()) + sealed.size()});
      Net net = fresh();
      const auto before = net.parameters();
      Adam adam{.learning_rate = 1e-2, .amsgrad = true};
      try {
        fit(net, data.X, data.Y, MeanSquaredError{}, adam, short_one, EarlyStopping{.patience = 9},
            Checkpoint{.path = file.path});
      } catch (const FormatError&) {
        ++refused;
        REQUIRE(net.parameters() == before);
        REQUIRE(adam.state.steps == 0);
      } catch (const NonFiniteError&) {  // a bit of a number
      }
    }
  CHECK(refused > 200);  // lengths, counts, names, options: most bytes are numbers, which may be any
}

// Else it would look at no more than the first bytes.
TEST_CASE("the fuzz target begins with checkpoints of this format", "[checkpoint]") {
  const auto folder =
      std::filesystem::path(__FILE__).parent_path().parent_path() / "fuzz" / "corpus" / "checkpoint";
  // The training of tests/fuzz/checkpoint.cpp, 6 batches from its beginning.
  const Eigen::VectorXf X = Eigen::VectorXf::LinSpaced(6, -1, 1), Y = X.cwiseAbs2();
  struct Count {
    Index* batches;
    void on_batch(FitState&) const { ++*batches; }
  };
  for (const char* const name : {"batch", "epoch", "file_batch", "file_epoch"}) {
    CAPTURE(name);
    std::ifstream in(folder / name, std::ios::binary);
    std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
    REQUIRE(bytes.size() > 1);
    const bool state_alone = (bytes[0] & 1) != 0;
    bytes.erase(bytes.begin());
    if (state_alone) {
      const auto sealed = lamina::detail::sealed(std::as_bytes(std::span<const char>(bytes)));
      const auto* const begin = reinterpret_cast<const char*>(sealed.data());
      bytes.assign(begin, begin + sealed.size());
    }
    const File file;
    file.write(bytes);
    Network<float, Dense<1, 2, Tanh>, BatchNorm<2>, Dense<2, 1>> net;
    net.initialize(1);
    Index batches = 0;
    Adam adam;
    const History history = fit(net, X, Y, MeanSquaredError{}, adam, quiet(3, 4),
                                EarlyStopping{.patience = 5}, Checkpoint{.path = file.path}, Count{&batches});
    CHECK(history.epochs() == 3);
    CHECK(batches < 6);
  }
}

TEST_CASE("a number of a checkpoint that nobody can have counted to is refused", "[checkpoint]") {
  const auto read = [](Index count, Index least) {
    std::vector<std::byte> bytes;
    lamina::detail::append_number(bytes, count, std::endian::little);
    lamina::detail::StateReader reader(ByteReader(bytes, "a state"));
    Index got = 0;
    reader.number("steps", got);
    lamina::detail::check_count(reader, "steps", got, least);
  };
  const Index most = Index{1} << 53;
  CHECK_NOTHROW(read(0, 0));
  CHECK_NOTHROW(read(-1, -1));
  CHECK_NOTHROW(read(most, 0));
  CHECK_THROWS_AS(read(-1, 0), FormatError);
  CHECK_THROWS_AS(read(most + 1, 0), FormatError);
  CHECK_THROWS_WITH(
      read(std::numeric_limits<Index>::max(), 0),
      Catch::Matchers::ContainsSubstring("steps: expected a number from 0 to 2^53, got 9223372036854775807"));
}

TEST_CASE("checkpoint: options out of their domain", "[checkpoint]") {
  Net net = fresh();
  const auto with = [&](Checkpoint checkpoint) {
    fit(net, data.X, data.Y, MeanSquaredError{}, Adam{}, options(1), checkpoint);
  };
  CHECK_THROWS_AS(with({.path = ""}), OptionError);
  CHECK_THROWS_AS(with({.path = "x", .every_epochs = 0}), OptionError);
  CHECK_THROWS_AS(with({.path = "x", .every_batches = -1}), OptionError);
  CHECK_THROWS_AS(with({.path = "/no/such/folder/checkpoint"}), FileError);
  CHECK_THROWS_AS(with({.path = "/"}), FileError);
}

}  // namespace test_checkpoint
