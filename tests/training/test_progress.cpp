// The progress bar: what it says, and when it says nothing.

#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>

#include "lamina/layers.hpp"
#include "lamina/losses.hpp"
#include "lamina/optimizers/gradient_descent.hpp"
#include "support/catch.hpp"
#include "support/full_stream.hpp"
#include "training/problems.hpp"
#include "training/quiet.hpp"

#if defined(__unix__)
#include <fcntl.h>
#include <unistd.h>
#endif

namespace test_progress {

namespace {

using namespace lamina;
using Catch::Matchers::ContainsSubstring;

template <class... Callbacks>
void train(const FitOptions& options, Callbacks&&... callbacks) {
  const problems::Surface<> data(20);
  Network<double, Dense<2, 4, Tanh>, Dense<4, 1>> net;
  net.initialize(1);
  fit(net, data.X, data.Y, MeanSquaredError{}, GradientDescent{.learning_rate = 0.1}, options, callbacks...);
}

/// What std::cerr is given while this lives.
class Captured {
 public:
  Captured() : before_(std::cerr.rdbuf(stream_.rdbuf())) {}
  ~Captured() { std::cerr.rdbuf(before_); }
  std::string text() const { return stream_.str(); }

 private:
  std::ostringstream stream_;
  std::streambuf* before_;
};

struct StopAtOnce {
  void on_batch(FitState& state) { state.stop(); }
};

}  // namespace

TEST_CASE("the bar shows epoch, loss, speed and time left on one line", "[fit][progress]") {
  std::ostringstream out;
  FitOptions options = problems::quiet(3, 7);
  options.progress = Progress::always;
  options.progress_stream = &out;

  SECTION("without validation data") {
    train(options);
    const std::string text = out.str();
    const std::string first = text.substr(0, text.find('\r', 1)), last = text.substr(text.rfind('\r'));
    CHECK_THAT(first, ContainsSubstring("epoch 1/3") && ContainsSubstring("loss ") &&
                          ContainsSubstring("samples/s") && ContainsSubstring(" left"));
    CHECK_THAT(last,
               ContainsSubstring("epoch 3/3") && !ContainsSubstring(" left") && !ContainsSubstring("\u00b7"));
    CHECK_THAT(text, !ContainsSubstring("validation"));
    CHECK(text.find('\n') == text.size() - 1);
  }
  SECTION("with validation data") {
    const problems::Surface<> test(10, 2);
    options.validation = {test.X, test.Y};
    train(options);
    CHECK_THAT(out.str().substr(out.str().rfind('\r')), ContainsSubstring("validation "));
  }
  SECTION("the last loss is that of the history") {
    double loss = 0;
    train(options, [&](FitState& state) { loss = state.loss; });
    char text[32];
    std::snprintf(text, sizeof text, "loss %.4g ", loss);
    CHECK_THAT(out.str().substr(out.str().rfind('\r')), ContainsSubstring(text));
  }
  SECTION("its line ends when a callback stops the training") {
    train(options, StopAtOnce{});
    CHECK_THAT(out.str(), ContainsSubstring("epoch 1/3"));
    CHECK(out.str().back() == '\n');
    CHECK(out.str().find('\n') == out.str().size() - 1);
  }
  SECTION("its line ends when the training fails") {
    CHECK_THROWS(train(options, [](FitState&) { throw 1; }));
    CHECK(out.str().back() == '\n');
  }
  SECTION("a stream is enough to ask for it") {
    options.progress = Progress::automatic;
    train(options);
    CHECK_THAT(out.str(), ContainsSubstring("epoch 3/3"));
  }
  SECTION("never is never") {
    options.progress = Progress::never;
    train(options);
    CHECK(out.str().empty());
  }
}

TEST_CASE("a stream that throws gives its exception", "[fit][progress]") {
  files::FullStream out;
  FitOptions options = problems::quiet(2);
  options.progress = Progress::always;
  options.progress_stream = &out;
  CHECK_THROWS_AS(train(options), std::ios::failure);
}

TEST_CASE("the bar is empty while nobody knows how long it is, and never overfull", "[progress]") {
  CHECK(lamina::detail::filled(24, 5, 10) == 12);
  CHECK(lamina::detail::filled(24, 10, 10) == 24);
  CHECK(lamina::detail::filled(24, 30, 10) == 24);
  CHECK(lamina::detail::filled(24, 10, 0) == 0);
  CHECK(lamina::detail::filled(24, 0, 0) == 0);
}

TEST_CASE("without a stream the bar goes to standard error when told so", "[fit][progress]") {
  std::string text;
  {
    const Captured captured;
    FitOptions options = problems::quiet(2);
    options.progress = Progress::always;
    train(options);
    text = captured.text();
  }
  CHECK_THAT(text, ContainsSubstring("epoch 2/2"));
}

#if defined(__unix__)
TEST_CASE("fit is silent when standard error is not a terminal", "[fit][progress]") {
  std::string text;
  {
    const int terminal = dup(2), nowhere = open("/dev/null", O_WRONLY);
    REQUIRE(dup2(nowhere, 2) == 2);
    const Captured captured;
    FitOptions options = problems::quiet(2);
    options.progress = Progress::automatic;
    train(options);
    text = captured.text();
    dup2(terminal, 2);
    close(terminal);
    close(nowhere);
  }
  CHECK(text.empty());
}
#endif

TEST_CASE("numbers and durations on the bar", "[progress]") {
  const auto with_unit = [](double x) {
    detail::Line line;
    line.add_with_unit(x);
    return std::string(line.text());
  };
  CHECK(with_unit(0) == "0 ");
  CHECK(with_unit(320) == "320 ");
  CHECK(with_unit(999.7) == "1.0 k ");
  CHECK(with_unit(1540) == "1.5 k ");
  CHECK(with_unit(21.3e6) == "21 M ");
  CHECK(with_unit(4e12) == "4000 G ");

  const auto duration = [](double seconds) {
    detail::Line line;
    line.add_duration(seconds);
    return std::string(line.text());
  };
  CHECK(duration(0.2) == "0 s");
  CHECK(duration(12.4) == "12 s");
  CHECK(duration(59.6) == "1 min 00 s");
  CHECK(duration(200) == "3 min 20 s");
  CHECK(duration(7500) == "2 h 05 min");
  CHECK(duration(1e300) == "27777 h 46 min");
}

}  // namespace test_progress
