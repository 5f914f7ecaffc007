// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "lamina/activations/apply.hpp"
#include "lamina/core/borders.hpp"
#include "lamina/core/errors.hpp"
#include "lamina/losses.hpp"
#include "lamina/network.hpp"

/// @file
/// What often goes wrong before the first step: data that is not scaled, targets that do not suit the loss, a last layer
/// that cannot reach them. diagnose() looks for it, dead_units() for what may have gone wrong after the last step.
///
///     report(std::cerr, diagnose(network, X, labels, SoftmaxCrossEntropy{}));
///     fit(network, X, labels, SoftmaxCrossEntropy{}, Adam{}, options);
///     report(std::cerr, diagnose(dead_units(network, X)));
///
/// Nothing is changed, and nothing is an error: what is an error, fit and loss throw. The cost is that of one pass over at
/// most diagnostic_rows rows, evenly spread over the data, and over the labels.

namespace lamina {

/// What a Warning is about.
enum class WarningKind {
  unscaled_inputs,        ///< columns of X whose magnitude or spread is far from 1
  constant_inputs,        ///< columns of X that are the same in every row
  outliers,               ///< values of X that are far from all others of their column
  unscaled_targets,       ///< a regression's targets are large numbers
  constant_targets,       ///< a regression's targets are the same in every row
  binary_targets,         ///< a regression's targets are 0 and 1
  one_class,              ///< all samples have the same label
  labels_from_one,        ///< class 0 has no sample, all others have
  missing_classes,        ///< classes have no sample
  imbalanced_classes,     ///< a class is rare
  not_a_distribution,     ///< rows of targets that do not sum to 1
  single_output_softmax,  ///< a softmax of one output is always 1
  not_logits,             ///< a bounded last layer before a loss that takes logits
  unreachable_targets,    ///< targets outside the range of the last layer
  dead_units,             ///< units whose output does not depend on the data
};

/// Something that is likely to be a mistake.
struct Warning {
  WarningKind kind;
  std::string message;  ///< where, how much, and what to do; one line
};

/// The most rows of X and Y that diagnose() and dead_units() look at: of more, as many, evenly spread.
inline constexpr Index diagnostic_rows = 4096;

/// Units of a layer whose output does not depend on the data.
struct DeadUnits {
  std::size_t layer = 0;     ///< from 0
  std::string activation;    ///< its name
  Index outputs = 0;         ///< units of the layer
  Index rows = 0;            ///< that were looked at
  std::vector<Index> units;  ///< which of them are dead, from 0
};

namespace detail {

inline void warn(std::vector<Warning>& warnings, WarningKind kind, std::initializer_list<Piece> pieces) {
  warnings.push_back({kind, message(pieces)});
}

/// The rows that are looked at: all, or diagnostic_rows of them.
struct RowSample {
  Index m;
  Index size() const { return std::min(m, diagnostic_rows); }
  Index row(Index i) const {
    if (m <= diagnostic_rows) return i;
    return static_cast<Index>(static_cast<double>(i) * static_cast<double>(m) /
                              static_cast<double>(diagnostic_rows));
  }
};

/// A list for a message that names the first few: "a, b, c and 7 more".
class Listing {
 public:
  void add(const std::string& item) {
    if (++count_ > 4) return;
    text_ += (count_ == 1 ? "" : ", ") + item;
  }
  Index count() const { return count_; }
  std::string text() const { return count_ > 4 ? text_ + " and " + number(count_ - 4) + " more" : text_; }

 private:
  std::string text_;
  Index count_ = 0;
};

/// The intervals that the outputs of a network lie in, one for each column, and what bounds them.
struct OutputRange {
  std::vector<double> low, high;
  std::string bounded_by;  ///< "relu", "Softmax"
  std::size_t layer = 0;

