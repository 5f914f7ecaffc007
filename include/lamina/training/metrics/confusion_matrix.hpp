// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "lamina/training/metrics/arguments.hpp"

namespace lamina {

/// How the values of the classes become one number.
enum class Average {
  macro,     ///< their mean
  micro,     ///< the ratio of the sums over all classes
  weighted,  ///< their mean weighted by the number of samples of each class
};

/// How many samples of each class were taken for which. Every 0/0, such as the precision of a class that was never
/// predicted, counts as 0, as in scikit-learn.
class ConfusionMatrix {
 public:
  /// @param predicted  m classes, see predicted_classes
  /// @param labels     m labels, or weighted(labels, s): then the counts are sums of weights
  /// @param classes    both are from 0 to classes − 1
  /// @throws OptionError when classes < 1; ShapeError when the numbers differ; DataError when there are none, one is out
  ///         of range, or for bad weights.
  template <Labels Predicted, ClassLabels TY>
  ConfusionMatrix(const Predicted& predicted, const TY& labels, Index classes) {
    if (classes < 1) detail::fail<OptionError>({"classes: expected at least 1, got ", classes});
    const auto y = detail::labels_of(labels, classes);
    const auto p = detail::labels_of(predicted, classes, "predicted");
    detail::check_rows(p.size(), y.size(), "predictions");
    counts_.setZero(classes, classes);
    for (Index i = 0; i < y.size(); ++i) counts_(y[i], p[i]) += y.weight(i);
    for (Index j = 0; j < classes; ++j) names_.push_back(detail::number(j));
  }
  /// The same with a name for each class, to be printed.
  template <Labels Predicted, ClassLabels TY>
  ConfusionMatrix(const Predicted& predicted, const TY& labels, std::vector<std::string> names)
      : ConfusionMatrix(predicted, labels, static_cast<Index>(names.size())) {
    names_ = std::move(names);
  }

  Index classes() const { return counts_.rows(); }
  const std::vector<std::string>& names() const { return names_; }
  /// classes×classes: (i, j) is how many of class i were taken for class j.
  const Eigen::MatrixXd& counts() const { return counts_; }
  double operator()(Index label, Index predicted) const { return counts_(label, predicted); }
  /// All samples.
  double total() const {
    return sum([&](Index k) { return support(k); });
  }
  /// The samples of each class.
  Eigen::VectorXd support() const {
    return of_classes([&](Index k) { return support(k); });
  }

  /// Of each class: of those taken for it, the share that is of it.
  Eigen::VectorXd precision() const {
    return of_classes([&](Index k) { return detail::ratio(counts_(k, k), predicted(k)); });
  }
  /// Of each class: of its samples, the share that was found.
  Eigen::VectorXd recall() const {
    return of_classes([&](Index k) { return detail::ratio(counts_(k, k), support(k)); });
  }
  /// Of each class: the harmonic mean of precision and recall, 2·hits / (samples + predicted).
  Eigen::VectorXd f1() const {
    return of_classes([&](Index k) { return detail::ratio(2 * counts_(k, k), support(k) + predicted(k)); });
  }
  double precision(Average average) const { return averaged(precision(), average); }
  double recall(Average average) const { return averaged(recall(), average); }
  double f1(Average average) const { return averaged(f1(), average); }

  /// The share of samples on the diagonal. Precision, recall and F1, averaged micro, are all the same.
  double accuracy() const { return hits() / total(); }
  /// The mean recall of the classes that have samples.
  double balanced_accuracy() const {
    const Eigen::VectorXd r = recall();
    return sum([&](Index k) { return r(k); }) / sum([&](Index k) { return support(k) > 0 ? 1.0 : 0.0; });
  }
  /// κ = (p₀ − pₑ) / (1 − pₑ), p₀ the accuracy and pₑ that of chance: (c·n − t·p) / (n² − t·p) of the numbers below.
  /// Cohen, A coefficient of agreement for nominal scales, Educational and Psychological Measurement 20(1), 1960.
  double cohen_kappa() const {
    const Shares s = shares();
    return detail::ratio(s.over_chance, apart(s.labels, s.predicted));
  }
  /// (c·n − t·p) / √((n² − p·p)(n² − t·t)), with c hits of n samples, and t and p the samples and the predictions of each
  /// class. Gorodkin, Comparing two K-category assignments by a K-category correlation coefficient, Computational
  /// Biology and Chemistry 28(5), 2004.
  double matthews_correlation() const {
    const Shares s = shares();
    return detail::ratio(s.over_chance,
                         std::sqrt(apart(s.predicted, s.predicted)) * std::sqrt(apart(s.labels, s.labels)));
  }

  /// The matrix, labels down and predictions across, and the values of each class. Names that are too wide for the top
  /// are replaced by the classes' numbers there, and many classes are written in several parts.
  friend std::ostream& operator<<(std::ostream& out, const ConfusionMatrix& matrix) {
    return out << matrix.text();
  }

 private:
  template <class F>
  double sum(F f) const {
    double result = 0;
    for (Index k = 0; k < classes(); ++k) result += f(k);
    return result;
  }
  template <class F>
  Eigen::VectorXd of_classes(F f) const {
    Eigen::VectorXd result(classes());
    for (Index k = 0; k < classes(); ++k) result(k) = f(k);
    return result;
  }
  /// The samples of a class, those taken for it, and all that are on the diagonal.
  double support(Index k) const {
    return sum([&](Index j) { return counts_(k, j); });
  }
  double predicted(Index k) const {
    return sum([&](Index i) { return counts_(i, k); });
  }
  double hits() const {
    return sum([&](Index k) { return counts_(k, k); });
  }

