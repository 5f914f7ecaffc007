#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <lamina/training/history.hpp>
#include <lamina/training/metrics/confusion_matrix.hpp>
#include <string>
#include <utility>
#include <vector>

#include "../demo/picture.hpp"
#include "../demo/plots.hpp"

/// @file
/// The picture: on the left how the loss went, on the right what came out.

/// The font has small letters only.
inline std::string small_letters(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

/// What the logarithmic axis can show.
inline std::vector<double> drawable(std::vector<double> values) {
  for (double& x : values) x = std::isfinite(x) ? std::clamp(x, 1e-12, 1e12) : 1e12;
  return values;
}

inline void draw_losses(Picture& picture, const lamina::History& history) {
  const Frame f{88, 64, 500, 552, 0, 1, 0, 1};
  picture.text(f.left + f.width / 2, 36, "loss after each epoch", ink, 13, 0.5);
  std::vector<std::pair<std::string, std::vector<double>>> curves{{"training", drawable(history.loss)}};
  if (!history.validation_loss.empty()) curves.emplace_back("validation", drawable(history.validation_loss));
  draw_curves(picture, f, curves, {palette[0], palette[1]});
}

/// Predicted numbers over the true ones, both of one target; right ones are on the diagonal.
inline void draw_scatter(Picture& picture, const Eigen::VectorXd& truth, const Eigen::VectorXd& predicted,
                         const std::string& title) {
  double least = std::min(truth.minCoeff(), predicted.minCoeff());
  double most = std::max(truth.maxCoeff(), predicted.maxCoeff());
  double margin = 0.04 * (most - least);
  if (!(margin > 0)) margin = std::max(1e-6, std::abs(most) * 1e-3);
  least -= margin;
  most += margin;
  const Frame f{688, 64, 520, 552, least, most, least, most};
  picture.text(f.left + f.width / 2, 36, small_letters(title), ink, 13, 0.5);

  const double rough = (most - least) / 5, power = std::pow(10, std::floor(std::log10(rough)));
  const double step = power * (rough < 2 * power ? 1 : rough < 5 * power ? 2 : 5);
  for (double k = std::ceil(least / step); k * step <= most; ++k) {
    const double at = k * step;
    picture.line(f.across(at), f.top, f.across(at), f.top + f.height, 1, faint);
    picture.line(f.left, f.down(at), f.left + f.width, f.down(at), 1, faint);
    picture.text(f.across(at), f.top + f.height + 18, short_number(at), ink, 10, 0.5);
    picture.text(f.left - 8, f.down(at), short_number(at), ink, 10, 1);
  }
  picture.line(f.across(least), f.down(least), f.across(most), f.down(most), 1.4, palette[1]);
  for (Eigen::Index i = 0; i < truth.size(); ++i)
    picture.disc(f.across(truth(i)), f.down(predicted(i)), 2.6, mix(palette[0], paper, 0.25));
  draw_frame(picture, f);
}

/// Which class was taken for which, as shades; numbers where there is room for them.
inline void draw_confusion(Picture& picture, const lamina::ConfusionMatrix& matrix) {
  const auto k = static_cast<int>(matrix.classes());
  const Frame f{760, 88, 440, 440, 0, static_cast<double>(k), 0, static_cast<double>(k)};
  picture.text(f.left + f.width / 2, 36, "true class down, predicted across", ink, 13, 0.5);
  const Eigen::VectorXd support = matrix.support();
  const auto name_of = [&](int j) {
    const std::string name = small_letters(matrix.names()[static_cast<std::size_t>(j)]);
    return name.size() > 7 ? name.substr(0, 6) + "." : name;
  };
  for (int v = 0; v < static_cast<int>(f.height); ++v)
    for (int u = 0; u < static_cast<int>(f.width); ++u) {
      const int i = v * k / static_cast<int>(f.height), j = u * k / static_cast<int>(f.width);
      const double part = support(i) > 0 ? matrix(i, j) / support(i) : 0;
      picture.cover(static_cast<int>(f.left) + u, static_cast<int>(f.top) + v,
                    mix(paper, palette[i == j ? 0 : 1], 0.85 * part), 1);
    }
  for (int i = 0; i < k && k <= 12; ++i) {
    picture.text(f.left - 8, f.down(k - i - 0.5), name_of(i), ink, 10, 1);
    picture.text(f.across(i + 0.5), f.top + f.height + 18, name_of(i), ink, 10, 0.5);
    for (int j = 0; j < k; ++j)
      picture.text(f.across(j + 0.5), f.down(k - i - 0.5), short_number(matrix(i, j)), ink, 10, 0.5);
  }
  draw_frame(picture, f);
}