  void set(Index columns, double lowest, double highest, std::string_view name, std::size_t l) {
    low.assign(static_cast<std::size_t>(columns), lowest);
    high.assign(static_cast<std::size_t>(columns), highest);
    bounded_by = std::string(name);
    layer = l;
  }
};

struct Interval {
  double low, high;
};

/// The range of an activation, from its values between −10 and 10 and far out; unbounded where it still moves there,
/// beyond all values between.
template <class Scalar, class G>
Interval range_of(const G& g) {
  constexpr Index near = 401, middle = near / 2, far = 4;
  Scalar A[near + far];
  for (Index i = 0; i < near; ++i) A[i] = static_cast<Scalar>(i - middle) / static_cast<Scalar>(20);
  for (Index i = 0; i < far; ++i) A[near + i] = static_cast<Scalar>(i < 2 ? i - 2 : i - 1) * Scalar(5e5);
  Tile<Scalar> in_place = tile(static_cast<Scalar*>(A), near + far, Index{1});
  apply(g, constant(in_place), in_place);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Interval range{infinity, -infinity};
  for (Index i = 0; i < near; ++i) {
    const auto x = static_cast<double>(A[i]);
    if (x != x) return {-infinity, infinity};
    range = {std::min(range.low, x), std::max(range.high, x)};
  }
  const Interval close = range;
  const auto look = [&](Index at, Index farther) {
    const auto x = static_cast<double>(A[at]), y = static_cast<double>(A[farther]);
    const double step = 1e-3 * (1 + std::abs(x));
    range = {std::min({range.low, x, y}), std::max({range.high, x, y})};
    if (!(y <= x + step) && !(y <= close.high + step)) range.high = infinity;
    if (!(y >= x - step) && !(y >= close.low - step)) range.low = -infinity;
  };
  look(near + 1, near);
  look(near + 2, near + 3);
  return range;
}

/// The least and the largest output of each unit of a layer.
struct Extremes {
  std::vector<double> low, high;

  template <class Scalar>
  void widen(const Tile<Scalar>& A) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const auto units = static_cast<std::size_t>(A.cols());
    low.resize(units, infinity);
    high.resize(units, -infinity);
    for (std::size_t j = 0; j < units; ++j) {
      const Scalar* const column = A.data() + static_cast<Index>(j) * A.outerStride();
      for (Index i = 0; i < A.rows(); ++i) {
        low[j] = std::min(low[j], static_cast<double>(column[i]));
        high[j] = std::max(high[j], static_cast<double>(column[i]));
      }
    }
  }
  /// Units that give the same for all rows, or only numbers near one end of the activation's range.
  std::vector<Index> dead(const Interval& range) const {
    const double margin = 1e-3 * (range.high - range.low);
    const bool bounded = std::isfinite(margin);
    std::vector<Index> units;
    for (std::size_t j = 0; j < low.size(); ++j) {
      const bool constant = high[j] - low[j] <= 1e-6 * std::max(std::abs(low[j]), std::abs(high[j]));
      const bool saturated = bounded && (high[j] < range.low + margin || low[j] > range.high - margin);
      if (constant || saturated) units.push_back(static_cast<Index>(j));
    }
    return units;
  }
};

/// Whether a layer is A = (A0 − center)·scale + offset, as Normalization is.
template <class L>
inline constexpr bool is_affine = requires(const L& layer) {
  layer.center()(Index{0});
  layer.scale()(Index{0});
  layer.offset()(Index{0});
};

/// The range of the last layer, as far as layers bound it.
template <class Scalar, class Layers>
OutputRange range_of_outputs(const Layers& layers) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  OutputRange range;
  range.set(layers.inputs(), -infinity, infinity, "", 0);
  layers.for_each([&](const auto& layer, std::size_t l) {
    using Kind = std::remove_cvref_t<decltype(layer)>;
    constexpr std::string_view name = name_of<Kind>();
    if constexpr (requires { layer.activation(); }) {
      const std::string_view activation = activation_name(layer.activation());
      if (name == "Activate" && activation == "identity") return;
      const Interval of_g = range_of<Scalar>(layer.activation());
      range.set(layer.outputs(), of_g.low, of_g.high, activation, l);
    } else if constexpr (is_affine<Kind>) {
      // A = (A0 − center)·scale + offset
      for (std::size_t j = 0; j < range.low.size(); ++j) {
        const auto column = static_cast<Index>(j);
        const double center = layer.center()(column), scale = layer.scale()(column),
                     offset = layer.offset()(column);
        const double a = (range.low[j] - center) * scale + offset,
                     b = (range.high[j] - center) * scale + offset;
        range.low[j] = std::min(a, b);
        range.high[j] = std::max(a, b);
      }
    } else if constexpr (name == "Softmax") {
      range.set(layer.outputs(), 0, 1, name, l);
    } else if constexpr (name != "Dropout") {
      range.set(layer.outputs(), -infinity, infinity, name, l);
    }
  });
  return range;
}