  /// The samples of each class and those taken for it, divided by the power of two above all samples, so that no square
  /// of them overflows or vanishes; and c·n − t·p of them.
  struct Shares {
    Eigen::VectorXd labels, predicted;
    double over_chance;
  };
  Shares shares() const {
    int exponent = 0;
    const double n = std::frexp(total(), &exponent);
    const auto share = [&](double count) { return std::ldexp(count, -exponent); };
    Shares s{of_classes([&](Index k) { return share(support(k)); }),
             of_classes([&](Index k) { return share(predicted(k)); }), 0};
    s.over_chance = share(hits()) * n - sum([&](Index k) { return s.labels(k) * s.predicted(k); });
    return s;
  }
  /// Σᵢ aᵢ·Σⱼ bⱼ − Σₖ aₖ·bₖ as the sum of its aᵢ·bⱼ, i ≠ j: nothing is subtracted, so that 0 is exactly 0.
  double apart(const Eigen::VectorXd& a, const Eigen::VectorXd& b) const {
    return sum([&](Index i) { return sum([&](Index j) { return i == j ? 0.0 : a(i) * b(j); }); });
  }

  double averaged(const Eigen::VectorXd& values, Average average) const {
    if (average == Average::macro)
      return sum([&](Index k) { return values(k); }) / static_cast<double>(classes());
    if (average == Average::micro) return accuracy();
    return sum([&](Index k) { return values(k) * support(k); }) / total();
  }

  /// A number with at most `decimals` decimals if it is whole, else with so many.
  LAMINA_COLD static std::string digits(double x, int decimals) {
    char text[400];
    const bool whole = x == std::floor(x) && decimals < 3;
    return {text,
            std::to_chars(text, text + sizeof text, x, std::chars_format::fixed, whole ? 0 : decimals).ptr};
  }
  /// The characters of a text in UTF-8.
  LAMINA_COLD static std::size_t width(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
  }
  LAMINA_COLD static void right(std::string& to, const std::string& text, std::size_t columns) {
    to.append(columns > width(text) ? columns - width(text) : 0, ' ');
    to += text;
  }
  LAMINA_COLD static void left(std::string& to, const std::string& text, std::size_t columns) {
    to += text;
    to.append(columns > width(text) ? columns - width(text) : 0, ' ');
  }
  LAMINA_COLD static void end_line(std::string& to) {
    to.erase(to.find_last_not_of(' ') + 1);
    to += '\n';
  }

  LAMINA_COLD std::string text() const {
    constexpr std::size_t line = 100, widest_heading = 12;
    std::size_t name = 0, cell = 1;
    for (const std::string& n : names_) name = std::max(name, width(n));
    for (Index j = 0; j < counts_.size(); ++j) cell = std::max(cell, width(digits(counts_.data()[j], 2)));
    // Names across when they are short, else numbers; then they are also before the names below.
    const bool numbers = name > std::max(cell, widest_heading);
    std::vector<std::string> across, down = names_;
    for (std::size_t j = 0; j < names_.size(); ++j) {
      across.push_back(numbers ? detail::number(j) : names_[j]);
      if (numbers) down[j] = detail::number(j) + "  " + names_[j];
      cell = std::max(cell, width(across[j]));
    }
    const std::string corner = "label \\ predicted";
    std::size_t first = std::max(width(corner), std::size_t{12});
    for (const std::string& d : down) first = std::max(first, width(d));

    std::string result;
    const std::size_t part = std::max<std::size_t>(1, (line - std::min(line, first)) / (cell + 2));
    for (std::size_t begin = 0; begin < names_.size(); begin += part) {
      const std::size_t end = std::min(names_.size(), begin + part);
      left(result, corner, first);
      for (std::size_t j = begin; j < end; ++j) right(result, across[j], cell + 2);
      end_line(result);
      for (std::size_t i = 0; i < names_.size(); ++i) {
        left(result, down[i], first);
        for (std::size_t j = begin; j < end; ++j)
          right(result, digits(counts_(static_cast<Index>(i), static_cast<Index>(j)), 2), cell + 2);
        end_line(result);
      }
      result += '\n';
    }

    constexpr std::size_t column = 11;
    left(result, "", first);
    for (const char* heading : {"precision", "recall", "F1", "samples"}) right(result, heading, column);
    end_line(result);
    const auto row = [&](const std::string& of, double p, double r, double f, double samples) {
      left(result, of, first);
      for (const double value : {p, r, f}) right(result, digits(value, 3), column);
      right(result, digits(samples, 2), column);
      end_line(result);
    };
    const Eigen::VectorXd p = precision(), r = recall(), f = f1(), s = support();
    for (Index j = 0; j < classes(); ++j) row(down[static_cast<std::size_t>(j)], p(j), r(j), f(j), s(j));
    row("macro", precision(Average::macro), recall(Average::macro), f1(Average::macro), total());
    row("weighted", precision(Average::weighted), recall(Average::weighted), f1(Average::weighted), total());
    left(result, "accuracy", first);
    right(result, "", 2 * column);
    right(result, digits(accuracy(), 3), column);
    right(result, digits(total(), 2), column);
    end_line(result);
    return result;
  }

  Eigen::MatrixXd counts_;
  std::vector<std::string> names_;
};

}  // namespace lamina
