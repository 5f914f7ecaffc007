// Compressed data in a program that does not link lamina::zlib: a clear error.

#include <cstddef>
#include <iostream>
#include <lamina/data/idx.hpp>
#include <string>
#include <vector>

#ifdef LAMINA_WITH_ZLIB
#error "this program must be built without zlib"
#endif

int main() {
  const std::vector<std::byte> bytes{std::byte{0x1f}, std::byte{0x8b}, std::byte{8}, std::byte{0}};
  try {
    lamina::read_idx(bytes, "images.gz");
  } catch (const lamina::FormatError& error) {
    const std::string text = error.what();
    if (text.find("images.gz: is compressed") == 0 && text.find("lamina::zlib") != std::string::npos)
      return 0;
    std::cerr << "another message: " << text << '\n';
    return 1;
  }
  std::cerr << "no error\n";
  return 1;
}