/// What the network does with the columns of X before the first layer that has parameters.
struct InputScaling {
  std::vector<double> scale, shift;  ///< x·scale + shift
  bool batch_norm = false;
  bool normalization = false;
};

template <class Layers>
InputScaling scaling_of_inputs(const Layers& layers) {
  InputScaling scaling;
  scaling.scale.assign(static_cast<std::size_t>(layers.inputs()), 1);
  scaling.shift.assign(static_cast<std::size_t>(layers.inputs()), 0);
  bool first = true;
  layers.for_each([&](const auto& layer, std::size_t) {
    using Kind = std::remove_cvref_t<decltype(layer)>;
    if (!first) return;
    if constexpr (is_affine<Kind>) {
      scaling.normalization = true;
      for (std::size_t j = 0; j < scaling.scale.size(); ++j) {
        const auto column = static_cast<Index>(j);
        scaling.shift[j] =
            (scaling.shift[j] - layer.center()(column)) * layer.scale()(column) + layer.offset()(column);
        scaling.scale[j] *= layer.scale()(column);
      }
    } else if constexpr (name_of<Kind>() == "BatchNorm") {
      scaling.batch_norm = true;
      first = false;
    } else if constexpr (name_of<Kind>() != "Dropout") {
      first = false;
    }
  });
  return scaling;
}

