#pragma once

#include <cmath>
#include <cstdlib>
#include <iostream>
#include <lamina/lamina.hpp>
#include <string>

#include "plots.hpp"

#if defined(_WIN32)
#include <io.h>
#else
#include <unistd.h>
#endif

/// @file
/// The decision regions as text: coloured half blocks on a terminal, letters elsewhere.

inline bool standard_output_has_colours() {
#if defined(_WIN32)
  const bool terminal = _isatty(1) != 0;
#else
  const bool terminal = isatty(1) != 0;
#endif
  const char* kind = std::getenv("TERM");
  return terminal && !std::getenv("NO_COLOR") && kind && std::string(kind) != "dumb";
}

/// The nearest of the 216 colours of the cube that terminals have.
inline int terminal_colour(Colour c) {
  const auto level = [](double part) {
    return std::clamp(static_cast<int>(std::lround((255 * part - 55) / 40)), 0, 5);
  };
  return 16 + 36 * level(c.red) + 6 * level(c.green) + level(c.blue);
}

/// The centres of the cells of a grid of 2·rows × columns over x, y from −1.1 to 1.1, row by row from the top.
inline Eigen::MatrixXf terminal_grid(int columns, int rows) {
  Eigen::MatrixXf points(2 * rows * columns, 2);
  for (int v = 0; v < 2 * rows; ++v)
    for (int u = 0; u < columns; ++u)
      points.row(v * columns + u) << -1.1f +
                                         2.2f * (static_cast<float>(u) + 0.5f) / static_cast<float>(columns),
          1.1f - 2.2f * (static_cast<float>(v) + 0.5f) / static_cast<float>(2 * rows);
  return points;
}

/// The most likely class of every cell of the grid, with the samples on top; a row of text shows two rows of cells, in colours, or
/// every other one, in letters.
inline void draw_in_terminal(const Eigen::VectorXi& predicted, const Samples& samples, int columns,
                             int rows) {
  const bool colours = standard_output_has_colours();
  Eigen::MatrixXi seen = Eigen::MatrixXi::Constant(2 * rows, columns, -1);
  for (Eigen::Index i = 0; i < samples.X.rows(); ++i) {
    const int u = static_cast<int>(std::floor((samples.X(i, 0) + 1.1f) / 2.2f * static_cast<float>(columns)));
    const int v =
        static_cast<int>(std::floor((1.1f - samples.X(i, 1)) / 2.2f * static_cast<float>(2 * rows)));
    if (u >= 0 && u < columns && v >= 0 && v < 2 * rows) seen(v, u) = samples.labels(i);
  }
  std::string text;
  for (int v = 0; v < 2 * rows; v += 2) {
    text += "  ";
    for (int u = 0; u < columns; ++u) {
      const auto colour = [&](int row) {
        const int sample = seen(row, u);
        return terminal_colour(sample >= 0 ? palette[sample]
                                           : mix(paper, palette[predicted(row * columns + u)], 0.5));
      };
      if (colours) {
        text += "\033[38;5;" + std::to_string(colour(v)) + "m\033[48;5;" + std::to_string(colour(v + 1)) +
                "m\u2580";
      } else {
        const int sample = std::max(seen(v, u), seen(v + 1, u));
        text += sample >= 0 ? "XO#"[sample] : ".:-"[predicted(v * columns + u)];
      }
    }
    text += colours ? "\033[0m\n" : "\n";
  }
  std::cout << text;
}
