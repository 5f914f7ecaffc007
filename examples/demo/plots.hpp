#pragma once

#include <cstdio>
#include <lamina/lamina.hpp>
#include <utility>

#include "picture.hpp"
#include "spirals.hpp"

/// @file
/// The two halves of the demo's picture.

inline constexpr Colour ink{0.16, 0.18, 0.22}, faint{0.86, 0.87, 0.90}, paper{1, 1, 1};
inline constexpr Colour palette[classes] = {{0.00, 0.45, 0.70}, {0.90, 0.49, 0.05}, {0.05, 0.60, 0.42}};

/// A rectangle of a picture that shows x from x0 to x1 and y from y0 to y1.
struct Frame {
  double left, top, width, height;
  double x0, x1, y0, y1;

  double across(double x) const { return left + (x - x0) / (x1 - x0) * width; }
  double down(double y) const { return top + (y1 - y) / (y1 - y0) * height; }
};

inline void draw_frame(Picture& picture, const Frame& f) {
  picture.lines({{f.left, f.top},
                 {f.left + f.width, f.top},
                 {f.left + f.width, f.top + f.height},
                 {f.left, f.top + f.height},
                 {f.left, f.top}},
                1.2, mix(ink, paper, 0.4));
}

/// A number on an axis.
inline std::string short_number(double x) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%g", x);
  return digits;
}

/// The probabilities of the classes, as colours, with a line where the most likely one changes. `logits` gives the logits
/// for rows of points.
template <class Logits>
void draw_regions(Picture& picture, const Frame& f, Logits logits) {
  const int width = static_cast<int>(f.width), height = static_cast<int>(f.height);
  Eigen::MatrixXf points((width + 1) * (height + 1), 2);
  for (int v = 0; v <= height; ++v)
    for (int u = 0; u <= width; ++u)
      points.row(v * (width + 1) + u) << static_cast<float>(f.x0 + (f.x1 - f.x0) * u / width),
          static_cast<float>(f.y1 - (f.y1 - f.y0) * v / height);
  const Eigen::MatrixXf A = logits(points);

  for (int v = 0; v < height; ++v)
    for (int u = 0; u < width; ++u) {
      const auto here = A.row(v * (width + 1) + u), right = A.row(v * (width + 1) + u + 1),
                 below = A.row((v + 1) * (width + 1) + u);
      Eigen::Index first = 0;
      const float largest = here.maxCoeff(&first);
      const double sum = (here.array() - largest).exp().sum();

      // The distance, in pixels, to where another class becomes the most likely: to first order, gap / |its gradient|.
      Colour colour;
      double distance = 10;
      for (Eigen::Index k = 0; k < classes; ++k) {
        const double probability = std::exp(here(k) - largest) / sum;
        colour = colour + probability * mix(paper, palette[k], 0.42);
        if (k == first) continue;
        const auto gap = [&](const auto& a) { return static_cast<double>(a(first) - a(k)); };
        const double slope = std::hypot(gap(right) - gap(here), gap(below) - gap(here));
        distance = std::min(distance, gap(here) / std::max(slope, 1e-9));
      }
      const int x = static_cast<int>(f.left) + u, y = static_cast<int>(f.top) + v;
      picture.cover(x, y, colour, 1);
      picture.cover(x, y, paper, 0.9 * std::clamp(1.4 - distance, 0.0, 1.0));
    }
}

/// Points in the colours of their labels; those that are predicted wrongly have a dark ring.
inline void draw_samples(Picture& picture, const Frame& f, const Samples& samples,
                         const Eigen::VectorXi& predicted) {
  for (Eigen::Index i = 0; i < samples.X.rows(); ++i) {
    const double x = f.across(samples.X(i, 0)), y = f.down(samples.X(i, 1));
    const Colour colour = palette[samples.labels(i)];
    const bool right = predicted(i) == samples.labels(i);
    picture.disc(x, y, right ? 4.6 : 6.2, right ? paper : ink);
    picture.disc(x, y, right ? 3.4 : 4.0, mix(colour, ink, 0.12));
  }
}

/// Curves of positive numbers over 1, 2, 3, …, on a logarithmic scale.
inline void draw_curves(Picture& picture, Frame f,
                        const std::vector<std::pair<std::string, std::vector<double>>>& curves,
                        const std::vector<Colour>& colours) {
  double least = 1e300, most = 1e-300;
  std::size_t epochs = 2;
  for (const auto& [name, curve] : curves) {
    for (const double value : curve) {
      least = std::min(least, value);
      most = std::max(most, value);
    }
    epochs = std::max(epochs, curve.size());
  }
  const double margin = 0.06 * std::log10(most / least) + 0.02;
  f.x0 = 1;
  f.x1 = static_cast<double>(epochs);
  f.y0 = std::log10(least) - margin;
  f.y1 = std::log10(most) + margin;

  for (int decade = static_cast<int>(std::floor(f.y0)); decade <= static_cast<int>(f.y1); ++decade)
    for (const double digit : {1.0, 2.0, 5.0}) {
      const double value = digit * std::pow(10, decade), y = std::log10(value);
      if (y < f.y0 || y > f.y1) continue;
      picture.line(f.left, f.down(y), f.left + f.width, f.down(y), 1, faint);
      picture.text(f.left - 10, f.down(y), short_number(value), ink, 10, 1);
    }
  const double rough = f.x1 / 5, power = std::pow(10, std::floor(std::log10(rough)));
  const double step = std::max(1.0, power * (rough < 2 * power ? 1 : rough < 5 * power ? 2 : 5));
  for (double x = step; x <= f.x1; x += step) {
    picture.line(f.across(x), f.top, f.across(x), f.top + f.height, 1, faint);
    picture.text(f.across(x), f.top + f.height + 18, short_number(x), ink, 10, 0.5);
  }
  draw_frame(picture, f);

  for (std::size_t c = 0; c < curves.size(); ++c) {
    std::vector<std::array<double, 2>> points;
    for (std::size_t i = 0; i < curves[c].second.size(); ++i)
      points.push_back({f.across(static_cast<double>(i + 1)), f.down(std::log10(curves[c].second[i]))});
    picture.lines(points, 2.2, colours[c]);
    const double x = f.left + f.width - 152, y = f.top + 24 + 24 * static_cast<double>(c);
    picture.line(x, y, x + 26, y, 3, colours[c]);
    picture.text(x + 38, y, curves[c].first, ink);
  }
}