/// What is said of the columns of X.
template <class Scalar>
void diagnose_inputs(const MatrixView<Scalar>& X, const InputScaling& scaling,
                     std::vector<Warning>& warnings) {
  // Pixels and one-hot columns: many columns, of which some are rarely, or never, other than 0.
  constexpr Index wide = 64;
  constexpr Index least_rows = 4;  // fewer say little of a spread
  const RowSample sample{X.rows};
  const Index m = sample.size();
  if (m < least_rows) return;
  Listing unscaled, constant, wild;
  Eigen::ArrayXd x(m);
  double largest_of_all = 0;
  for (Index j = 0; j < X.columns; ++j) {
    for (Index i = 0; i < m; ++i) x(i) = static_cast<double>(X(sample.row(i), j));
    const double least = x.minCoeff(), most = x.maxCoeff();
    largest_of_all = std::max({largest_of_all, std::abs(least), std::abs(most)});
    if (least == most) {
      bool same = true;
      for (Index i = 0; i < X.rows && same; ++i) same = X(i, j) == X(0, j);
      if (same && !(X.columns >= wide && least == 0)) constant.add(message({j, " (all ", least, ")"}));
      continue;
    }

    // Farther from the median than 100 times the middle half of the values is wide: 67 standard deviations of a normal
    // distribution. When half of the values are one, a middle half says nothing.
    if (X.columns < wide) {
      Eigen::ArrayXd sorted = x;
      const auto quantile = [&](Index position) {
        std::nth_element(sorted.data(), sorted.data() + position, sorted.data() + m);
        return sorted(position);
      };
      const double low = quantile(m / 4), median = quantile(m / 2), high = quantile(m - 1 - m / 4);
      const double farthest = most - median > median - least ? most : least;
      if (m >= 16 && high > low && std::abs(farthest - median) > 100 * (high - low)) {
        Index row = 0;
        while (x(row) != farthest) ++row;
        wild.add(message({farthest, " at row ", sample.row(row), ", column ", j, " (median ", median, ")"}));
        continue;
      }
    }

    if (scaling.batch_norm) continue;
    const auto column = static_cast<std::size_t>(j);
    const double a = scaling.scale[column], b = scaling.shift[column];
    const double mean = x.mean() * a + b, deviation = std::sqrt((x - x.mean()).square().mean()) * std::abs(a);
    const double magnitude = std::sqrt(mean * mean + deviation * deviation);
    const double end = std::max(std::abs(least * a + b), std::abs(most * a + b));
    const bool large = magnitude > 10;
    const bool small = end < 0.05 && X.columns < wide;
    const bool narrow = (most - least) * std::abs(a) < 0.1 * end && X.columns < wide;
    if (large || small || narrow)
      unscaled.add(message({j, " (mean ", mean, ", standard deviation ", deviation, ")"}));
  }
  if (constant.count() > 0)
    warn(warnings, WarningKind::constant_inputs,
         {"X: ", constant.count(), constant.count() == 1 ? " column is" : " columns are",
          " the same in every row and tell the network nothing: ", constant.text(), ". Leave ",
          constant.count() == 1 ? "it" : "them", " out"});
  if (wild.count() > 0)
    warn(
        warnings, WarningKind::outliers,
        {"X: values far from all others of their column: ", wild.text(),
         ". Check the data for codes of missing values and errors of units, and correct or drop these rows"});
  const bool tiny =
      X.columns >= wide && !scaling.batch_norm && !scaling.normalization && largest_of_all < 0.05;
  if (unscaled.count() > 0 || tiny)
    warn(warnings, WarningKind::unscaled_inputs,
         {"X", scaling.normalization ? " after the network's Normalization" : "", ": ",
          tiny ? "no number is above " + number(largest_of_all)
               : number(unscaled.count()) + (unscaled.count() == 1 ? " column is" : " columns are") +
                     " far from mean 0 and standard deviation 1: " + unscaled.text(),
          ", which makes training slow or diverge. ",
          scaling.normalization
              ? "Fit the layer to these data with Normalization::standardize(X)"
              : "Put Normalization::standardize(X) first in the network, or scale X with a StandardScaler"});
}

/// What is said of how many samples each class has.
template <class Counts>
void diagnose_classes(const Counts& counts, bool weighted, bool binary, std::vector<Warning>& warnings) {
  const auto classes = static_cast<Index>(counts.size());
  Index total = 0, present = 0, rarest = -1, commonest = 0;
  Listing missing;
  for (Index c = 0; c < classes; ++c) {
    const Index n = counts[static_cast<std::size_t>(c)];
    total += n;
    if (n == 0) {
      missing.add(number(c));
      continue;
    }
    ++present;
    if (rarest < 0 || n < counts[static_cast<std::size_t>(rarest)]) rarest = c;
    if (n > counts[static_cast<std::size_t>(commonest)]) commonest = c;
  }
  if (classes < 2 || total < 2) return;
  if (present == 1) {
    warn(warnings, WarningKind::one_class,
         {"Y: all ", total, " samples are of class ", commonest, " of ", classes,
          ": there is nothing to tell apart. Check how the labels were read, and that the data is not a "
          "sorted part"});
    return;
  }
  if (missing.count() == 1 && counts[0] == 0) {
    warn(warnings, WarningKind::labels_from_one,
         {"Y: the labels are from 1 to ", classes - 1,
          ", class 0 has no sample: they seem to be counted from 1. "
          "Subtract 1 from them and give the network ",
          classes - 1, " outputs"});
  } else if (missing.count() > 0 && total >= 10 * classes) {  // a few samples need not show every class
    warn(warnings, WarningKind::missing_classes,
         {"Y: ", missing.count(), " of ", classes, " classes ", missing.count() == 1 ? "has" : "have",
          " no sample: ", missing.text(), ". Check the labels, or give the network fewer outputs"});
  }
  const Index least = counts[static_cast<std::size_t>(rarest)],
              most = counts[static_cast<std::size_t>(commonest)];
  if (!weighted && total >= 100 && most > 20 * least)
    warn(warnings, WarningKind::imbalanced_classes,
         {"Y: class ", rarest, " has ", least, " of ", total, " samples, class ", commonest, " ", most,
          ": the network may never give the rare one. ",
          binary ? "Set BinaryCrossEntropy's positive_weight (or negative_weight) to the ratio of the classes"
                 : "Set SoftmaxCrossEntropy's class_weights to balanced_class_weights(labels, classes)",
          ", and look at more than accuracy"});
}

