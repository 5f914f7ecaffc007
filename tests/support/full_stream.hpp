#pragma once

#include <ostream>
#include <streambuf>

namespace files {

/// A stream that takes nothing and throws for it.
class FullStream : private std::streambuf, public std::ostream {
 public:
  FullStream() : std::ostream(this) { exceptions(std::ios::failbit | std::ios::badbit); }
};

}  // namespace files
