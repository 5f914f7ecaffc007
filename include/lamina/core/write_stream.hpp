// Part of Lamina, https://github.com/lamina-cpp/lamina. MIT licence, see LICENSE.
#pragma once

#include <ostream>
#include <string_view>

#include "lamina/core/errors.hpp"

namespace lamina::detail {

/// write(put), where put(text) writes to the stream, and then all that the stream holds back, whatever its exceptions() say.
/// @throws FileError, which begins with `what`, when it takes no more.
template <class Write>
void write_stream(std::ostream& stream, std::string_view what, const Write& write) {
  try {
    write(
        [&](std::string_view text) { stream.write(text.data(), static_cast<std::streamsize>(text.size())); });
    stream.flush();
  } catch (const std::ios_base::failure&) {  // the state says so, too
  }
  if (!stream) fail<FileError>({what, ": the stream cannot be written"});
}

/// The same for one text.
inline void write_text(std::ostream& stream, std::string_view what, std::string_view text) {
  write_stream(stream, what, [&](const auto& put) { put(text); });
}

}  // namespace lamina::detail