/// Least, largest, and what else of the targets is asked for.
struct TargetSummary {
  std::vector<double> low, high;  ///< of each column
  std::vector<Index> counts;      ///< of each class, when there are labels or one-hot rows
  double square = 0;              ///< mean of y²
  bool binary = true;             ///< all are 0 or 1
  bool sums_to_one = true;        ///< all rows
  Index bad_row = 0;              ///< the first that does not
  double bad_sum = 1;
};

template <class Scalar>
TargetSummary summary_of(const MatrixView<Scalar>& Y) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const RowSample sample{Y.rows};
  const auto columns = static_cast<std::size_t>(Y.columns);
  TargetSummary summary;
  summary.low.assign(columns, infinity);
  summary.high.assign(columns, -infinity);
  summary.counts.assign(std::max<std::size_t>(columns, 2), 0);
  for (Index i = 0; i < sample.size(); ++i) {
    const Index row = sample.row(i);
    double sum = 0, largest = -infinity;
    std::size_t at = 0;
    for (std::size_t j = 0; j < columns; ++j) {
      const auto y = static_cast<double>(Y(row, static_cast<Index>(j)));
      summary.low[j] = std::min(summary.low[j], y);
      summary.high[j] = std::max(summary.high[j], y);
      summary.binary = summary.binary && (y == 0 || y == 1);
      summary.square += y * y;
      sum += y;
      if (y > largest) {
        largest = y;
        at = j;
      }
    }
    ++summary.counts[columns == 1 ? (largest >= 0.5 ? 1 : 0) : at];
    if (summary.sums_to_one && std::abs(sum - 1) > 1e-3) {
      summary.sums_to_one = false;
      summary.bad_row = row;
      summary.bad_sum = sum;
    }
  }
  summary.square /= static_cast<double>(std::max<Index>(sample.size() * Y.columns, 1));
  return summary;
}

/// How a loss looks at the outputs.
enum class OutputMeaning {
  unknown,    ///< a user's loss
  values,     ///< compared with the targets themselves
  logits,     ///< of probabilities
  log_rates,  ///< logarithms of what the targets are
};

template <class Loss>
OutputMeaning meaning_of_outputs([[maybe_unused]] const Loss& loss) {
  if constexpr (std::is_same_v<Loss, SoftmaxCrossEntropy> || std::is_same_v<Loss, BinaryCrossEntropy>)
    return OutputMeaning::logits;
  if constexpr (std::is_same_v<Loss, PoissonNLL>)
    return loss.log_input ? OutputMeaning::log_rates : OutputMeaning::values;
  constexpr bool values = std::is_same_v<Loss, MeanSquaredError> || std::is_same_v<Loss, MeanAbsoluteError> ||
                          std::is_same_v<Loss, Huber> || std::is_same_v<Loss, LogCosh> ||
                          std::is_same_v<Loss, Quantile> || std::is_same_v<Loss, GaussianNLL>;
  return values ? OutputMeaning::values : OutputMeaning::unknown;
}

