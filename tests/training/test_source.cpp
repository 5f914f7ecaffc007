// Training from a source of batches: the samples need never be in memory together.

#include <cstddef>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "lamina/layers.hpp"
#include "lamina/losses.hpp"
#include "lamina/optimizers/gradient_descent.hpp"
#include "support/catch.hpp"
#include "training/problems.hpp"
#include "training/quiet.hpp"

namespace test_source {

namespace {

using namespace lamina;
using Catch::Matchers::ContainsSubstring;
using Net = Network<double, Dense<2, 5, Tanh>, Dense<5, 1>>;

const GradientDescent descent{.learning_rate = 0.05};

FitOptions in_order(Index epochs, Index batch_size) {
  FitOptions options = problems::quiet(epochs, batch_size);
  options.shuffle = false;
  return options;
}

}  // namespace

TEST_CASE("a source trains as the same samples in memory do", "[source]") {
  const problems::Surface<> data(60);
  Net in_memory, streamed, from_range;
  for (Net* net : {&in_memory, &streamed, &from_range}) net->initialize(3);

  const History expected = fit(in_memory, data.X, data.Y, MeanSquaredError{}, descent, in_order(4, 10));
  const History got = fit(
      streamed,
      [&](Index, Index batch, SourceBatch<double>& to) {
        if (batch == 3) return false;
        to.X = data.X.middleRows(batch * 20, 20);
        to.Y = data.Y.middleRows(batch * 20, 20);
        return true;
      },
      MeanSquaredError{}, descent, in_order(4, 10));
  CHECK(streamed.parameters() == in_memory.parameters());
  CHECK(got.loss == expected.loss);

  std::vector<std::pair<Eigen::MatrixXd, Eigen::MatrixXd>> pieces;
  for (Index i = 0; i < 6; ++i)
    pieces.emplace_back(data.X.middleRows(i * 10, 10), data.Y.middleRows(i * 10, 10));
  fit(from_range, pieces, MeanSquaredError{}, descent, in_order(4, full_batch));
  CHECK(from_range.parameters() == in_memory.parameters());
}

TEST_CASE("a source tells epoch and batch, and callbacks see what is known", "[source]") {
  const problems::Surface<> data(12);
  Net net;
  net.initialize(1);
  std::vector<std::pair<Index, Index>> asked;
  std::vector<Index> batches, samples;
  fit(
      net,
      [&](Index epoch, Index batch, SourceBatch<double>& to) {
        asked.emplace_back(epoch, batch);
        if (batch == 2) return false;
        to.X = data.X.topRows(batch == 0 ? 7 : 5);
        to.Y = data.Y.topRows(batch == 0 ? 7 : 5);
        return true;
      },
      MeanSquaredError{}, descent, problems::quiet(2, 4),
      [&](FitState& state) {
        batches.push_back(state.batches);
        samples.push_back(state.samples_per_epoch);
      });
  CHECK(asked == std::vector<std::pair<Index, Index>>{{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}});
  CHECK(batches == std::vector<Index>{4, 4});  // 4 + 3, 4 + 1
  CHECK(samples == std::vector<Index>{12, 12});
}

namespace {

/// Pieces 1 to `last`, read once: each begin() and each ++ takes the next, as from a stream.
class Once {
 public:
  using Piece = std::pair<Eigen::MatrixXf, Eigen::MatrixXf>;
  class Iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = Piece;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    explicit Iterator(Once* from) : from_(from) {}
    Piece operator*() const {
      from_->used.push_back(from_->piece_);
      return {Eigen::MatrixXf::Constant(4, 1, static_cast<float>(from_->piece_)),
              Eigen::MatrixXf::Ones(4, 1)};
    }
    Iterator& operator++() {
      ++from_->piece_;
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return from_->piece_ > from_->last_; }

   private:
    Once* from_ = nullptr;
  };

  explicit Once(int last) : last_(last) {}
  Iterator begin() {
    ++piece_;
    return Iterator(this);
  }
  static std::default_sentinel_t end() { return {}; }

  std::vector<int> used;

 private:
  int last_, piece_ = 0;
};

}  // namespace

TEST_CASE("a range that can be read once gives all its pieces", "[source]") {
  Once range(3);
  Network<float, Dense<1, 1>> net;
  const History history = fit(net, range, MeanSquaredError{}, GradientDescent{}, problems::quiet(1, 4));
  CHECK(history.epochs() == 1);
  CHECK(range.used == std::vector<int>{1, 2, 3});
}

