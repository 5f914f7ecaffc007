#pragma once

#include <cstdint>

#include "lamina/training/fit.hpp"

namespace problems {

/// Options of a fit that draws no progress bar.
inline lamina::FitOptions quiet(lamina::Index epochs, lamina::Index batch_size = lamina::full_batch,
                                std::uint64_t seed = 0) {
  return {.epochs = epochs, .batch_size = batch_size, .seed = seed, .progress = lamina::Progress::never};
}

}  // namespace problems