/// What is said of the targets of a regression, and of a last layer that cannot reach them.
inline void diagnose_values(const TargetSummary& Y, Index rows, const OutputRange& range, bool scaled_outputs,
                            std::string_view loss, std::vector<Warning>& warnings) {
  const auto columns = Y.low.size();
  Listing constant, outside;
  for (std::size_t j = 0; j < columns; ++j) {
    if (Y.low[j] == Y.high[j]) constant.add(message({j, " (all ", Y.low[j], ")"}));
    const double tolerance = 1e-3 * std::max(1.0, Y.high[j] - Y.low[j]);
    if (Y.low[j] < range.low[j] - tolerance || Y.high[j] > range.high[j] + tolerance)
      outside.add(message({"column ", j, " has targets from ", Y.low[j], " to ", Y.high[j],
                           ", the layer gives ", range.low[j], " to ", range.high[j]}));
  }
  if (constant.count() > 0 && rows >= 4)
    warn(warnings, WarningKind::constant_targets,
         {"Y: ", constant.count(), constant.count() == 1 ? " column is" : " columns are",
          " the same in every row, there is nothing to learn: ", constant.text(), ". Check how Y was read"});
  const bool binary = Y.binary && static_cast<std::size_t>(constant.count()) < columns && rows >= 4 &&
                      (loss == "mse" || loss == "mae" || loss == "huber" || loss == "log_cosh");
  if (binary) {
    const bool one_hot = columns > 1 && Y.sums_to_one;
    warn(warnings, WarningKind::binary_targets,
         {"Y: all targets are 0 or 1, which are classes, but the loss is ", loss, ". Use ",
          one_hot ? "SoftmaxCrossEntropy" : "BinaryCrossEntropy",
          " with a last layer without activation: its gradient does not vanish where the network is surely "
          "wrong"});
  }
  if (outside.count() > 0)
    warn(warnings, WarningKind::unreachable_targets,
         {"network: the last layer cannot reach the targets. Behind layer ", range.layer, " (",
          range.bounded_by, "), ", outside.text(),
          ". Use a last layer without activation, or scale the targets into its range"});
  if (!scaled_outputs && outside.count() == 0 && Y.square > 1e4)
    warn(warnings, WarningKind::unscaled_targets,
         {"Y: the targets are large, of root mean square ", std::sqrt(Y.square),
          ", and so will be the gradients. Scale Y with a StandardScaler, or put "
          "Normalization::standardize(Y).inverse() "
          "last in the network"});
}

/// What is said of a last layer before a loss on logits or logarithms, which may be any number.
inline void diagnose_logits(const OutputRange& range, std::string_view loss, OutputMeaning meaning,
                            std::vector<Warning>& warnings) {
  const double low = range.low.front(), high = range.high.front();
  if (low < -15 && high > 15) return;
  const char* const already = range.bounded_by == "Softmax" || range.bounded_by == "sigmoid"
                                  ? "a probability, which the loss would make of it once more"
                                  : "which cannot give every probability, or has no gradient at its ends";
  warn(warnings, WarningKind::not_logits,
       {"network: ", loss, meaning == OutputMeaning::logits ? " takes logits" : " takes logarithms",
        ", which may be any number, but layer ", range.layer, " (", range.bounded_by, ") gives numbers from ",
        low, " to ", high, ", ",
        meaning == OutputMeaning::logits ? already : "so that not every rate can be given",
        ". Leave it out while training; predicted probabilities are softmax or sigmoid of the output"});
}

template <class Loss>
bool weighs_classes([[maybe_unused]] const Loss& loss) {
  if constexpr (requires { loss.class_weights.empty(); }) return !loss.class_weights.empty();
  if constexpr (requires { loss.positive_weight[0]; })
    return loss.positive_weight[0] != loss.negative_weight[0];
  return false;
}