TEST_CASE("a source of classes, with weights, shuffled", "[source]") {
  const problems::Triangle<> data(90);
  Network<double, Dense<2, 8, Tanh>, Dense<8, 3>> net;
  net.initialize(1);
  const History history = fit(
      net,
      [&](Index, Index batch, SourceBatch<double>& to) {
        if (batch == 3) return false;
        to.X = data.X.middleRows(batch * 30, 30);
        to.labels.assign(data.labels.begin() + batch * 30, data.labels.begin() + (batch + 1) * 30);
        to.weights.assign(30, 1.0);
        return true;
      },
      SoftmaxCrossEntropy{}, GradientDescent{.learning_rate = 0.5}, problems::quiet(40, 15));
  CHECK(history.loss.back() < 0.1 * history.loss.front());
}

TEST_CASE("a bad piece is refused before it is used, and named", "[source]") {
  const problems::Surface<> data(10);
  Net net;
  net.initialize(1);
  const auto message = [&](auto change) {
    std::string text;
    Eigen::VectorXd after_first;
    struct Watch {
      const Net* net;
      Eigen::VectorXd theta;
      void on_batch(FitState&) { theta = net->parameters(); }
    } watch{&net, {}};
    try {
      fit(
          net,
          [&](Index, Index batch, SourceBatch<double>& to) {
            to.X = data.X;
            to.Y = data.Y;
            if (batch == 1) change(to);
            return batch < 2;
          },
          MeanSquaredError{}, descent, in_order(1, full_batch), watch);
    } catch (const Error& error) {
      text = error.what();
    }
    CHECK(net.parameters() == watch.theta);
    return text;
  };
  CHECK_THAT(message([](auto& to) { to.X.resize(10, 3); }),
             ContainsSubstring("source, epoch 0, batch 1: X: expected m\u00d7"
                               "2"));
  CHECK_THAT(message([](auto& to) { to.X.resize(0, 2); }), ContainsSubstring("at least one row"));
  CHECK_THAT(message([](auto& to) { to.Y.resize(9, 1); }), ContainsSubstring("batch 1: Y: expected 10"));
  CHECK_THAT(message([](auto& to) { to.X(3, 1) = std::nan(""); }), ContainsSubstring("at row 3, column 1"));
  CHECK_THAT(message([](auto& to) {
               to.weights = {1, 2};
             }),
             ContainsSubstring("sample weights: expected 10"));
  CHECK_THROWS_AS(fit(
                      net, [](Index, Index, SourceBatch<double>&) { return false; }, MeanSquaredError{},
                      descent, in_order(1, 5)),
                  DataError);
}

TEST_CASE("a stop ends a streamed training at once", "[source]") {
  const problems::Surface<> data(10);
  Net net;
  net.initialize(1);
  Index given = 0;
  struct Stop {
    void on_batch(FitState& state) {
      if (state.batch == 2) state.stop();
    }
  };
  const History history = fit(
      net,
      [&](Index, Index, SourceBatch<double>& to) {
        to.X = data.X;
        to.Y = data.Y;
        ++given;
        return true;
      },
      MeanSquaredError{}, descent, in_order(5, full_batch), Stop{});
  CHECK(history.stop_reason == StopReason::callback);
  CHECK(given == 3);
}

TEST_CASE("a stop is at once, whatever number of batches the epoch before had", "[source]") {
  const problems::Surface<> data(10);
  Net net;
  net.initialize(1);
  const Index at = GENERATE(1, 4);  // where the epoch before ended, and its own end
  Index batches = 0;
  struct Stop {
    Index at;
    Index* batches;
    void on_batch(FitState& state) const {
      ++*batches;
      if (state.epoch == 1 && state.batch == at) state.stop();
    }
  };
  const History history = fit(
      net,
      [&](Index epoch, Index batch, SourceBatch<double>& to) {
        to.X = data.X;
        to.Y = data.Y;
        return batch < (epoch == 0 ? 2 : 5);
      },
      MeanSquaredError{}, descent, in_order(5, full_batch), Stop{at, &batches});
  CHECK(history.stop_reason == StopReason::callback);
  CHECK(history.epochs() == 1);
  CHECK(batches == 2 + at + 1);
}

}  // namespace test_source