/// Whether the last layer is a Normalization, which takes the outputs to the units of the targets.
template <class Layers>
bool scales_outputs(const Layers& layers) {
  bool scales = false;
  layers.for_each(
      [&](const auto& layer, std::size_t) { scales = is_affine<std::remove_cvref_t<decltype(layer)>>; });
  return scales;
}

template <class Scalar, class Loss>
void diagnose_targets(const DataView<Scalar>& data, const Loss& loss, const OutputRange& range,
                      bool scaled_outputs, std::vector<Warning>& warnings) {
  constexpr std::string_view name = name_of<Loss>();
  const auto outputs = static_cast<Index>(range.low.size());
  const OutputMeaning meaning = meaning_of_outputs(loss);
  const bool softmax = std::is_same_v<Loss, SoftmaxCrossEntropy>;
  if (meaning == OutputMeaning::logits || meaning == OutputMeaning::log_rates)
    diagnose_logits(range, name, meaning, warnings);
  if (softmax && outputs == 1)
    warn(warnings, WarningKind::single_output_softmax,
         {"network: the softmax of one output is always 1, and its loss 0. Use BinaryCrossEntropy, or one "
          "output for "
          "each class"});

  const bool weighted = data.has_weights() || weighs_classes(loss);
  if (data.has_labels()) {
    if constexpr (requires { Loss::classes(outputs); }) {
      std::vector<Index> counts(static_cast<std::size_t>(Loss::classes(outputs)), 0);
      for (Index i = 0; i < data.labels.size; ++i) ++counts[static_cast<std::size_t>(data.labels[i])];
      diagnose_classes(counts, weighted, outputs == 1, warnings);
    }
    return;
  }
  const TargetSummary Y = summary_of(data.Y);
  if (softmax && outputs > 1 && !Y.sums_to_one)
    warn(warnings, WarningKind::not_a_distribution,
         {"Y: ", name, " takes rows that sum to 1, such as one-hot rows; row ", Y.bad_row, " sums to ",
          Y.bad_sum,
          ". Correct the rows; if a sample may have several classes, or none, use BinaryCrossEntropy"});
  const bool one_hot =
      Y.binary && (softmax ? outputs > 1 && Y.sums_to_one : meaning == OutputMeaning::logits && outputs == 1);
  if (one_hot) diagnose_classes(Y.counts, weighted, outputs == 1, warnings);
  if (meaning == OutputMeaning::values)
    diagnose_values(Y, data.rows(), range, scaled_outputs, name, warnings);
}

}  // namespace detail

/// What is likely to be wrong with the data, the loss or the last layer; empty when nothing is. See WarningKind for what is
/// looked for.
///
/// Columns of X are *unscaled* when their root mean square is above 10, when no number in them is above 0.05, or when they
/// vary by less than a tenth of their magnitude; all as the first layer that is not a Normalization sees them, and never
/// before BatchNorm. *Outliers* are farther from the median than 100 times the interquartile range. A class is *rare*
/// with a twentieth of the samples of the most frequent one, unless samples or classes have weights. With 64 columns or
/// more (pixels, one-hot columns), columns of zeros and small ones are usual and not reported.
///
/// For a DataView, what network.loss() would throw has been checked.
template <class Scalar, class... L, LossFunction<Scalar> Loss>
std::vector<Warning> diagnose(const Network<Scalar, L...>& network, const DataView<Scalar>& data,
                              const Loss& loss) {
  std::vector<Warning> warnings;
  const auto& layers = network.layers();
  detail::diagnose_inputs(data.X, detail::scaling_of_inputs(layers), warnings);
  detail::diagnose_targets(data, loss, detail::range_of_outputs<Scalar>(layers),
                           detail::scales_outputs(layers), warnings);
  return warnings;
}
/// The same for X, m×inputs(), and Y as for fit: numbers, labels, or either with weights.
/// @throws ShapeError, DataError, OptionError as Network::loss.
template <class Scalar, class... L, EigenDense DX, Targets TY, LossFunction<Scalar> Loss>
std::vector<Warning> diagnose(const Network<Scalar, L...>& network, const DX& X, const TY& Y,
                              const Loss& loss) {
  return detail::with_data<Scalar, Loss>(X, Y, [&](const DataView<Scalar>& data) {
    detail::check_data(data, loss, network.inputs(), network.outputs());
    return diagnose(network, data, loss);
  });
}

/// For each layer with an activation, the units whose output is the same for all rows (ReLU that never is on, weights that
/// are all 0), or within a thousandth of one end of the activation's range (saturated sigmoid and tanh): they pass on no
/// gradient. Layers without such units are left out. Evaluated in evaluation mode, at most diagnostic_rows rows.
/// @throws ShapeError, DataError as Network::predict.
template <class Scalar, class... L, EigenDense DX>
std::vector<DeadUnits> dead_units(const Network<Scalar, L...>& network, const DX& X) {
  decltype(auto) in_memory_X = in_memory(X);
  DataView<Scalar> data;
  data.X = view<Scalar>(in_memory_X);
  detail::check_inputs(data.X, network.inputs());
  detail::check_finite(data.X);
  return dead_units(network, data);
}
/// The same for the X of data that have been checked.
template <class Scalar, class... L>
std::vector<DeadUnits> dead_units(const Network<Scalar, L...>& network, const DataView<Scalar>& data) {
  const auto& layers = network.layers();
  const detail::RowSample sample{data.rows()};
  std::vector<Index> chosen(static_cast<std::size_t>(sample.size()));
  for (std::size_t i = 0; i < chosen.size(); ++i) chosen[i] = sample.row(static_cast<Index>(i));
  const Batch<Scalar> batch(data, 0, sample.size(), chosen.data());

  std::vector<detail::Extremes> extremes(layers.size());
  auto workspace = network.workspace();
  const Index rows = workspace.prepare(layers, batch.count, Mode::evaluation);
  engine::Memory<Scalar>& memory = workspace;
  for (Index begin = 0; begin < batch.count; begin += rows) {
    const Index t = std::min(rows, batch.count - begin);
    engine::read_inputs(memory, batch, begin, t);
    engine::forward(memory, network.parameters().data(), t, engine::for_tiles(memory, Pass{}));
    for (std::size_t l = 0; l < extremes.size(); ++l) extremes[l].widen(memory.output(l, t));
  }

  std::vector<DeadUnits> dead;
  layers.for_each([&](const auto& layer, std::size_t l) {
    if constexpr (requires { layer.activation(); }) {
      if (batch.count < 2) return;
      auto units = extremes[l].dead(detail::range_of<Scalar>(layer.activation()));
      if (!units.empty())
        dead.push_back({l, std::string(detail::activation_name(layer.activation())), layer.outputs(),
                        batch.count, std::move(units)});
    }
  });
  return dead;
}

/// Warnings for layers more than a tenth of whose units are dead; a few are usual.
inline std::vector<Warning> diagnose(const std::vector<DeadUnits>& dead) {
  std::vector<Warning> warnings;
  for (const DeadUnits& of : dead) {
    const auto count = static_cast<Index>(of.units.size());
    if (10 * count <= of.outputs) continue;
    detail::Listing which;
    for (const Index unit : of.units) which.add(detail::number(unit));
    detail::warn(
        warnings, WarningKind::dead_units,
        {"layer ", of.layer, " (", of.activation, "): ", count, " of ", of.outputs,
         " units give the same output for all ", of.rows, " rows and no longer learn: ", which.text(),
         ". A lower learning_rate, scaled inputs, or LeakyReLU instead of ReLU, help; so may initialize() "
         "with another seed"});
  }
  return warnings;
}

/// Writes a line for each warning; nothing when there are none.
inline void report(std::ostream& to, const std::vector<Warning>& warnings) {
  for (const Warning& warning : warnings) to << "lamina: warning: " + warning.message + '\n';
  to.flush();
}

}  // namespace lamina
